"""One request to the fake and the response to it: HTTP/1.1 by hand, since a mode must be able to break it anywhere."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from fake_claude import wire

# With a linger time of zero, closing resets the connection.
_RESET: Final = struct.pack("ii", 1, 0)
_TOGETHER_BYTES: Final = 16_384
# Long enough for a client on the same machine to read what was sent.
_READING_SECONDS: Final = 0.1
_REASONS: Final = {200: "OK"}


class ClientGone(Exception):
    """The client closed the connection before the response was over."""


class Exchange:
    """What a mode gets: the request, and the means to respond to it, or to fail at it."""

    def __init__(
        self,
        body: dict[str, Any],
        request_id: str,
        connection: int,
        transport: asyncio.Transport,
        remember: Callable[[str, Any], None],
        body_bytes: int = 0,
        method: str = "POST",
        form: bytes = b"",
    ) -> None:
        self.body = body
        self.body_bytes = body_bytes
        self.method = method
        self.form = form
        self.request_id = request_id
        self.connection = connection
        self.gone = asyncio.Event()
        self.released = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.deltas = 0
        # Set before the last bytes leave, so that a test that has read them finds it set.
        self.is_whole = False
        # remember(tool_use_id, mode): what responds to the request that brings this tool's result.
        self.remember = remember
        self.usage: dict[str, Any] = {}
        self._transport = transport
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0

    async def respond(self, status: int, data: Any, **headers: str) -> None:
        """Respond with a whole JSON document."""
        payload = json.dumps(data).encode()
        self._head(status, {"content-type": "application/json", "content-length": str(len(payload)), **headers})
        self._put(payload)
        self.is_whole = True
        await self._flush()

    async def fail(self, status: int, type_: str, text: str, code: str = "", **headers: str) -> None:
        await self.respond(status, wire.error(type_, text, self.request_id, code), **headers)

    def open_stream(self) -> None:
        self._head(200, {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"})

    async def send(self, data: bytes) -> None:
        """Send a chunk of the stream: the client reads each on its own, wherever it cuts an event or a character.

        What is sent without a pause goes out together: the test's thread and ours would fight for the interpreter.
        """
        self._put(b"%x\r\n%b\r\n" % (len(data), data))
        if self._unsent_bytes >= _TOGETHER_BYTES:
            await self._flush()

    async def end_stream(self) -> None:
        self._put(b"0\r\n\r\n")
        self.is_whole = True
        await self._flush()

    async def pause(self, seconds: float | None) -> None:
        """Wait; None means until the client goes away."""
        await self._flush()
        try:
            await asyncio.wait_for(self.gone.wait(), seconds)
        except TimeoutError:
            return
        raise ClientGone

    async def pause_until(self, when: float) -> None:
        """Wait until a moment of the event loop's clock, at the cost of one timer: for many responses at a time."""
        await self._flush()
        await asyncio.sleep(max(0.0, when - asyncio.get_running_loop().time()))

    async def hold(self) -> None:
        """Wait until the test releases the response."""
        await self._flush()
        waits = [asyncio.ensure_future(event.wait()) for event in (self.released, self.gone)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._check()

    async def cut(self) -> None:
        """Close the connection in the middle of the body, as a proxy does that is restarted."""
        await self._flush()
        self._transport.close()

    async def reset(self) -> None:
        # A reset destroys what the client has not read yet: let it have the rest first.
        await self.pause(_READING_SECONDS)
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}", f"request-id: {self.request_id}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._put(("\r\n".join(lines) + "\r\n\r\n").encode())

    def _put(self, data: bytes) -> None:
        self._unsent.append(data)
        self._unsent_bytes += len(data)

    async def _flush(self) -> None:
        """Send what was put; wait when the client reads slowly, and let other responses advance."""
        self._check()
        self._transport.write(b"".join(self._unsent))
        self._unsent, self._unsent_bytes = [], 0
        await asyncio.sleep(0)
        if not self.writable.is_set():
            await self.writable.wait()
            self._check()

    def _check(self) -> None:
        if self.gone.is_set() or self._transport.is_closing():
            raise ClientGone
