"""Everything of one server process that lives as long as it does, put together and kept going."""

import asyncio
import random
import secrets
import time
from typing import Final

import structlog
from django.conf import settings

from chat.claude.run import consumer
from chat.claude.run.runner import Runner
from chat.limits import rates
from chat.limits.buckets import PerUser
from chat.messages.writer import Writer
from chat.people.pusher import Pusher
from chat.protocol import frames, wire
from chat.protocol.close import CloseCode
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.heartbeat import Heartbeat
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.registry import Registry
from chat.realtime.events import GLOBAL_GROUP, user_group
from chat.realtime.hub import Hub
from chat.realtime.layer import bus, publishing
from chat.realtime.presence import Presence, topic_of_room, topic_of_user
from chat.server.access_guard import AccessGuard
from chat.server.entrance import Entrance
from chat.server.restore_watch import RestoreWatch

log = structlog.get_logger(__name__)

_MINUTE_SECONDS: Final = 60.0


class Runtime:
    """The process's hub, registry, presence, heartbeat, writer, pusher, entrance and runner of replies.

    States: started, draining, stopped.
    """

    def __init__(self) -> None:
        self.hub = Hub()
        self.registry = Registry()
        self.presence = Presence(self.hub)
        self.heartbeat = Heartbeat()
        self.pusher = Pusher(self.presence)
        self.writer = Writer(self.hub, self.pusher)
        self.entrance = Entrance(self.hub)
        self.runner = Runner(self.hub)
        self.restore_watch = RestoreWatch(self.hub)
        per_second = settings.MESSAGES_PER_MINUTE / _MINUTE_SECONDS
        self.messages_per_user = PerUser(per_second, burst=max(1, settings.MESSAGES_PER_MINUTE / 2))
        self.typing_per_user = rates.buckets_of(rates.TYPING)
        self.frame_bytes: int = settings.FRAME_BYTES
        self.is_draining = False
        self.started_at = time.monotonic()
        self._access_changed_at: dict[int, float] = {}
        self.guard = AccessGuard(self.hub, self.registry, self.presence, self.leave_room)
        self.guard.on_change = self._note_change
        self.hub.on_control = self._obey
        # Whose access ended while the layer was away, it has not told us; while we stood still, neither.
        self.hub.on_layer_returned = self.hub.stall.on_stall = self.guard.suspect_everyone
        self.hub.repairs.before = self.guard.read_log

    async def start(self) -> None:
        await self.restore_watch.begin()
        await self.hub.start()
        publishing.attach(asyncio.get_running_loop(), self.hub)
        self.hub.spawn(self.guard.run(), "access guard")
        self.hub.spawn(self.presence.run(), "presence")
        self.hub.spawn(self.heartbeat.run(), "heartbeat")
        self.hub.spawn(self.writer.run(), "writer")
        self.hub.spawn(self.pusher.run(), "pusher")
        self.hub.spawn(consumer.listen(self.hub, self.runner), "claude consumer")
        self.hub.spawn(self.restore_watch.run(), "restore watch")
        self.runner.start()

    # --- Connections ----------------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> None:
        """Count a connection."""
        self.registry.add(connection)
        self.presence.enter(topic_of_user(connection.user_id), connection)

    def welcome(self, connection: Connection) -> None:
        """Send the first frame. The connection joins its groups here, so that nothing can come before it."""
        interval, timeout = round(self.heartbeat.interval * 1000), round(self.heartbeat.timeout * 1000)
        welcome = wire.Welcome(
            connectionId=connection.id,
            user=connection.actor.ref,
            protocol=1,
            serverTime=frames.now_ms(),
            heartbeat=wire.Heartbeat(interval, timeout),
            limits=wire.Limits(self.frame_bytes, settings.CONTENT_CHARS),
        )
        connection.send_aside(Payload(frames.event("welcome", welcome)))
        self.heartbeat.add(connection)
        self.hub.add(GLOBAL_GROUP, connection)
        self.hub.add(user_group(connection.user_id), connection)
        log.info("connection.opened", connection=connection.id, user=connection.user_id)

    def dismiss(self, connection: Connection) -> None:
        """Forget a connection that has ended, everywhere it was known."""
        for slug in list(connection.rooms):
            self.leave_room(connection, slug)
        for slug in list(connection.watching):
            self.hub.watchers.unwatch(self.hub.feed_of(slug), connection)
        self.presence.leave(topic_of_user(connection.user_id), connection)
        self.hub.discard(user_group(connection.user_id), connection)
        self.hub.discard(GLOBAL_GROUP, connection)
        self.heartbeat.remove(connection)
        self.registry.remove(connection)

    def leave_room(self, connection: Connection, slug: str) -> None:
        """End a connection's subscription to a room."""
        self.hub.leave(slug, connection)
        is_session = connection.rooms.pop(slug, None)
        if is_session is not None:
            self.presence.leave(topic_of_room(slug, is_session=is_session), connection)

    # --- Taking access away ---------------------------------------------------------------------------------

    def _obey(self, control: bus.Control) -> None:
        rooms = (control.room,) if control.order == "access" else ()
        if control.order == "recheck":
            self._note_change(control.user_id)
        self.guard.suspect(self.registry.of_user(control.user_id), rooms)

    def _note_change(self, user_id: int) -> None:
        self._access_changed_at[user_id] = asyncio.get_running_loop().time()

    def access_changed_lately(self, user_id: int) -> bool:
        """Whether a ticket of this user may be older than the last change of their access."""
        changed = self._access_changed_at.get(user_id)
        return changed is not None and asyncio.get_running_loop().time() - changed < 2 * settings.SOCKET_TICKET_SECONDS

    def forget_old_changes(self) -> None:
        """Forget what no ticket can be older than."""
        self._access_changed_at = {
            user_id: at for user_id, at in self._access_changed_at.items() if self.access_changed_lately(user_id)
        }

    # --- Ending ---------------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Send everyone away, spread over the drain, so that they do not all come back in the same moment."""
        if self.is_draining:
            return
        self.is_draining = True
        connections = list(self.registry)
        log.info("runtime.draining", connections=len(connections))
        window = settings.DRAIN_SECONDS / 2
        # Now, while it is known who is here: everyone is about to be sent away.
        pushing = asyncio.create_task(self.pusher.drain())
        for connection in connections:
            after = round(random.uniform(0.2, 1) * window * 1000)  # noqa: S311 - spreads load, guards nothing
            connection.send(Payload(frames.event("server_draining", wire.ServerDraining(after))))
        await self.runner.drain()  # the tabs hear how their replies ended before they are sent away
        pause = window / max(1, len(connections))
        for connection in connections:
            connection.close(CloseCode.RESTART)
            await asyncio.sleep(pause)
        self.presence.goodbye()
        await asyncio.wait([pushing], timeout=0.1 + window)
        await asyncio.sleep(0.1)

    async def stop(self) -> None:
        publishing.detach(self.hub)
        await self.hub.stop()
        await self.restore_watch.end()


def new_connection_id() -> str:
    return secrets.token_urlsafe(9)
