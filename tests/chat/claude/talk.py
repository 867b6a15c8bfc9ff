"""Rooms in which people have talked with Claude, made row by row: what an action would refuse may stand in them too."""

from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.claude import account
from accounts.models import User
from chat.models import Kind, Message, Reply, ReplyState, Room

MORNING = datetime(2026, 11, 23, 9, 50, tzinfo=UTC)


def says(author: User | None, room: Room, text: str, **facts: Any) -> Message:
    """Add a message at the room's end."""
    room.change += 1
    room.save(update_fields=["change"])
    at = MORNING + timedelta(minutes=room.change)
    row = {"seq": room.change, "change": room.change, "created_at": at, "kind": Kind.TEXT, **facts}
    return Message.objects.create(room=room, author=author, content=text, **row)


def asks(author: User, room: Room, text: str, **facts: Any) -> Reply:
    """Add a prompt and Claude's message, which waits; return its reply."""
    prompt = says(author, room, text)
    message = says(account(), room, "", version_count=1)
    message.shown = Reply.objects.create(
        message=message,
        room=room,
        prompt=prompt,
        prompt_content=text,
        change=message.change,
        requested_by=author,
        model="claude-sonnet-5-5",
        **facts,
    )
    message.save(update_fields=["shown"])
    return message.shown


def ends(reply: Reply, text: str, state: ReplyState = ReplyState.COMPLETE, **facts: Any) -> Reply:
    """End a reply."""
    for name, value in {"state": state, "text": text, **facts}.items():
        setattr(reply, name, value)
    reply.save()
    Message.objects.filter(pk=reply.message_id).update(content=text)
    reply.message.refresh_from_db()
    return reply


def texts(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the turns of a call as (role, text)."""
    return [(turn["role"], "".join(block["text"] for block in turn["content"])) for turn in messages]
