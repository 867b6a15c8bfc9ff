"""What is published: an event, the group that hears it, and for durable ones its place in the room's order."""

from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET

from chat import markdown
from chat.protocol import frames, wire
from chat.protocol.errors import ErrorCode, ProtocolError

GLOBAL_GROUP = "global"


def user_group(user_id: int | str) -> str:
    return f"user:{user_id}"


def room_group(slug: str) -> str:
    return f"room:{slug}"


def room_of_group(group: str) -> str | None:
    return group.removeprefix("room:") if group.startswith("room:") else None


class Event(msgspec.Struct, frozen=True, array_like=True, tag="event", gc=False):
    """An encoded event on its way to a group; in this form also from process to process (layer/bus.py).

    change: its place in the room's order, None for what is not durable. author_id and mentions: so that each process
    can tell the members who have not opened the room. without_connection, without_user: who does not hear it.
    once: a name under which an event that may arrive by several ways is delivered only the first time.
    is_droppable: a slow connection may lose it, for it can ask for what it missed.
    requester: the connection whose request this responds to, and request_id: that request's id as JSON.
    ends: the user whose membership of the room ends with it, 0 for none.
    recount: the `seq` of a message that counts as unread for fewer or other people now, then those people: none are all.
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
    requester: str = ""
    request_id: str = ""
    is_droppable: bool = False
    ends: int = 0
    recount: tuple[int, ...] = ()


class Requester(NamedTuple):
    """Whose pending call the events of a reply belong to; no one's by default."""

    connection: str = ""
    request_id: str = ""  # as JSON


NO_REQUESTER: Final = Requester()
_STREAM_FAILED: Final = "Claude's reply was cut off."


def ephemeral(
    group: str,
    type_: str,
    data: wire.Wire,
    *,
    without_connection: str = "",
    without_user: int = 0,
    once: str = "",
    requester: Requester = NO_REQUESTER,
    is_droppable: bool = False,
) -> Event:
    return Event(
        group,
        frames.event(type_, data),
        without_connection=without_connection,
        without_user=without_user,
        once=once,
        requester=requester.connection,
        request_id=requester.request_id,
        is_droppable=is_droppable,
    )


def durable(message: wire.Message, requester: Requester = NO_REQUESTER, recount: tuple[int, ...] = ()) -> Event:
    """Return the one event of a message's newest state, as the protocol names it."""
    is_new = message.seq == message.change
    author_id = int(message.author.id) if message.author is not None else 0
    return Event(
        room_group(message.room),
        _durable_text(message),
        change=message.change,
        author_id=author_id,
        mentions=tuple(map(int, message.mentions)),
        counts=is_new and message.kind == "text",
        requester=requester.connection,
        request_id=requester.request_id,
        ends=ends_membership_of(message) if is_new else 0,
        recount=recount,
    )


def ends_membership_of(message: wire.Message) -> int:
    """Return the id of the user whose membership of the room ends with a message, 0 for none."""
    return int(message.author.id) if message.kind == "leave" and message.author is not None else 0


def missed(message: wire.Message) -> Event:
    """Return the event of a row that was read in its place. Which counts its change made wrong, the row doesn't say."""
    is_doubtful = message.seq != message.change and message.kind == "text"
    return durable(message, recount=(message.seq,) if is_doubtful else ())


def _durable_text(message: wire.Message) -> str:
    """Which event it is can be told from the row alone, so that a repaired hole brings the same as the live event."""
    room, change, reply = message.room, message.change, message.reply
    if reply is UNSET or reply.change != change or reply.state == "running":
        type_ = "new_message" if message.seq == change else "message_updated"
        return frames.event(type_, wire.MessageEvent(room, change, message))
    if reply.state == "queued":
        return frames.event("stream_start", wire.StreamStart(room, message, reply.requestedBy, reply.model, change))
    # The text has been streamed and comes once more as content; as HTML a third time would be too much.
    # The page has formatted the text itself while it streamed. It can't know that the server gave that up.
    html = message.html if message.html is not UNSET and markdown.is_as_written(message.html) else UNSET
    ended = msgspec.structs.replace(message, html=html)
    if reply.state in ("complete", "stopped"):
        usage = wire.Usage(0, 0, 0, 0) if reply.usage is UNSET else reply.usage
        stop_reason = reply.state if reply.stopReason is UNSET else reply.stopReason
        return frames.event("stream_end", wire.StreamEnd(room, ended, usage, stop_reason, change))
    error = ProtocolError(ErrorCode.STREAM_ERROR, _STREAM_FAILED if reply.error is UNSET else reply.error)
    return frames.failed_event(error, wire.StreamFailure(room, ended, change))
