"""Holds delivery to those whose access is in doubt, looks in the database, and then sends on or puts out.

Access is in doubt when an order says so, when a member's leaving passes, and, for everyone, when the process has stood
still. First hold, then look: in the other order, what waits behind the look reaches who may not have it. Looking has a
thread of its own; while the database cannot be asked, who is held stays held.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from accounts.access_log import LogReader
from accounts.credentials import Checked, Credential, Standing, check
from chat.access import Actor
from chat.protocol import frames, wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_checker
from chat.realtime.delivery import recovery
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.registry import Registry
from chat.realtime.hub import Hub
from chat.realtime.presence import Presence

log = structlog.get_logger(__name__)

_CHECKED_AT_ONCE: Final = 500
_PAIRS_AT_ONCE: Final = 5000
_AGAIN_SECONDS: Final = 0.5
# So old may be what was read of the log when the process has stood still since: access ends within a second.
_FRESH_SECONDS: Final = 0.8
_CLOSE_CODES: Final = {
    Standing.SIGNED_OUT: CloseCode.SIGNED_OUT,
    Standing.DEACTIVATED: CloseCode.DEACTIVATED,
    Standing.BANNED: CloseCode.BANNED,
}

Rooms = set[str] | None  # None: all that a connection is in
Pair = tuple[str, int]  # slug, user id


class AccessGuard:
    def __init__(
        self, hub: Hub, registry: Registry, presence: Presence, leave_room: Callable[[Connection, str], None]
    ) -> None:
        self._hub = hub
        self._registry = registry
        self._presence = presence
        self._leave_room = leave_room
        self._log = LogReader()
        self._doubts: dict[Connection, Rooms] = {}
        self._until_read: set[Connection] = set()  # held until the log is read
        self._is_log_due = False
        self._at_once = _CHECKED_AT_ONCE
        self._filled = asyncio.Event()
        self.on_change: Callable[[int], None] = lambda _user_id: None

    # --- Doubt ----------------------------------------------------------------------------------------------

    def suspect(self, connections: Iterable[Connection], rooms: Iterable[str] | None = None) -> None:
        """Hold connections until their credentials and their memberships of these rooms, or of all, are looked at."""
        for connection in connections:
            connection.hold()
            known = self._doubts.get(connection, set())
            self._doubts[connection] = None if rooms is None or known is None else known | set(rooms)
            self._filled.set()

    def suspect_everyone(self) -> None:
        """Hold all connections until the log has told whose access may have ended."""
        for connection in self._registry:
            connection.hold()
            self._until_read.add(connection)
        self._is_log_due = True
        self._filled.set()

    async def clear(self, connection: Connection) -> None:
        """Return when a connection has been looked at; it may be closing then."""
        self.suspect([connection])
        await connection.wait_released()

    async def read_log(self) -> None:
        """Hold those whose access may have ended since the last reading. Raises UNAVAILABLE."""
        self._hold_named(await in_checker(self._log.read))

    async def run(self) -> None:
        """Look at those who are held, forever."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._is_log_due or self._doubts:
                try:
                    await (self._release_unnamed() if self._is_log_due else self._resolve_some())
                except ProtocolError:
                    log.warning("access.check_impossible", held=len(self._doubts) + len(self._until_read))
                    await asyncio.sleep(_AGAIN_SECONDS)
                except Exception:
                    log.exception("access.check_failed")  # if this ended, who is held would be held forever
                    await asyncio.sleep(_AGAIN_SECONDS)
            self._at_once = _CHECKED_AT_ONCE

    def _hold_named(self, users: set[int] | None) -> None:
        if users is None:
            self.suspect(self._registry)
            return
        for user_id in users:
            self.on_change(user_id)
            self.suspect(self._registry.of_user(user_id))

    async def _release_unnamed(self) -> None:
        self._is_log_due = False
        try:
            read_at, users = await in_checker(self._read_at)
        except BaseException:
            self._is_log_due = True
            raise
        self._hold_named(users)
        if self._is_log_due and time.monotonic() - read_at > _FRESH_SECONDS:
            return  # it has stood still again, and what has come since is younger than what was read
        waiting, self._until_read = self._until_read, set()
        for connection in waiting:
            if connection not in self._doubts:
                connection.release()

    def _read_at(self) -> tuple[float, set[int] | None]:
        return time.monotonic(), self._log.read()

    async def _resolve_some(self) -> None:
        some = self._take_some()
        try:
            checked, members = await in_checker(_look, some)
            for connection, slugs in some.items():
                self._judge(connection, slugs, checked, members)
        except ProtocolError:
            self._doubt_again(some)
            raise
        except Exception:
            if len(some) == 1:
                for connection in some:
                    connection.close(CloseCode.OUR_FAULT)
            else:
                self._at_once = 1  # one that cannot be looked at must not keep the others held
                self._doubt_again(some)
            raise
        for connection in some:
            if connection not in self._doubts and connection not in self._until_read:
                connection.release()

    def _doubt_again(self, some: dict[Connection, set[str]]) -> None:
        for connection, slugs in some.items():
            self.suspect([connection], slugs)

    def _take_some(self) -> dict[Connection, set[str]]:
        """Take some of those in doubt, each with the rooms to look at."""
        some: dict[Connection, set[str]] = {}
        pairs = 0
        while self._doubts and len(some) < self._at_once and pairs < _PAIRS_AT_ONCE:
            connection, rooms = self._doubts.popitem()
            some[connection] = _rooms_of(connection, rooms)
            pairs += len(some[connection])
        return some

    # --- Looking --------------------------------------------------------------------------------------------

    async def check(self, connections: list[Connection]) -> None:
        """Look at connections without holding them: for changes without an order, like a session that has expired."""
        for start in range(0, len(connections), _CHECKED_AT_ONCE):
            some = {each: _rooms_of(each, None) for each in connections[start : start + _CHECKED_AT_ONCE]}
            try:
                checked, members = await in_checker(_look, some)
            except ProtocolError:
                log.warning("access.check_impossible", connections=len(some))
                continue
            for connection, slugs in some.items():
                self._judge(connection, slugs, checked, members)

    def _judge(
        self, connection: Connection, slugs: set[str], checked: dict[Credential, Checked], members: set[Pair]
    ) -> None:
        """Close a connection whose credential does not hold any more; end its subscriptions to rooms that its user is
        not a member of; learn how its user is called now: an open tab must not go on speaking under the old name."""
        standing, current = checked[connection.credential]
        code = _CLOSE_CODES.get(standing)
        if code is not None:
            connection.close(code)
            return
        if connection.actor != Actor.by(current):
            connection.actor = Actor.by(current)
            self._presence.rename(connection)
        for slug in slugs:
            if (slug, connection.user_id) not in members:
                self._put_out(connection, slug)

    def _put_out(self, connection: Connection, slug: str) -> None:
        """End the subscription of a person who is no longer a member, and tell their tab."""
        was_in = slug in connection.rooms
        connection.lose_room(slug)
        if slug in connection.watching:
            self._hub.watchers.unwatch(self._hub.feed_of(slug), connection)
        self._leave_room(connection, slug)
        if was_in:
            connection.send_aside(Payload(frames.event("left", wire.Left(slug))))


def _rooms_of(connection: Connection, rooms: Rooms) -> set[str]:
    """Return which of these rooms, or of all, a connection is in.

    One that it is joining counts only when it was named: who joins an open room becomes a member in the same moment, and
    a look from just before would put them out again. Joining reads again when its connection was in doubt meanwhile.
    """
    slugs = {*connection.rooms, *connection.watching}
    if rooms is None:
        return slugs
    return {slug for slug in rooms if slug in slugs or slug == connection.joining}


def _look(some: dict[Connection, set[str]]) -> tuple[dict[Credential, Checked], set[Pair]]:
    """Read what holds of connections' credentials, and which of their rooms their users are members of."""
    pairs = {(slug, connection.user_id) for connection, slugs in some.items() for slug in slugs}
    members = recovery.members_among(pairs) if pairs else set()
    return check([connection.credential for connection in some]), members
