"""A well-behaved tab, as docs/protocol.md wants one: it comes back with its cursors and sends again what got no response.

Everything that it does and hears goes into the history. It judges nothing.
"""

import asyncio
import contextlib
import itertools
import json
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests.faults.history import (
    Closed,
    Delta,
    Heard,
    Invoked,
    JoinAsked,
    Joined,
    Left,
    Noted,
    Opened,
    Recorder,
    Responded,
    Row,
    Sent,
)
from tests.servers.events import is_durable
from tests.servers.socket_client import Frame

Headers = Callable[[str], Mapping[str, str]]

# A connection that brings nothing for so long, not even a pong, is dead.
SILENCE_SECONDS: Final = 3.0
PING_SECONDS: Final = 1.0
OPEN_SECONDS: Final = 3.0
LONGEST_BACKOFF_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.3
_RETRIED: Final = frozenset({"UNAVAILABLE", "INTERNAL_ERROR", "RATE_LIMITED"})
_STAYS_AWAY: Final = range(4100, 4200)
_ROWS_KNOWN: Final = 30
_OPEN: Final = ("queued", "running")


@dataclass
class Pending:
    """A write that has no final response yet."""

    frame: dict[str, Any]
    done: "asyncio.Future[Frame | None]"


class Tab:
    """`addresses`: where the site can be reached; it begins with the first and goes on with the next when one fails.

    States: away, joining (connected), ready, and gone forever once its access has ended.
    """

    def __init__(
        self, name: str, user: str, addresses: list[str], headers: Headers, rooms: list[str], recorder: Recorder
    ) -> None:
        self.name, self.user = name, user
        self.cursors: dict[str, tuple[int, str]] = {}
        self.known: dict[str, deque[Row]] = {room: deque(maxlen=_ROWS_KNOWN) for room in rooms}
        self.open_replies: dict[str, set[str]] = {room: set() for room in rooms}
        self.rooms = set(rooms)
        self.is_gone = False
        self.is_ready = False
        self.responses = 0
        self._addresses = addresses
        self._headers = headers
        self._history = recorder
        self._random = random.Random(name)
        self._pending: dict[str, Pending] = {}
        self._to_join: dict[str, str] = {}  # request id -> room
        self._socket: ClientConnection | None = None
        self._connection = 0
        self._requests = itertools.count(1)
        self._ops = itertools.count(1)
        self._later: set[asyncio.Task[None]] = set()

    # --- Writing

    @property
    def open_writes(self) -> int:
        return len(self._pending)

    def new_op(self) -> str:
        return f"{self.name}-{next(self._ops)}"

    async def write(self, type_: str, room: str, op: str, payload: dict[str, str]) -> Frame | None:
        """Write something and return the final response; None when access ended before there was one."""
        facts = {name: payload.get(name, "") for name in ("message", "emoji")}
        facts["content"] = payload.get("content") or payload.get("prompt", "")
        self._history.add(Invoked, op=op, tab=self.name, user=self.user, type=type_, room=room, **facts)
        frame = {"type": type_, "id": op, "payload": payload}
        pending = Pending(frame, asyncio.get_running_loop().create_future())
        if self.is_gone:
            return None
        self._pending[op] = pending
        if self.is_ready:
            await self._send_write(op, pending)
        return await pending.done

    async def _send_write(self, op: str, pending: Pending) -> None:
        self._history.add(Sent, op=op, connection=self._connection)
        await self._send(pending.frame)

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(json.dumps(frame))

    # --- Staying connected

    async def run(self) -> None:
        """Be connected, forever or until access ends."""
        failures = turn = 0
        while not self.is_gone:
            address = self._addresses[turn % len(self._addresses)]
            try:
                code = await self._connected(address)
            except InvalidStatus as refusal:
                self.is_gone = refusal.response.status_code in (401, 403)
                code = 0
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed):
                code = 0
            if code in _STAYS_AWAY:
                self.is_gone = True
            failures = 0 if code else failures + 1
            turn += 1
            if not self.is_gone:
                longest = min(LONGEST_BACKOFF_SECONDS, 0.1 * 2**failures)
                await asyncio.sleep(self._random.uniform(0, longest))
        for pending in self._pending.values():
            if not pending.done.done():
                pending.done.set_result(None)
        self._pending.clear()

    async def _connected(self, address: str) -> int:
        """Live through one connection and return its close code. Raises what connecting raises."""
        origin = address.replace("ws://", "http://").removesuffix("/ws")
        self._socket = await connect(
            address,
            additional_headers=self._headers(origin),
            compression=None,
            ping_interval=None,
            max_size=None,
            proxy=None,
            close_timeout=1,
            open_timeout=OPEN_SECONDS,
        )
        socket, connection = self._socket, self._history.new_connection()
        self._connection = connection
        self._to_join.clear()
        self._history.add(Opened, tab=self.name, user=self.user, connection=connection)
        try:
            await self._read(socket)
        except (ConnectionClosed, TimeoutError):
            socket.transport.abort()
        finally:
            self.is_ready = False
            self._socket = None
            code = socket.close_code or 1006
            self._history.add(Closed, tab=self.name, connection=connection, code=code)
        return code

    async def _read(self, socket: ClientConnection) -> None:
        """Take frames until the connection ends. Raises TimeoutError when it falls silent."""
        silent = 0.0
        while True:
            try:
                text = await asyncio.wait_for(socket.recv(), PING_SECONDS)
            except TimeoutError:
                silent += PING_SECONDS
                if silent >= SILENCE_SECONDS:
                    raise
                await self._send({"type": "ping", "id": f"ping-{next(self._requests)}"})
                continue
            silent = 0.0
            await self._take(json.loads(text))

    async def close(self) -> None:
        self.is_gone = True
        if self._socket is not None:
            await self._socket.close()

    # --- Hearing

    async def _take(self, frame: Frame) -> None:
        type_, request = frame["type"], frame.get("requestId")
        if request in self._to_join:
            await self._take_joined(self._to_join.pop(str(request)), frame)
        elif is_durable(frame):
            self._take_event(frame)
        elif request in self._pending and type_ not in ("stream_delta", "stream_start", "stream_end"):
            self._take_response(str(request), frame)
        elif type_ == "stream_delta":
            data = frame["data"]
            facts = {name: data[name] for name in ("room", "version", "attempt", "n", "text")}
            self._add(Delta, frame, message=data["messageId"], **facts)
        elif type_ == "welcome":
            for room in sorted(self.rooms):
                await self._join(room)
            if not self.rooms:
                self.is_ready = True
        else:
            await self._take_other(frame)

    async def _take_other(self, frame: Frame) -> None:
        type_, data = frame["type"], frame.get("data") or {}
        if type_ == "ping":
            await self._send({"type": "pong"})
        room = data.get("room", "")
        if type_ == "left" and room in self.rooms:
            self.rooms.discard(room)
            self._history.add(Left, tab=self.name, connection=self._connection, room=room)
        elif type_ != "pong":
            self._add(Noted, frame, room=room if isinstance(room, str) else room["slug"], type=type_)

    async def _join(self, room: str) -> None:
        request = f"join-{self._connection}-{next(self._requests)}"
        cursor = self.cursors.get(room)
        payload: dict[str, Any] = {"room": room}
        if cursor is not None:
            payload |= {"after": cursor[0], "epoch": cursor[1]}
        after = None if cursor is None else cursor[0]
        self._history.add(JoinAsked, tab=self.name, connection=self._connection, room=room, after=after)
        self._to_join[request] = room
        await self._send({"type": "join_room", "id": request, "payload": payload})

    async def _take_joined(self, room: str, frame: Frame) -> None:
        if not frame["success"]:
            if frame["error"]["code"] in _RETRIED:
                self._to_join["soon"] = room  # not ready before this one is joined, too
                self._soon(self._join_again(room))
            else:
                self.rooms.discard(room)
        else:
            data = frame["data"]
            rows = [Row.of(message) for message in data["messages"]]
            self.cursors[room] = (data["change"], data["epoch"])
            if data["reset"]:  # the ends of some may stand above this page
                self.open_replies[room].clear()
            self._know(room, rows)
            facts = {"room": room, "change": data["change"], "reset": data["reset"], "rows": rows}
            self._add(Joined, frame, **facts)
        if not self._to_join and not self.is_ready:
            self.is_ready = True
            for op, pending in list(self._pending.items()):
                await self._send_write(op, pending)

    def _take_event(self, frame: Frame) -> None:
        data = frame["data"]
        row = Row.of(data["message"])
        self._add(Heard, frame, room=data["room"], type=frame["type"], row=row)
        if data["room"] in self.cursors:
            self.cursors[data["room"]] = (data["change"], self.cursors[data["room"]][1])
        self._know(data["room"], [row])

    def _know(self, room: str, rows: list[Row]) -> None:
        known = self.known.get(room)
        if known is None:
            return
        for row in rows:
            (self.open_replies[room].add if row.reply in _OPEN else self.open_replies[room].discard)(row.id)
            for older in [older for older in known if older.id == row.id]:
                known.remove(older)
            if not row.is_deleted and row.kind == "text" and not row.reply:
                known.append(row)

    def _take_response(self, op: str, frame: Frame) -> None:
        code = "" if frame["success"] else frame["error"]["code"]
        message = ((frame.get("data") or {}).get("message") or {}) if frame["success"] else {}
        is_final = code not in _RETRIED
        facts = {"code": code, "is_final": is_final, "message": message.get("id", "")}
        places = {"seq": message.get("seq", 0), "change": message.get("change", 0)}
        self._history.add(Responded, op=op, connection=self._connection, **facts, **places)
        if is_final:
            self.responses += 1
            self._pending.pop(op).done.set_result(frame)
        else:
            self._soon(self._send_again(op))

    # --- Later

    def _soon(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _send_again(self, op: str) -> None:
        connection = self._connection
        await asyncio.sleep(RETRY_SECONDS)
        if connection == self._connection and self.is_ready and op in self._pending:
            await self._send_write(op, self._pending[op])

    async def _join_again(self, room: str) -> None:
        connection = self._connection
        await asyncio.sleep(RETRY_SECONDS)
        if connection == self._connection:
            self._to_join.pop("soon", None)
            await self._join(room)

    def _add(self, make: Any, frame: Frame, **facts: Any) -> None:
        sent = self._history.of_stamp(frame["timestamp"])
        self._history.add(make, sent=sent, tab=self.name, connection=self._connection, **facts)
