"""The proxy does what it says, seen from both of its sides."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.faults.proxy import Proxy, ProxyThread

SOON_SECONDS = 5.0


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends everything back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            connection, _address = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with closing(connection):
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy(echo_port: int) -> Iterator[Proxy]:
    with ProxyThread() as thread:
        yield thread.to(echo_port, seed=1)


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=SOON_SECONDS) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
        yield connection


def test_bytes_pass_late(proxy: Proxy, client: socket.socket) -> None:
    proxy.delay(0.15)
    begun = time.monotonic()
    client.sendall(b"late")
    assert client.recv(100) == b"late"
    assert time.monotonic() - begun >= 0.3, "once on the way there and once on the way back"


def test_a_cut_resets_the_connection(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.cut() == 1
    assert ended(lambda: client.recv(100))


def test_a_connection_ends_at_a_byte(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.cut_at_byte(100) == 1
    sent, received = 0, b""
    while sent < 300:
        try:
            client.sendall(b"x" * 10)
            sent += 10
            data = client.recv(100)
        except ConnectionError:
            break
        if not data:
            break
        received += data
    assert sent < 300 and len(received) < 100 and proxy.cuts == 1


def test_nothing_leaves_a_black_hole_before_its_end(proxy: Proxy, client: socket.socket) -> None:
    proxy.black_hole(True)
    client.sendall(b"held")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.black_hole(False)
    client.settimeout(SOON_SECONDS)
    assert client.recv(100) == b"held"


def test_an_abandoned_connection_stays_open_and_others_flow(proxy: Proxy, client: socket.socket) -> None:
    proxy.abandon_after(b"last words")
    client.sendall(b"my last words")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    assert proxy.abandoned == 1
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=SOON_SECONDS) as another:
        another.sendall(b"hello")
        assert another.recv(100) == b"hello"


def test_half_a_close_ends_one_direction(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.half_close() == 1
    assert ended(lambda: client.recv(100)), "the echo ends when it has nothing more to read, or nothing comes back"


def test_a_response_with_a_mark_is_lost(proxy: Proxy, client: socket.socket) -> None:
    proxy.lose_responses(b"committed", 1)
    client.sendall(b"other")
    assert client.recv(100) == b"other"
    client.sendall(b"it is committed")
    assert ended(lambda: client.recv(100))
    assert proxy.responses_lost == 1
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=SOON_SECONDS) as again:
        again.sendall(b"it is committed")
        assert again.recv(100) == b"it is committed"


def test_a_target_that_is_away_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with ProxyThread() as thread:
        proxy = thread.to(port)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=SOON_SECONDS) as connection:
            assert ended(lambda: connection.recv(100))


def ended(read: Callable[[], bytes]) -> bool:
    try:
        return read() == b""
    except ConnectionError:
        return True
