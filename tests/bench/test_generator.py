"""The load generator's own arithmetic, and that it counts and times what a server really sends."""

import ctypes
import socket
import threading
from collections.abc import Iterator

import pytest

from bench.load import generator
from bench.load.generator import LoadFailed, client_frame


def test_quantiles_of_a_histogram() -> None:
    histogram = (ctypes.c_uint32 * 10_000_000)()
    for micros, count in ((1000, 98), (5000, 1), (70_000, 1)):
        histogram[micros] = count
    assert generator.quantiles(histogram, 0.5, 0.98, 0.99, 1.0) == [1, 1, 5, 70]


def test_a_client_frame_is_masked_with_zeros() -> None:
    assert client_frame("ab") == b"\x81\x82\0\0\0\0ab"
    assert client_frame("x" * 200)[:8] == b"\x81\xfe\x00\xc8\0\0\0\0"


@pytest.fixture
def echo() -> Iterator[tuple[list[int], int]]:
    """Two receivers and a sender: whatever the sender sends, both receivers get as one unmasked frame."""
    senders, receivers = socket.socketpair(), [socket.socketpair() for _ in range(2)]

    def serve() -> None:
        while data := senders[1].recv(65536):
            while data:
                size = 6 + (data[1] & 0x7F)
                frame, data = data[:size], data[size:]
                for _, end in receivers:
                    # In two pieces: the generator must put a frame together.
                    end.sendall(bytes((0x81, size - 6)) + frame[6:9])
                    end.sendall(frame[9:])

    thread = threading.Thread(target=serve)
    thread.start()
    yield [own.fileno() for own, _ in receivers], senders[0].fileno()
    senders[0].shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert not thread.is_alive(), "the echo did not end in 10 s"
    for pair in (senders, *receivers):
        for end in pair:
            end.close()


def test_every_message_is_counted_at_every_receiver(echo: tuple[list[int], int]) -> None:
    receivers, sender = echo
    found = generator.fanout(receivers, [sender], ["news 00000000"], b"news", window=4, seconds=0.3, warm_up_seconds=0)
    assert found.sent > 0
    assert abs(found.received - 2 * found.sent) <= 2 * 4, "all, but for what was on its way when the time was over"
    assert 0 < found.p50 <= found.p95 <= found.p99 <= found.max


def test_what_is_lost_is_not_passed_over(echo: tuple[list[int], int]) -> None:
    receivers, sender = echo
    with socket.socket() as silent, pytest.raises(LoadFailed):
        generator.fanout([*receivers, silent.fileno()], [sender], ["x"], b"x", window=1, seconds=0.1)
