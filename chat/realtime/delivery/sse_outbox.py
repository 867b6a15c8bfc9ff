"""What waits to be written to one stream of server-sent events: bounded as a socket's outbox is, by the same rules."""

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Final

from chat.protocol import frames, wire
from chat.realtime.delivery.outbox import Send, SendOutbox
from chat.realtime.delivery.payload import Payload

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # What goes through a proxy must neither be kept, nor be compressed: that would wait for more to compress.
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
_OK: Final = 200
# How long a client waits before it comes back: not the same for all, or a restart would bring them all at once.
_RETRY_MS: Final = (1000, 4000)
_KEEPALIVE: Final = b": keepalive\n\n"


class _Block(Payload):
    """Ready-made bytes that go out as they are."""

    __slots__ = ()

    def __init__(self, data: bytes) -> None:
        super().__init__("")
        self._as_event = data


def together(payloads: Iterable[Payload]) -> Payload:
    """Return several as one, which is sent however large it is: a recovery alone must not overflow."""
    return _Block(b"".join(payload.as_event for payload in payloads))


class SseOutbox(SendOutbox):
    """Sends the response's head before its first event, and ends the body after the last one, `closed`."""

    __slots__ = ("_closing", "_ended", "_has_begun")

    def __init__(self, send: Send, on_overflow: Callable[[], None]) -> None:
        super().__init__(send, on_overflow)
        self._has_begun = False
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def has_begun(self) -> bool:
        """Whether the response has begun: after that, no refusal can be sent."""
        return self._has_begun or bool(self._queue) or self._close is not None

    def keep_alive(self) -> None:
        """Show a silent connection's proxies and reader that it lives."""
        if not self._queue and self._task is None:
            self.push(_Block(_KEEPALIVE))

    def close(self, code: int, reason: str) -> None:
        super().close(code, reason)
        self._closing.set()

    async def wait_closing(self) -> None:
        await self._closing.wait()

    async def wait_ended(self) -> None:
        """Wait until everything is sent after a `close`."""
        await self._ended.wait()

    def _encoded(self, payload: Payload) -> bytes:
        return payload.as_event

    async def _empty(self) -> None:
        await super()._empty()
        if self._close is not None and self._task is None:
            self._ended.set()

    async def _send_payload(self, payload: Payload) -> None:
        await self._begin()
        await self._send({"type": "http.response.body", "body": payload.as_event, "more_body": True})

    async def _send_close(self, code: int, reason: str) -> None:
        await self._begin()
        last = Payload(frames.event("closed", wire.Closed(code, reason)))
        await self._send({"type": "http.response.body", "body": last.as_event})

    async def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            await self._send({"type": "http.response.start", "status": _OK, "headers": HEADERS})
            await self._send({"type": "http.response.body", "body": retry_line(), "more_body": True})


def retry_line(wait: int | None = None) -> bytes:
    """Return the line that tells a browser after how many milliseconds to come back."""
    wait = random.randint(*_RETRY_MS) if wait is None else wait  # noqa: S311 - spreads load, guards nothing
    return f"retry: {wait}\n\n".encode()
