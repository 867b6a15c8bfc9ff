"""What waits to be written to one connection: bounded, and never in anybody else's way.

Kinds with one behaviour. `DirectOutbox` writes ready-made frames through the server's extension (see
uvicorn_protocol.py) and knows how much the transport still holds. `SendOutbox` uses ASGI's `send`, on any server;
sse_outbox.py is its sister for server-sent events. Whoever reads too slowly fills the outbox; it is then dropped and
the owner told, who closes with 4001. Well before that a slow reader loses what is droppable: deltas, whose gap it sees.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]

# For servers that refuse 1xxx codes: what makes a client stay away, or come back, just as the right code does.
_NEAREST_CODE: Final = {1003: 1000, 1007: 1000, 1009: 1000}
_ANY_RECONNECT: Final = 4000
_SMALL_FRAME: Final = 126
_MEDIUM_FRAME: Final = 65_536
# In each turn the loop reads what has come meanwhile, and what that makes due is joined: three turns deliver up to twice as
# much as one. A turn with nothing to do takes microseconds.
_TURNS_UNTIL_WRITTEN: Final = 3
# What is droppable may fill this part of an outbox; the rest is kept for what must arrive.
_DROPPABLE_PART: Final = 4


class _Typed(msgspec.Struct):
    """Reads a frame's type and nothing else of it."""

    type: str


_typed: Final = msgspec.json.Decoder(_Typed)


class Payload:
    """The text of a frame, and its bytes as each kind of connection writes them, made once for all who get it.

    change: the event's place in its room's order, None for what is not durable. is_droppable: a slow connection may
    lose it.
    """

    __slots__ = ("_as_event", "_framed", "_type", "change", "is_droppable", "text")

    def __init__(self, text: str, change: int | None = None, *, is_droppable: bool = False) -> None:
        self.text = text
        self.change = change
        self.is_droppable = is_droppable
        self._framed: bytes | None = None
        self._as_event: bytes | None = None
        self._type: str | None = None

    @property
    def type(self) -> str:
        if self._type is None:
            self._type = _typed.decode(self.text).type
        return self._type

    @property
    def framed(self) -> bytes:
        if self._framed is None:
            data = self.text.encode()
            size = len(data)
            if size < _SMALL_FRAME:
                header = bytes((0x81, size))
            elif size < _MEDIUM_FRAME:
                header = b"\x81\x7e" + size.to_bytes(2, "big")
            else:
                header = b"\x81\x7f" + size.to_bytes(8, "big")
            self._framed = header + data
        return self._framed

    @property
    def as_event(self) -> bytes:
        """The bytes as a server-sent event. The text is JSON on one line, so it needs no splitting."""
        if self._as_event is None:
            id_line = "" if self.change is None else f"id: {self.change}\n"
            self._as_event = f"event: {self.type}\n{id_line}data: {self.text}\n\n".encode()
        return self._as_event


class FrameWriter(Protocol):
    """What a server offers that takes ready-made frames: the extension `parley.frames` of the ASGI scope."""

    def write(self, frames: bytes) -> None: ...

    @property
    def buffered(self) -> Callable[[], int]:
        """What returns how many bytes the transport still holds."""

    def close(self, code: int, reason: str) -> None: ...


class Outbox(Protocol):
    def push(self, payload: Payload) -> None: ...
    def close(self, code: int, reason: str) -> None: ...


def may_drop(waiting_bytes: int) -> bool:
    """Whether so much waits already that what is droppable is left out."""
    limit: int = settings.OUTBOX_BYTES
    return waiting_bytes > limit / _DROPPABLE_PART > 0


