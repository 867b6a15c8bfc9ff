"""What is published: an event, the group that hears it, and for durable ones its place in the room's order."""

from typing import NamedTuple

from chat.protocol import frames, wire

GLOBAL_GROUP = "global"


def user_group(user_id: int | str) -> str:
    return f"user:{user_id}"


def room_group(slug: str) -> str:
    return f"room:{slug}"


def room_of_group(group: str) -> str | None:
    return group.removeprefix("room:") if group.startswith("room:") else None


class Event(NamedTuple):
    """An encoded event on its way to a group.

    change: its place in the room's order, None for what is not durable. author_id and mentions: so that each process
    can tell the members who have not opened the room. without_connection, without_user: who does not hear it.
    once: a name under which an event that may arrive by several ways is delivered only the first time.
    """

    group: str
    text: str
    change: int | None = None
    author_id: int = 0
    mentions: tuple[int, ...] = ()
    counts: bool = False
    without_connection: str = ""
    without_user: int = 0
    once: str = ""


def ephemeral(
    group: str, type_: str, data: wire.Wire, *, without_connection: str = "", without_user: int = 0, once: str = ""
) -> Event:
    text = frames.event(type_, data)
    return Event(group, text, without_connection=without_connection, without_user=without_user, once=once)


def durable(message: wire.Message) -> Event:
    """Return the one event of a message's newest state: `new_message` at its first change, then `message_updated`."""
    is_new = message.seq == message.change
    data = wire.MessageEvent(message.room, message.change, message)
    return Event(
        room_group(message.room),
        frames.event("new_message" if is_new else "message_updated", data),
        change=message.change,
        author_id=int(message.author.id) if message.author is not None else 0,
        mentions=tuple(map(int, message.mentions)),
        counts=is_new and message.kind == "text",
    )
