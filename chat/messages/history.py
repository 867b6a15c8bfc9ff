"""Reading messages: pages of history, and recovery of several rooms at once. By key always, never by offset."""

from msgspec import UNSET

from chat import access
from chat.access import Actor
from chat.models import Message, Room
from chat.models.weights import lightest
from chat.paging import page_bytes, presented
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.delivery import recovery


def page(actor: Actor, request: requests.GetMessages) -> wire.MessagePage:
    """Return a page in `seq` order: the newest, or before, after or around a `seq`. Raises NOT_FOUND.

    It may be shorter than was asked for: its messages have at most PAGE_BYTES, and those nearest to the `seq` come first.
    """
    room = access.room_for(actor, request.room)
    anchor, has_newer = -1, False
    if request.around is not UNSET:
        older, has_more = _older(room, request.around + 1, request.limit // 2 + 1)
        newer, has_newer = _newer(room, request.around, request.limit - len(older))
        rows, anchor = older + newer, max(0, len(older) - 1)
    elif request.after is not UNSET:
        rows, has_newer = _newer(room, request.after, request.limit)
        has_more, anchor = Message.objects.filter(room=room, seq__lte=request.after).exists(), 0
    elif request.before is not UNSET:
        rows, has_more = _older(room, request.before, request.limit)
        has_newer = Message.objects.filter(room=room, seq__gte=request.before).exists()
    else:
        rows, has_more = _older(room, room.change + 1, request.limit)
    shown = presented([(room.slug, row) for row in rows], page_bytes(), anchor=anchor)
    return wire.MessagePage(room.slug, shown.messages, has_more or shown.lacks_older, has_newer or shown.lacks_newer)


def _older(room: Room, before: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` messages before a `seq`, in its order, and whether there are more."""
    some = "room_id = %s AND seq < %s"
    found, has_more = lightest("-seq", some, room.pk, before, at_most=limit, budget=page_bytes())
    return found[::-1], has_more


def _newer(room: Room, after: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` messages after a `seq`, in its order, and whether there are more."""
    return lightest("seq", "room_id = %s AND seq > %s", room.pk, after, at_most=limit, budget=page_bytes())


def sync(actor: Actor, request: requests.Sync) -> wire.SyncResult:
    """Recover several rooms at once. A room that may not be seen is refused on its own.

    All messages together have at most PAGE_BYTES. A room whose share does not fit behind that of the rooms before it is
    refused with UNAVAILABLE, for the client to ask for it again: a reset would throw away what the client has of it. The
    rooms behind it are no longer read, unless nothing was missed in them: 200 reads for nothing took two seconds.
    """
    left = whole = page_bytes()
    rooms = {}
    is_full = False
    for slug, cursor in request.rooms.items():
        rooms[slug], used = _recover(actor, slug, cursor, left, is_first=left == whole, is_full=is_full)
        left = max(0, left - used)
        is_full = is_full or rooms[slug].error == ErrorCode.UNAVAILABLE
    return wire.SyncResult(rooms)


def _recover(
    actor: Actor, slug: str, cursor: requests.SyncCursor, budget: int, *, is_first: bool, is_full: bool
) -> tuple[wire.Recovery, int]:
    """Return what became of a room, and the bytes of its messages."""
    try:
        room = access.room_for(actor, slug)
        if is_full and (cursor.change, cursor.epoch) != (room.change, room.epoch):
            return wire.Recovery(error=ErrorCode.UNAVAILABLE), 0
        found = recovery.since(room, cursor.change, cursor.epoch, budget)
    except ProtocolError as error:
        return wire.Recovery(error=error.code), 0
    if not is_first and (found.is_cut or found.bytes > budget):
        return wire.Recovery(error=ErrorCode.UNAVAILABLE), 0
    recovered = wire.Recovery(found.messages, found.room.change, found.room.epoch, found.reset, found.has_more)
    return recovered, found.bytes
