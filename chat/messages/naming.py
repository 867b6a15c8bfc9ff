"""What a session is called that was begun without a name: after its first prompt, and then as a model calls it."""

import re
from typing import Final

from django.db import transaction

from accounts.visible import without_unseen
from chat.models import Kind, Message, Room
from chat.presenter import present_room
from chat.protocol import wire
from chat.realtime.events import ephemeral, room_group
from chat.realtime.layer.publishing import publish_after_commit

NEW_SESSION: Final = "New session"
_NAME_CHARS: Final = 60
# A prompt may be as long as a message. Its name stands at its beginning: nothing beyond this is looked at.
_READ_CHARS: Final = 2_000
_LINE_CHARS: Final = 300
# The signs that begin a line in markdown: headings, quotes, lists.
_LINE_SIGNS: Final = re.compile(r"(?:#{1,6}|>|[-*+]|\d{1,3}[.)])\s+")
# Neither part may hold what could begin it, so that a search that fails has read each character once.
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS_SIGNS: Final = re.compile(r"\*+|_+|~+")
_EMPHASES: Final = frozenset({"*", "**", "***", "_", "__", "___", "~~"})
_FENCES: Final = ("```", "~~~")
_QUOTATION_MARKS: Final = "\"'“”„‘’‚«»「」『』"


def name_session(room: Room, name: str) -> None:
    """Give a session that has no name yet the one that its first prompt makes (`name_from`), once.

    Call it with the room locked, before the prompt is inserted. For every other room and message it is a look at two
    fields. A session that someone has renamed to "New session" keeps that name.
    """
    if not name or not room.is_session or room.name != NEW_SESSION:
        return
    if Message.objects.filter(room=room, kind__in=(Kind.TEXT, Kind.RENAME)).exists():
        return
    _rename(room, name)


@transaction.atomic
def take_title_turn(room_id: int) -> str | None:
    """Return the name of a session that wants a title, and see to it that no one else is told so; None for all others."""
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id, wants_title=True, archived_at=None).first()
    if room is None:
        return None
    room.wants_title = False
    room.save(update_fields=["wants_title"])
    # Named by a person meanwhile: theirs stays.
    return None if Message.objects.filter(room=room, kind=Kind.RENAME).exists() else room.name


@transaction.atomic
def give_title(room_id: int, before: str, title: str) -> bool:
    """Name a session, unless its name is another one by now or a person has chosen it. Tell its tabs."""
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id, name=before, archived_at=None).first()
    if room is None or Message.objects.filter(room=room, kind=Kind.RENAME).exists():
        return False
    _rename(room, title)
    return True


def title_from(said: str) -> str:
    """Return what a model wrote as a title: one line, and not too long."""
    return name_from(said.strip()).strip(_QUOTATION_MARKS).removesuffix(".").strip()


def _rename(room: Room, name: str) -> None:
    room.name = name
    room.save(update_fields=["name"])
    publish_after_commit(ephemeral(room_group(room.slug), "room_updated", wire.RoomFact(present_room(room))))


def name_from(prompt: str) -> str:
    """Return the first line of a prompt as a name, or "" when it has none: code alone names nothing."""
    for line in map(str.strip, prompt[:_READ_CHARS].splitlines()):
        if line.startswith(_FENCES):
            return ""
        name = _plain(line[:_LINE_CHARS])
        if any(char.isalnum() for char in name):
            return name if len(name) <= _NAME_CHARS else _cut(name)
    return ""


def _plain(line: str) -> str:
    signs = _LINE_SIGNS.match(line)
    line = _LINK.sub(r"\1", line[signs.end() :] if signs else line)
    line = _without_emphasis(line.replace("`", ""))
    return " ".join(without_unseen(line).split()).removeprefix("@claude").lstrip(" ,:")


def _without_emphasis(line: str) -> str:
    """Leave out the pairs of signs that stand around words: `2 * 3` and `snake_case` keep theirs."""
    opened: dict[str, tuple[int, int]] = {}
    needless: list[tuple[int, int]] = []
    for found in _EMPHASIS_SIGNS.finditer(line):
        sign, (start, end) = found.group(), found.span()
        if sign not in _EMPHASES:
            continue
        before, after = line[start - 1 : start], line[end : end + 1]
        if sign in opened and not before.isspace() and not _is_in_word(after):
            begun = opened[sign]
            needless += [begun, (start, end)]
            # What was opened between the two may not end outside them.
            opened = {each: span for each, span in opened.items() if span < begun}
        elif after and not after.isspace() and not _is_in_word(before):
            opened[sign] = (start, end)
    for start, end in sorted(needless, reverse=True):
        line = line[:start] + line[end:]
    return line


def _is_in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _cut(name: str) -> str:
    """Return the name's beginning, cut between two words where there are some."""
    head = name[: _NAME_CHARS - 1]
    words, _space, _rest = head.rpartition(" ")
    return f"{(words if len(words) > _NAME_CHARS // 2 else head).rstrip(' ,.:;')}…"
