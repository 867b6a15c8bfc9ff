"""A well-behaved program that only listens, by server-sent events, to one room: it comes back with the last id it heard.

What it hears goes into the history as a tab's does, so that the same rules judge it. The messages that it missed come as
single events; they are written down together, as the response to a tab's joining has them.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Final

from tests.faults.history import Closed, Delta, Heard, JoinAsked, Joined, Left, Noted, Opened, Recorder, Row
from tests.faults.tab import LONGEST_BACKOFF_SECONDS, OPEN_SECONDS, SILENCE_SECONDS, Headers
from tests.servers.event_streams import EventStream, ServerEvent
from tests.servers.events import is_durable
from tests.servers.socket_client import Frame

# After the last of what was missed nothing says so; this long without another one does.
_MISSED_SECONDS: Final = 0.5
_NO_ACCESS: Final = frozenset({401, 403, 404})


class Listener:
    """`addresses`: where the site can be reached, as ws:// for all tabs; it goes on with the next when one fails."""

    def __init__(
        self, name: str, user: str, addresses: list[str], headers: Headers, room: str, recorder: Recorder
    ) -> None:
        self.name, self.user, self.room = name, user, room
        self.rooms = {room}
        self.cursors: dict[str, tuple[int, str]] = {}
        self.is_gone = False
        self.is_ready = False
        self._ports = [int(address.removesuffix("/ws").rpartition(":")[2]) for address in addresses]
        self._headers = headers
        self._history = recorder
        self._random = random.Random(name)
        self._stream: EventStream | None = None
        self._connection = 0
        self._last_id = ""
        # While what was missed is being told: the `joined` before it, and the rows so far, also of a connection that
        # ended in their midst: the last id is beyond those already.
        self._joined: Frame | None = None
        self._missed: list[Row] = []

    async def run(self) -> None:
        """Be connected, forever or until access ends."""
        failures = turn = 0
        while not self.is_gone:
            try:
                failures = 0 if await self._connected(self._ports[turn % len(self._ports)]) else failures + 1
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                failures += 1
            turn += 1
            longest = min(LONGEST_BACKOFF_SECONDS, 0.1 * 2**failures)
            await asyncio.sleep(0 if self.is_gone else self._random.uniform(0, longest))

    async def _connected(self, port: int) -> bool:
        """Live through one connection; return whether it was let in. Raises what connecting raises."""
        self._connection = self._history.new_connection()
        after = self.cursors[self.room][0] if self.cursors else None
        # Before the request: the response's head comes only when the room has been read.
        self._history.add(JoinAsked, tab=self.name, connection=self._connection, room=self.room, after=after)
        async with asyncio.timeout(OPEN_SECONDS):
            self._stream = await EventStream.at(port, self.room, self._shown(f"http://127.0.0.1:{port}"))
        if self._stream.status != 200:
            self.is_gone = self._stream.status in _NO_ACCESS
            self._stream.close()
            return False
        self._history.add(Opened, tab=self.name, user=self.user, connection=self._connection)
        code = 1006
        try:
            code = await self._read(self._stream)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return True
        finally:
            self._stream.close()
            self._stream, self._joined = None, None
            self.is_ready = False
            self._history.add(Closed, tab=self.name, connection=self._connection, code=code)
        return True

    def _shown(self, origin: str) -> Mapping[str, str]:
        headers = dict(self._headers(origin))
        return {**headers, "Last-Event-ID": self._last_id} if self._last_id else headers

    async def _read(self, stream: EventStream) -> int:
        """Take events until the body ends; return the code of `closed`. Raises TimeoutError when it falls silent."""
        code = 1006
        while True:
            if self._joined is None:
                event = await stream.next_unless_silent(SILENCE_SECONDS)
            else:
                event = await self._next_missed(stream)
            if event is None:
                return code
            self._take(event)
            if event.type == "closed":
                code = int(event.data["code"])

    async def _next_missed(self, stream: EventStream) -> ServerEvent | None:
        """Return the next event; one that does not come soon was not missed."""
        waiting = asyncio.ensure_future(stream.next_unless_silent(SILENCE_SECONDS))
        try:
            if not (await asyncio.wait({waiting}, timeout=_MISSED_SECONDS))[0]:
                self._caught_up()
            return await waiting
        finally:
            waiting.cancel()

    def _take(self, event: ServerEvent) -> None:
        frame, data = event.frame, event.frame.get("data") or {}
        is_missed = self._joined is not None and is_durable(frame) and data["change"] <= self._joined["data"]["change"]
        if not is_missed:
            self._caught_up()
        if event.id is not None:
            self._last_id = event.id
        if event.type == "joined":
            self._take_joined(frame)
        elif is_missed:
            self._missed.append(Row.of(data["message"]))
        elif is_durable(frame):
            self._add(Heard, frame, type=event.type, row=Row.of(data["message"]))
            self._know(data["change"])
        elif event.type == "stream_delta":
            facts = {name: data[name] for name in ("version", "attempt", "n", "text")}
            self._add(Delta, frame, message=data["messageId"], **facts)
        elif event.type == "left":
            self._history.add(Left, tab=self.name, connection=self._connection, room=self.room)
        elif event.type != "closed":
            self._add(Noted, frame, type=event.type)

    def _take_joined(self, frame: Frame) -> None:
        data = frame["data"]
        self._joined = frame
        if not self.cursors or data["reset"]:
            self._missed = [Row.of(message) for message in data["messages"]]
        is_all_known = bool(self.cursors) and self.cursors[self.room][0] == data["change"] and not self._missed
        if not self.cursors or data["reset"] or is_all_known:
            self._caught_up()

    def _caught_up(self) -> None:
        """Write down that it is in the room, with all rows that it was told of on its way there."""
        if self._joined is None:
            return
        data = self._joined["data"]
        facts = {"change": data["change"], "reset": data["reset"], "rows": self._missed}
        self._add(Joined, self._joined, **facts)
        self._joined, self._missed = None, []
        self.cursors[self.room] = (data["change"], data["epoch"])
        self.is_ready = True

    def _know(self, change: int) -> None:
        if self.cursors:
            self.cursors[self.room] = (change, self.cursors[self.room][1])

    def _add(self, make: Any, frame: Frame, **facts: Any) -> None:
        sent = self._history.of_stamp(frame["timestamp"])
        self._history.add(make, sent=sent, tab=self.name, connection=self._connection, room=self.room, **facts)

    async def close(self) -> None:
        self.is_gone = True
        if self._stream is not None:
            self._stream.close()
