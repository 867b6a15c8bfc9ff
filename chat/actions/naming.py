"""What a session is called that was begun without a name: after its first prompt."""

import re
from typing import Final

from chat.models import Kind, Message, Room
from chat.presenter import present_room
from chat.protocol import wire
from chat.realtime.events import ephemeral, room_group
from chat.realtime.publishing import publish_after_commit

NEW_SESSION: Final = "New session"
_NAME_CHARS: Final = 60
# Signs at the beginning of a line that only markdown means: headings, quotes, lists.
_LINE_SIGNS: Final = re.compile(r"^(?:#{1,6}|>|[-*+]|\d{1,3}[.)])\s+")
_EMPHASIS: Final = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_FENCES: Final = ("```", "~~~")


def name_session(room: Room, prompt: str) -> None:
    """Call a session after its first prompt, once. Call it with the room locked, before the prompt is inserted.

    For every other room and message it is a look at two fields. Whoever names a session "New session" on purpose has
    renamed it, and keeps the name.
    """
    if not room.is_session or room.name != NEW_SESSION:
        return
    if Message.objects.filter(room=room, kind__in=(Kind.TEXT, Kind.RENAME)).exists():
        return
    name = name_from(prompt)
    if not name:
        return
    room.name = name
    Room.objects.filter(pk=room.pk).update(name=name)
    publish_after_commit(ephemeral(room_group(room.slug), "room_updated", wire.RoomFact(present_room(room))))


def name_from(prompt: str) -> str:
    """Return the first line of a prompt as a name, or "" when it has none: code alone names nothing."""
    for line in prompt.splitlines():
        if line.lstrip().startswith(_FENCES):
            return ""
        name = _plain(line)
        if any(char.isalnum() for char in name):
            return name if len(name) <= _NAME_CHARS else _cut(name)
    return ""


def _plain(line: str) -> str:
    line = _LINK.sub(r"\1", _LINE_SIGNS.sub("", line.strip()))
    line = _EMPHASIS.sub(r"\2", line.replace("`", ""))
    line = "".join(char for char in line if char.isprintable())
    return " ".join(line.split()).removeprefix("@claude").lstrip(" ,:")


def _cut(name: str) -> str:
    """Return the name's beginning, cut between two words where there are some."""
    head = name[: _NAME_CHARS - 1]
    words, _space, _rest = head.rpartition(" ")
    return f"{(words if len(words) > _NAME_CHARS // 2 else head).rstrip(' ,.:;')}…"
