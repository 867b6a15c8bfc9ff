"""How a connection comes into a room, for sockets and for streams of server-sent events."""

from collections.abc import Callable
from typing import Final

from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError, failed
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.feed import Feed
from chat.realtime.presence import topic_of_room
from chat.rooms import joining
from chat.server.runtime import Runtime

_JOIN_TRIES: Final = 3
_ROOMS_JOINED_AT_MOST: Final = 2000

Tell = Callable[[wire.Joined], None]


async def join(runtime: Runtime, connection: Connection, request: requests.JoinRoom, tell: Tell) -> None:
    """Buffer first, then read the database, tell, hand out what is newer, go live: no hole, no repeat."""
    if len(connection.rooms) >= _ROOMS_JOINED_AT_MOST:
        raise failed("This connection has joined too many rooms.")
    connection.joining = request.room
    is_live = False
    try:
        for _try in range(_JOIN_TRIES):
            doubts = connection.doubts
            feed = await runtime.hub.begin_joining(request.room, connection)
            opened = await runtime.entrance.open_room(connection.actor, request)
            streams = [await runtime.runner.freshest(checkpoint) for checkpoint in opened.streams]
            runtime.hub.stall.look()
            await connection.wait_released()
            if connection.is_closing:
                return
            if connection.doubts != doubts:
                continue  # they may have been a member when the reading began, and not when the rows were read
            if feed.can_go_live(connection, opened.room.change):
                _go_live(runtime, connection, feed, opened._replace(streams=streams), tell)
                is_live = True
                return
        raise ProtocolError(ErrorCode.UNAVAILABLE, "This room is too busy right now. Please try again.")
    finally:
        connection.joining = None
        if not is_live:
            # Also after a failed second join of a room that was live: it would be buffered forever.
            runtime.leave_room(connection, request.room)


def _go_live(runtime: Runtime, connection: Connection, feed: Feed, opened: joining.Opened, tell: Tell) -> None:
    """Tell and go live in one turn of the loop: nothing may come between the two."""
    slug, is_session = opened.room.slug, opened.room.kind == "session"
    topic = topic_of_room(slug, is_session=is_session)
    connection.rooms[slug] = is_session
    runtime.presence.enter(topic, connection)
    tell(opened.joined(runtime.presence.online(topic), runtime.presence.count(topic)))
    feed.go_live(connection, opened.room.change, opened.room.epoch)
    runtime.hub.moved[slug] = max(opened.room.change, feed.last or 0)