class DirectOutbox:
    """Frames that become due within a few turns of the loop are joined and written once."""

    __slots__ = ("_on_overflow", "_writer", "is_closed", "pending")

    _dirty: "list[DirectOutbox]" = []  # noqa: RUF012 - one for all outboxes of the process, on purpose

    def __init__(self, writer: FrameWriter, on_overflow: Callable[[], None]) -> None:
        self._writer = writer
        self._on_overflow = on_overflow
        self.pending: list[Payload] = []
        self.is_closed = False

    def push(self, payload: Payload) -> None:
        if self.is_closed:
            return
        if not self.pending:
            if not DirectOutbox._dirty:
                DirectOutbox._flush_after(_TURNS_UNTIL_WRITTEN)
            DirectOutbox._dirty.append(self)
        self.pending.append(payload)

    @staticmethod
    def _flush_after(turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(DirectOutbox._flush_after, turns - 1)
        else:
            DirectOutbox._flush_all()

    @staticmethod
    def _flush_all() -> None:
        """Write what is pending everywhere. Most outboxes hold the same frames: those are joined once for all of them."""
        dirty, DirectOutbox._dirty = DirectOutbox._dirty, []
        limit: int = settings.OUTBOX_BYTES
        joined_for: list[Payload] = []
        joined = b""
        for outbox in dirty:
            pending = outbox.pending
            if pending and not outbox.is_closed:
                if pending != joined_for:
                    joined_for, joined = pending, _join(pending)
                outbox.pending = []
                outbox.write(pending, joined, limit)

    def flush(self) -> None:
        pending, self.pending = self.pending, []
        if pending and not self.is_closed:
            self.write(pending, _join(pending), settings.OUTBOX_BYTES)

    def write(self, pending: list[Payload], joined: bytes, limit: int) -> None:
        held = self._writer.buffered()
        if held + len(joined) > limit / _DROPPABLE_PART > 0:
            if held > limit:
                self._on_overflow()
                return
            joined = _join(_without_droppable(pending, held))
        self._writer.write(joined)

    def close(self, code: int, reason: str) -> None:
        """Write what is pending and then the close frame."""
        if self.is_closed:
            return
        self.flush()
        if not self.is_closed:
            self.is_closed = True
            self._writer.close(code, reason)


def _join(payloads: list[Payload]) -> bytes:
    return payloads[0].framed if len(payloads) == 1 else b"".join([payload.framed for payload in payloads])


def _without_droppable(payloads: list[Payload], waiting_bytes: int) -> list[Payload]:
    """Leave out what is droppable from where too much waits."""
    kept = []
    for payload in payloads:
        size = len(payload.framed)
        if not (payload.is_droppable and may_drop(waiting_bytes + size)):
            kept.append(payload)
            waiting_bytes += size
    return kept


class SendOutbox:
    """A queue that a task empties through ASGI's `send`; the task lives only while there is something to send."""

    __slots__ = ("_bytes", "_close", "_on_overflow", "_queue", "_send", "_task")

    def __init__(self, send: Send, on_overflow: Callable[[], None]) -> None:
        self._send = send
        self._on_overflow = on_overflow
        self._queue: deque[Payload] = deque()
        self._bytes = 0
        self._close: tuple[int, str] | None = None
        self._task: asyncio.Task[None] | None = None

    def push(self, payload: Payload) -> None:
        if self._close is not None:
            return
        size = len(self._encoded(payload))
        # The first is on its way and as large as it is: a long history must not count against what follows it.
        waiting = self._bytes - len(self._encoded(self._queue[0])) + size if self._queue else 0
        if payload.is_droppable and may_drop(waiting):
            return
        if waiting > settings.OUTBOX_BYTES > 0:
            self.drop()
            self._on_overflow()
            return
        self._queue.append(payload)
        self._bytes += size
        self._wake()

    def close(self, code: int, reason: str) -> None:
        if self._close is None:
            self._close = (int(code), reason)
            self._wake()

    def drop(self) -> None:
        """Forget what waits."""
        self._queue.clear()
        self._bytes = 0

    def _wake(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._empty())

    async def _empty(self) -> None:
        is_broken = False
        try:
            while self._queue:
                payload = self._queue.popleft()
                self._bytes -= len(self._encoded(payload))
                await self._send_payload(payload)
            if self._close is not None:
                await self._send_close(*self._close)
        except (OSError, RuntimeError):
            self.drop()  # the peer is gone, or the server has closed: the receiving side of the connection notices
        except Exception as error:  # noqa: BLE001 - every server has errors of its own
            log.warning("outbox.send_failed", error=type(error).__name__)
            self.drop()
            is_broken = True
        finally:
            self._task = None
        if is_broken and self._close is None:
            # The socket may still be open, and a frame is missing: to go on would be a hole that nobody sees.
            self._on_overflow()

    def _encoded(self, payload: Payload) -> bytes:
        return payload.framed

    async def _send_payload(self, payload: Payload) -> None:
        await self._send({"type": "websocket.send", "text": payload.text})

    async def _send_close(self, code: int, reason: str) -> None:
        """Daphne refuses most standard codes and would leave the socket open: it gets the nearest that it takes."""
        close = {"type": "websocket.close", "code": code, "reason": reason}
        try:
            await self._send(close)
        except (OSError, RuntimeError):
            raise
        except Exception:  # noqa: BLE001 - Autobahn raises nothing more precise
            await self._send({**close, "code": _NEAREST_CODE.get(code, _ANY_RECONNECT)})
