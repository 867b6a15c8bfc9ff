"""Plain WebSockets for the load generator: opened one after the other, then handed over as file descriptors."""

import base64
import os
import resource
import select
import socket
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

from bench.load.generator import client_frame

_TIMEOUT_SECONDS: Final = 20.0
_QUIET_SECONDS: Final = 0.3
_RECEIVE_BYTES: Final = 1 << 18


class Step(NamedTuple):
    """One step of an opening: a text to send, if any, and what must come before the next step, if anything."""

    text: str = ""
    marker: bytes = b""


class OpeningFailed(RuntimeError):
    """A server refused a handshake, or did not respond to a step."""


class Sockets:
    """Open WebSockets that are closed together."""

    def __init__(self, port: int, path: str = "/ws") -> None:
        self._port, self._path = port, path
        self._open: list[socket.socket] = []
        allow_many_files()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open:
            each.close()

    def open(self, steps: Sequence[Step], *, query: str = "", headers: Iterable[str] = ()) -> int:
        """Open one socket, walk it through its steps and return its file descriptor. Raises OpeningFailed."""
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.append(connection)
        connection.sendall(handshake(self._port, self._path + query, headers))
        received = _read_until(connection, b"\r\n\r\n", b"")
        head, _, received = received.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            raise OpeningFailed(head.decode(errors="replace") + received.decode(errors="replace"))
        for step in steps:
            if step.text:
                connection.sendall(client_frame(step.text))
            if step.marker:
                received = _read_until(connection, step.marker, received).partition(step.marker)[2]
        connection.setblocking(False)
        return connection.fileno()

    def settle(self) -> None:
        """Read and drop what comes until nothing does, so that each socket stands at the beginning of a frame."""
        poll = select.poll()
        by_number = {each.fileno(): each for each in self._open}
        for number in by_number:
            poll.register(number, select.POLLIN)
        while ready := poll.poll(_QUIET_SECONDS * 1000):
            for number, _ in ready:
                if not by_number[number].recv(_RECEIVE_BYTES):
                    raise OpeningFailed("the server closed a connection")


def handshake(port: int, target: str, headers: Iterable[str] = ()) -> bytes:
    """Return the HTTP request that opens a WebSocket."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: a thousand sockets are more than most systems grant."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _read_until(connection: socket.socket, marker: bytes, received: bytes) -> bytes:
    while marker not in received:
        more = connection.recv(_RECEIVE_BYTES)
        if not more:
            raise OpeningFailed(f"the server closed before {marker!r}; it had sent {received[-500:]!r}")
        received += more
    return received
