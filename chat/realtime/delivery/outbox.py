"""What waits to be written to one connection: bounded, and never in anybody else's way.

Kinds with one behaviour. `DirectOutbox` (direct_outbox.py) writes ready-made frames through the server's extension (see
uvicorn_protocol.py) and knows how much the transport still holds. `SendOutbox` uses ASGI's `send`, on any server;
sse_outbox.py is its sister for server-sent events. A client that reads too slowly fills the outbox; it is then dropped and
the owner told, who closes with 4001. Well before that a slow reader loses what is droppable: deltas, whose gap it sees.

What is about to be held counts, all but the largest frame of it: one response may be as large as it is, and is never cut in
two. So an outbox holds OUTBOX_BYTES and one frame at most.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import structlog
from django.conf import settings

from chat.realtime.delivery.payload import Payload

log = structlog.get_logger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]

# For servers that refuse 1xxx codes: what makes a client stay away, or come back, just as the right code does.
_NEAREST_CODE: Final = {1003: 1000, 1007: 1000, 1009: 1000}
_ANY_RECONNECT: Final = 4000
# What is droppable may fill this part of an outbox; the rest is kept for what must arrive.
_DROPPABLE_PART: Final = 4


class FrameWriter(Protocol):
    """What a server offers that takes ready-made frames: the extension `parley.frames` of the ASGI scope."""

    def write(self, frames: bytes) -> None: ...

    @property
    def buffered(self) -> Callable[[], int]:
        """What returns how many bytes the transport still holds."""

    def close(self, code: int, reason: str) -> None: ...


class Outbox(Protocol):
    @property
    def is_clear(self) -> bool:
        """Whether frames that are written now would overtake none that wait."""

    @property
    def waiting_bytes(self) -> int:
        """About how much its client has still to read."""

    def push(self, payload: Payload) -> None:
        """Queue a frame."""

    def write(self, payloads: list[Payload], frames: bytes, droppable_from: int) -> None:
        """Write frames now. payloads: what they consist of. droppable_from: read once for all outboxes that write now."""

    def take_back(self) -> list[Payload]:
        """Return what is not on its way yet, and forget it."""

    def close(self, code: int, reason: str) -> None: ...


class _EndedOutbox:
    """The outbox of a connection that has gone: takes everything and sends nothing."""

    __slots__ = ()
    is_clear: Final = True
    waiting_bytes: Final = 0

    def push(self, payload: Payload) -> None: ...

    def write(self, payloads: list[Payload], frames: bytes, droppable_from: int) -> None: ...

    def take_back(self) -> list[Payload]:
        return []

    def close(self, code: int, reason: str) -> None: ...


ENDED: Final = _EndedOutbox()


def is_too_much(held: int, payloads: Sequence[Payload], limit: int) -> bool:
    """Whether these frames are more than may wait behind what is held already."""
    sizes = [len(payload.framed) for payload in payloads]
    return bool(sizes) and held + sum(sizes) - max(sizes) > limit > 0


def droppable_from() -> int:
    """Return how many bytes may wait before what is droppable is left out: a part of OUTBOX_BYTES, without one no end."""
    return settings.OUTBOX_BYTES // _DROPPABLE_PART or sys.maxsize


class SendOutbox:
    """A queue that a task empties through ASGI's `send`; the task lives only while there is something to send."""

    __slots__ = ("_bytes", "_close", "_on_overflow", "_queue", "_send", "_task")

    is_clear: Final = True  # its queue keeps the order, whatever comes by `write`

    def __init__(self, send: Send, on_overflow: Callable[[], None]) -> None:
        self._send = send
        self._on_overflow = on_overflow
        self._queue: deque[Payload] = deque()
        self._bytes = 0
        self._close: tuple[int, str] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    def push(self, payload: Payload) -> None:
        if self._close is not None:
            return
        size = len(self._encoded(payload))
        # The first is on its way and as large as it is: a long history must not count against what follows it.
        waiting = self._bytes - len(self._encoded(self._queue[0])) + size if self._queue else 0
        if payload.is_droppable and waiting > droppable_from():
            return
        if waiting > settings.OUTBOX_BYTES > 0:
            self.drop()
            self._on_overflow()
            return
        self._queue.append(payload)
        self._bytes += size
        self._wake()

    def write(self, payloads: list[Payload], frames: bytes, droppable_from: int) -> None:
        for payload in payloads:
            self.push(payload)

    def close(self, code: int, reason: str) -> None:
        if self._close is None:
            self._close = (int(code), reason)
            self._wake()

    def take_back(self) -> list[Payload]:
        waiting = list(self._queue)
        self.drop()
        return waiting

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
            # The socket may still be open, and a frame is missing: to go on would be a hole that no one sees.
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
