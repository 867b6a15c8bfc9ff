"""Reading messages: pages of history, and recovery of several rooms at once. By key always, never by offset."""

from msgspec import UNSET

from chat import access
from chat.access import Actor
from chat.models import Message, Room
from chat.models.plain_sql import objects_of
from chat.presenter import present_messages
from chat.protocol import requests, wire
from chat.protocol.errors import ProtocolError
from chat.realtime import recovery


def page(actor: Actor, request: requests.GetMessages) -> wire.MessagePage:
    """Return a page in `seq` order: the newest, or before, after or around a `seq`. Raises NOT_FOUND."""
    room = access.room_for(actor, request.room)
    if request.around is not UNSET:
        older, has_more = _older(room, request.around + 1, request.limit // 2 + 1)
        newer, has_newer = _newer(room, request.around, request.limit - len(older))
        rows = older + newer
    elif request.after is not UNSET:
        rows, has_newer = _newer(room, request.after, request.limit)
        has_more = Message.objects.filter(room=room, seq__lte=request.after).exists()
    elif request.before is not UNSET:
        rows, has_more = _older(room, request.before, request.limit)
        has_newer = Message.objects.filter(room=room, seq__gte=request.before).exists()
    else:
        rows, has_more = _older(room, room.change + 1, request.limit)
        has_newer = False
    return wire.MessagePage(room.slug, present_messages(room.slug, rows), has_more, has_newer)


def _older(room: Room, before: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` messages before a `seq`, in its order, and whether there are more."""
    found = objects_of(
        Message, "WHERE room_id = %s AND seq < %s ORDER BY seq DESC LIMIT %s", room.pk, before, limit + 1
    )
    return found[:limit][::-1], len(found) > limit


def _newer(room: Room, after: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` messages after a `seq`, in its order, and whether there are more."""
    found = objects_of(Message, "WHERE room_id = %s AND seq > %s ORDER BY seq LIMIT %s", room.pk, after, limit + 1)
    return found[:limit], len(found) > limit


def sync(actor: Actor, request: requests.Sync) -> wire.SyncResult:
    """Recover several rooms at once. A room that may not be seen is refused on its own."""
    return wire.SyncResult({slug: _recover(actor, slug, cursor) for slug, cursor in request.rooms.items()})


def _recover(actor: Actor, slug: str, cursor: requests.SyncCursor) -> wire.Recovery:
    try:
        found = recovery.since(access.room_for(actor, slug), cursor.change, cursor.epoch)
    except ProtocolError as error:
        return wire.Recovery(error=error.code)
    return wire.Recovery(found.messages, found.room.change, found.room.epoch, found.reset, found.has_more)
