"""What uvicorn's protocol would keep without a bound, fed by hand: there is no server and no line here."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from chat.server.transport import uvicorn_protocol
from chat.server.transport.uvicorn_protocol import AbortableHttp, FrameProtocol

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK = b"\0\0\0\0"
PING = b"\x89\x84" + MASK + b"ping"
PONG = b"\x8a\x04ping"
FRAGMENTS = 5_000


class Line(asyncio.Transport):
    """Takes what is written, and only notes that it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.is_closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def accepting(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await asyncio.Event().wait()


@pytest.fixture
def line() -> Line:
    return Line()


def loaded(application: Any = accepting) -> Config:
    config = Config(application, ws_per_message_deflate=False, log_config=None, ws_ping_interval=None)
    config.load()
    return config


async def opened(line: Line, application: Any = accepting) -> FrameProtocol:
    protocol = FrameProtocol(loaded(application), ServerState(), {})
    protocol.connection_made(line)
    protocol.data_received(HANDSHAKE)
    while not line.written:  # noqa: ASYNC110 - a list knows of no event
        await asyncio.sleep(0)
    line.written.clear()
    return protocol


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize("fragment", [b"", b"x"], ids=["empty", "one byte"])
async def test_fragments_take_the_memory_of_their_bytes_and_no_more(
    line: Line, settings: Any, traced: None, fragment: bytes
) -> None:
    """Each one kept for itself, they took up to forty times as much; where their rate is not limited, no one ends it."""
    settings.FRAMES_PER_SECOND = 0
    protocol = await opened(line)
    protocol.data_received(b"\x01\x81" + MASK + b"x")
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(FRAGMENTS):
        protocol.data_received(bytes([0x00, 0x80 | len(fragment)]) + MASK + fragment)
    after, _ = tracemalloc.get_traced_memory()
    assert after - before < 3 * FRAGMENTS


async def test_who_asks_with_pings_and_never_reads_is_not_written_to(line: Line) -> None:
    protocol = await opened(line)
    protocol.pause_writing()  # the transport's buffer is full
    protocol.data_received(PING * 100)
    assert not b"".join(line.written)
    protocol.resume_writing()
    protocol.data_received(PING)
    assert b"".join(line.written) == PONG


async def test_a_client_that_never_reads_still_gets_the_closing(line: Line) -> None:
    protocol = await opened(line)
    protocol.pause_writing()
    protocol.data_received(PING + b"\x88\x82" + MASK + b"\x03\xe8")
    assert b"".join(line.written).endswith(b"\x88\x02\x03\xe8")


async def test_of_a_packet_full_of_pings_only_the_first_are_read(line: Line, settings: Any) -> None:
    """Parsed as one, such a packet holds everyone up for half a second, and the next connection brings another."""
    settings.FRAMES_PER_SECOND, settings.FRAMES_BURST = 1, 100
    protocol = await opened(line)
    protocol.data_received(PING * 25_000)
    written = b"".join(line.written)
    assert b"\x88\x0a\x0f\xa2Flooding" in written
    assert 100 <= written.count(PONG) < 600
    line.written.clear()
    protocol.data_received(PING)
    assert not line.written


async def test_a_large_message_in_one_packet_is_read_whole(line: Line, settings: Any) -> None:
    settings.FRAMES_PER_SECOND, settings.FRAMES_BURST = 1, 1
    heard: list[Any] = []

    async def hearing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            heard.append(await receive())

    protocol = await opened(line, hearing)
    texts = ["a" * 60_000, "b" * 5_000, "c"]
    frames = [bytes([0x81, 0xFE]) + len(text).to_bytes(2, "big") + MASK + text.encode() for text in texts]
    protocol.data_received(b"".join(frames))
    while len(heard) < len(texts):  # noqa: ASYNC110 - a list knows of no event
        await asyncio.sleep(0)
    assert [message["text"] for message in heard] == texts


@pytest.mark.parametrize("piece", [b"X-Flood: " + b"x" * 1000 + b"\r\n", b"x" * 1000], ids=["lines", "one line"])
async def test_a_head_without_an_end_is_refused(line: Line, piece: bytes) -> None:
    protocol = AbortableHttp(loaded(), ServerState(), {})
    protocol.connection_made(line)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: chat\r\nX: ")
    for _ in range(60):
        protocol.data_received(piece)
    assert line.written == []
    for _ in range(10):
        protocol.data_received(piece)
    assert line.is_closed and line.written[0].startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: chat\r\nX: "], ids=["silent", "half a head"])
async def test_a_head_that_does_not_come_in_time_is_not_waited_for(
    line: Line, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "_HEAD_SECONDS", 0.05)
    protocol = AbortableHttp(loaded(), ServerState(), {})
    protocol.connection_made(line)
    for _ in range(4):
        protocol.data_received(begun or b"\r\n")
        await asyncio.sleep(0.02)  # who sends a byte now and then is no better
    assert line.is_closed
    protocol.connection_lost(None)


async def test_after_its_head_a_request_may_take_its_time_and_the_next_head_may_not(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "_HEAD_SECONDS", 0.05)
    config = Config(reading, log_config=None)
    config.load()
    protocol = AbortableHttp(config, ServerState(), {})
    protocol.connection_made(line)
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: chat\r\nContent-Length: 3\r\n\r\n")
    for _ in range(3):
        await asyncio.sleep(0.05)
        protocol.data_received(b"x")
    while not line.written:  # noqa: ASYNC110 - a list knows of no event
        await asyncio.sleep(0)
    was_closed = line.is_closed
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: ")
    await asyncio.sleep(0.1)
    assert (was_closed, line.is_closed) == (False, True)
    protocol.connection_lost(None)


async def reading(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


async def test_a_long_body_is_no_head_and_another_request_may_follow(line: Line) -> None:
    config = Config(reading, log_config=None)
    config.load()
    protocol = AbortableHttp(config, ServerState(), {})
    protocol.connection_made(line)
    for count in (1, 2):
        protocol.data_received(b"POST / HTTP/1.1\r\nHost: chat\r\nContent-Length: 200000\r\n\r\n")
        for _ in range(200):
            protocol.data_received(b"x" * 1000)
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert b"".join(line.written).count(b"HTTP/1.1 200 ") == count
    assert not line.is_closed
    protocol.connection_lost(None)


class Caller(Line):
    """A connection from an address, which may leave unread what is written."""

    def __init__(self, address: str, unread: int = 0, descriptor: int | None = None) -> None:
        super().__init__()
        self._address, self._unread, self._descriptor = address, unread, descriptor
        self.is_aborted = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "socket" and self._descriptor is not None:
            return self
        return (self._address, 50_000) if name == "peername" else default

    def getpeername(self) -> tuple[str, int]:
        return self._address, 50_000

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 8000

    def fileno(self) -> int:
        return self._descriptor or 0

    def get_write_buffer_size(self) -> int:
        return self._unread

    def abort(self) -> None:
        self.is_aborted = True

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol


def call(address: str, unread: int = 0, application: Any = reading) -> tuple[Caller, AbortableHttp]:
    config = Config(application, log_config=None, ws=FrameProtocol)
    config.load()
    caller, protocol = Caller(address, unread), AbortableHttp(config, ServerState(), {})
    protocol.connection_made(caller)
    return caller, protocol


async def test_one_address_has_only_so_many_connections_that_are_no_sockets(settings: Any) -> None:
    settings.SOCKETS_PER_ADDRESS = 2
    calls = [call("203.0.113.1") for _ in range(3)]
    assert [caller.is_aborted for caller, _ in calls] == [False, False, True]
    assert not call("203.0.113.2")[0].is_aborted
    calls[2][1].connection_lost(None)  # it was never counted
    assert call("203.0.113.1")[0].is_aborted
    calls[0][1].connection_lost(None)
    assert not call("203.0.113.1")[0].is_aborted


async def test_a_home_s_ipv6_addresses_have_as_many_connections_as_one_address(settings: Any) -> None:
    settings.SOCKETS_PER_ADDRESS = 2
    calls = [call(f"2001:db8::{number}") for number in (1, 2, 3)]
    assert [caller.is_aborted for caller, _ in calls] == [False, False, True]
    assert not call("2001:db8:0:1::1")[0].is_aborted


async def test_a_connection_that_becomes_a_socket_is_counted_elsewhere(settings: Any) -> None:
    settings.SOCKETS_PER_ADDRESS = 1
    caller, protocol = call("203.0.113.3", application=accepting)
    protocol.data_received(HANDSHAKE)
    assert isinstance(caller.protocol, FrameProtocol)
    assert not call("203.0.113.3")[0].is_aborted


async def test_behind_a_proxy_all_come_from_one_address(settings: Any) -> None:
    settings.SOCKETS_PER_ADDRESS, settings.TRUSTED_PROXIES = 1, 1
    assert not any(call("127.0.0.1")[0].is_aborted for _ in range(3))


@pytest.mark.parametrize(("unread", "is_aborted"), [(100_000, True), (0, False)])
async def test_the_end_of_a_response_does_not_lie_unread_forever(
    monkeypatch: pytest.MonkeyPatch, unread: int, is_aborted: bool
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "_UNREAD_SECONDS", 0.05)
    caller, protocol = call("203.0.113.4", unread)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n")
    await asyncio.sleep(0.2)
    assert b" 200 " in caller.written[0]
    assert caller.is_aborted is is_aborted
    protocol.connection_lost(None)


@pytest.mark.parametrize(("descriptor", "is_aborted"), [(935, False), (936, True), (999, True)])
async def test_connections_leave_file_descriptors_to_the_database_and_to_files(
    monkeypatch: pytest.MonkeyPatch, descriptor: int, is_aborted: bool
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "_files_at_most", lambda: 1000)
    protocol, caller = AbortableHttp(loaded(), ServerState(), {}), Caller("203.0.113.5", descriptor=descriptor)
    protocol.connection_made(caller)
    assert caller.is_aborted is is_aborted
    protocol.connection_lost(None)
