"""The floor in C gives what the other peers give: each message once, and to all in order, no one's typing to himself."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import machine
from bench.cases.fanout import MESSAGE, TYPING
from bench.load import generator
from bench.load.compiler import compiled
from bench.load.sockets import Sockets, Step
from bench.peers.floor import floors
from bench.peers.servers import Peer

JOIN = Step('{"id":"j","type":"join_room","payload":{"room":"bench"}}', b"joined")


@pytest.fixture(params=["C, one write per delivery", "C, joined writes"])
def floor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    [peer] = [peer for peer in floors(tmp_path) if peer.name == request.param]
    peer.install()
    peer.start(machine.SERVER_CORE)
    yield peer
    peer.stop()


def heard(descriptor: int, size: int) -> bytes:
    """Return so many bytes from a socket that stays open, or what came until nothing did for a moment."""
    with socket.socket(fileno=socket.dup(descriptor)) as connection:
        connection.settimeout(0.5)
        received = b""
        try:
            while len(received) < size:
                received += connection.recv(size - len(received))
        except TimeoutError:
            pass
        return received


def types(received: bytes) -> list[str]:
    return [part.split(b'"')[0].decode() for part in received.split(b'{"type":"')[1:]]


def test_frames_that_come_together_go_in_order_to_all_and_typing_not_to_its_sender(floor: Peer) -> None:
    with Sockets(floor.port) as sockets:
        reader, sender = sockets.open([JOIN]), sockets.open([JOIN])
        frames = b"".join(map(generator.client_frame, (TYPING, TYPING, MESSAGE, TYPING, MESSAGE)))
        with socket.socket(fileno=socket.dup(sender)) as connection:
            connection.sendall(frames[:-7])
            connection.sendall(frames[-7:])  # the last frame comes in two pieces
        assert types(heard(reader, 100_000)) == ["typing", "typing", "new_message", "typing", "new_message"]
        assert types(heard(sender, 100_000)) == ["new_message", "new_message"]


@pytest.mark.parametrize(("text", "marker"), [(TYPING, b'"type":"typing"'), (MESSAGE, b'"type":"new_message"')])
def test_under_load_every_receiver_gets_every_message(floor: Peer, text: str, marker: bytes) -> None:
    with Sockets(floor.port) as sockets:
        receivers, sender = [sockets.open([JOIN]) for _ in range(5)], sockets.open([JOIN])
        found = generator.fanout(receivers, [sender], [text], marker, window=16, seconds=0.3, warm_up_seconds=0)
    assert found.sent > 0
    assert abs(found.received - 5 * found.sent) <= 5 * 16, "all, but for what was on its way when the time was over"


def test_who_has_left_is_forgotten(floor: Peer) -> None:
    with Sockets(floor.port) as sockets:
        reader, sender = sockets.open([JOIN]), sockets.open([JOIN])
        with Sockets(floor.port) as others:
            others.open([JOIN])
        found = generator.fanout([reader], [sender], [MESSAGE], b"new_message", window=2, seconds=0.1)
        assert found.sent > 0


def test_a_changed_file_is_compiled_anew(tmp_path: Path) -> None:
    source = tmp_path / "number.c"
    source.write_text("int main(void) { return 0; }")
    first = compiled(source)
    source.write_text("int main(void) { return 1; }")
    second = compiled(source)
    assert first != second and compiled(source) == second
    for built in (first, second):
        built.unlink()
