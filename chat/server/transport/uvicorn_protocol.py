"""uvicorn's protocols with one more ASGI extension each.

`parley.frames` takes ready-made frames for a WebSocket, `parley.abort` cuts off an HTTP response that is not read.
Use them with `--ws` and `--http`, as config/serve.py does. On servers without them Parley uses ASGI's `send`, and waits.
"""

import asyncio
import logging
import sys
from collections import Counter
from typing import Any, ClassVar, Final, cast

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

if sys.platform != "win32":
    import resource

from accounts.client_address import network_of
from chat.limits.buckets import TokenBucket
from chat.protocol.close import REASONS, CloseCode
from chat.server.transport.text_frames import FrameStartReader, leading_texts
from chat.server.transport.transport_writer import TransportWriter
from chat.server.transport.unfinished_frames import UNCOUNTED_BYTES, HeldFrames, UnfinishedFrames

EXTENSION: Final = "parley.frames"
ABORT_EXTENSION: Final = "parley.abort"
# Of a message from the server to the application, in the place of "text": returns the text. It waits as bytes until then.
LARGE_TEXT: Final = "parley.large_text"
# All frames of a packet are parsed before the first one of them is counted: 256 KB hold 43,000 pings.
_PARSED_AT_ONCE_BYTES: Final = 4096
# A client with more to say cuts it into fewer and larger pieces; those are bounded by their bytes.
_SMALL_FRAGMENT_BYTES: Final = 256
_LINGER_SECONDS: Final = 2.0
_HEAD_BYTES: Final = 65_536
_HEAD_SECONDS: Final = 20.0
# For the last 128 KB of a response; what is larger has a time of its own (config.slow_readers).
_UNREAD_SECONDS: Final = 30.0
_RESERVED_FILES: Final = 64
_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class FrameProtocol(WebSocketsSansIOProtocol):
    """Adds the extension; logs no request line, since its query holds a ticket; no traceback for bad UTF-8."""

    unfinished: ClassVar = UnfinishedFrames()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = logging.getLogger(__name__)
        self._is_lingering = False
        self._extra_budget: TokenBucket | None = None
        self._held = HeldFrames(self.unfinished, self)
        self._reader = self.conn.reader = FrameStartReader()
        self.conn.parser = self.conn.parse()  # the first one reads from the reader that was replaced
        next(self.conn.parser)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            # The application's task has not run yet: it sees the scope with the extension.
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[EXTENSION] = TransportWriter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._held.end()
        self.conn.parser.close()  # it holds what holds it: without this line all would wait for a garbage collection

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # uvicorn forgets to note it, and then logs each refused handshake as an error of the application.
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        if self._reader.is_at_frame_start and self._is_open and self.conn.current_size is None:
            data = self._take_texts(data)
        for at in range(0, len(data), _PARSED_AT_ONCE_BYTES):
            if self._is_lingering or self.transport.is_closing():
                return
            super().data_received(data[at : at + _PARSED_AT_ONCE_BYTES])
        if data:  # what is read without the parser holds nothing
            self._held.begun(len(self._reader.buffer) + sum(map(len, self.frames)))

    def give_up_frames(self) -> None:
        """Close with 4001, and drop all that came: the connections together hold too much."""
        self._held.end()
        if self._is_open:
            self.logger.warning("Too many large frames wait: the connection of the oldest is closed")
            while not self.queue.empty():
                self.queue.get_nowait()
            self.conn.send_close(CloseCode.TOO_SLOW, REASONS[CloseCode.TOO_SLOW])
            self.handle_parser_exception()
        self._is_lingering = True
        self._reader.buffer.clear()
        self.frames = []

    @property
    def _is_open(self) -> bool:
        return self.conn.state is State.OPEN and not self.close_sent and not self._is_lingering

    def _take_texts(self, data: bytes) -> bytes:
        """Hand over the whole text messages at the beginning; return the rest, for the parser."""
        texts, taken = leading_texts(data, self.config.ws_max_size)
        for text in texts:
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if texts:
            self._pause_reading()
        return data[taken:] if taken else data

    def handle_parser_exception(self) -> None:
        """Say why, then read on for a moment and drop it.

        To close at once with unread bytes resets the line, and the client sees 1006 instead of 1009: it would come
        back and send the same frame forever.
        """
        closed = self.conn.close_sent
        code, reason = (closed.code, closed.reason) if closed is not None else (CloseCode.OUR_FAULT, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._is_lingering = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def handle_cont(self, event: Any) -> None:
        """Collect fragments in one buffer: as a list, those of no or one byte would take far more than `FRAME_BYTES`."""
        if not event.fin and len(event.data) < _SMALL_FRAGMENT_BYTES and not self._is_affordable():
            return
        frames = cast(list[Any], self.frames)
        if not isinstance(frames[0], bytearray):
            frames[0] = bytearray(frames[0])
        frames[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Send a pong unless earlier ones are unread: a client that only pings and never reads would fill the memory."""
        if not self._is_affordable():
            return
        pongs = b"".join(self.conn.data_to_send())
        if self.writable.is_set() or self.conn.state is not State.OPEN:
            self.transport.write(pongs)

    def handle_pong(self, event: Any) -> None:
        if self._is_affordable():
            super().handle_pong(event)

    def _is_affordable(self) -> bool:
        """Count a frame that is no request: no one else would. The first one too many ends the connection.

        A ping can't get an error frame, and no client needs more of them than of requests.
        """
        if self._is_lingering:
            return False
        if self._extra_budget is None:  # most connections never send such a frame
            self._extra_budget = TokenBucket(settings.FRAMES_PER_SECOND, settings.FRAMES_BURST)
        if not self._extra_budget.take():
            return True
        if self.close_sent or self.conn.state is not State.OPEN:
            self._is_lingering = True  # it ends in any case, and until then nothing more is parsed
        else:
            self.logger.warning("A client floods with pings, pongs or small fragments: closed")
            self.conn.send_close(CloseCode.FLOODING, REASONS[CloseCode.FLOODING])
            self.handle_parser_exception()
        return False

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            data = b"".join(self.frames)
            try:
                data.decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(CloseCode.INVALID_UTF8)
                self.handle_parser_exception()
                return
            if len(data) > UNCOUNTED_BYTES:
                self.frames = []
                message: Any = {"type": "websocket.receive", LARGE_TEXT: self._held.waiting(data)}
                self.queue.put_nowait(message)
                self._pause_reading()
                return
        super().send_receive_event_to_app()

    def _pause_reading(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()


def _takes_a_reserved_file(transport: Any) -> bool:
    """Whether connections have all file descriptors but the last ones: without those, no query and no page would work.

    The system gives out the lowest number that is free, so the number tells how many are open.
    """
    connection = transport.get_extra_info("socket")
    return connection is not None and 0 < _files_at_most() - _RESERVED_FILES <= connection.fileno()


def _files_at_most() -> int:
    """Return how many files this process may have open; 0: unknown, or no limit."""
    return 0 if sys.platform == "win32" else max(0, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


class AbortableHttp(HttpToolsProtocol):
    """Adds the extension: a function that cuts the connection with all that it still holds.

    Bounds a request's head in bytes and in time: uvicorn waits forever for one that does not end or does not begin, and
    a stranger's silent connections would take up all that a process may have open. Bounds as well how many connections
    without a socket one address has, and how long a response that is complete may lie unread.
    """

    # Of connections that have not become sockets, by address: sockets count for the person who opens them.
    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._counted_as: str | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if _takes_a_reserved_file(transport):
            transport.abort()
            return
        # Behind a proxy all connections come from one address; counting them is its work then.
        if self.client is not None and not settings.TRUSTED_PROXIES:
            network = network_of(self.client[0])
            if 0 < settings.SOCKETS_PER_ADDRESS <= self._open[network]:
                transport.abort()
                return
            self._counted_as = network
            self._open[self._counted_as] += 1
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, transport.close)

    def _count_no_more(self) -> None:
        if self._counted_as is not None:
            self._open[self._counted_as] -= 1
            if not self._open[self._counted_as]:
                del self._open[self._counted_as]
            self._counted_as = None

    def handle_websocket_upgrade(self) -> None:
        self._count_no_more()
        super().handle_websocket_upgrade()
        # The parser holds this protocol, whose work is done: without this line they would wait for a garbage collection.
        self.parser = cast(Any, None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._count_no_more()
        self._stop_head_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # uvicorn closes after a while, and closing waits until everything is sent: for a client that reads nothing, forever.
        if self._unread_timer is None and self.transport.get_write_buffer_size():
            self._unread_timer = self.loop.call_later(_UNREAD_SECONDS, self._cut_off_unread)

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _cut_off_unread(self) -> None:
        self._unread_timer = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def data_received(self, data: bytes) -> None:
        if self._is_in_head:
            # The parser keeps a head until it ends: one without an end would fill the memory, before anybody signs in.
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES and b"\r\n\r\n" not in data:
                self.transport.write(_HEAD_TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stop_unread_timer()  # the next response has a time of its own
        self._is_in_head, self._head_bytes = True, 0
        if self._head_timer is None:  # a further request on the same connection
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.transport.close)
        cast(dict[str, Any], self.scope)["extensions"] = {ABORT_EXTENSION: self.transport.abort}

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_head_timer()
        super().on_headers_complete()
