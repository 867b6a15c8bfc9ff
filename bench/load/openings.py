"""Opening many WebSockets at once, as after a restart: so many openings under way, the next when one is done."""

import selectors
import socket
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from bench.load.generator import client_frame
from bench.load.sockets import OpeningFailed, Step, allow_many_files, handshake

_RECEIVE_BYTES: Final = 1 << 16
_TIMEOUT_SECONDS: Final = 20.0


class Way(NamedTuple):
    """How one socket is opened: path with query, then its steps."""

    target: str
    steps: Sequence[Step]


class Opened(NamedTuple):
    """How long all openings together took, and the open sockets, which are the caller's to close."""

    seconds: float
    sockets: list[socket.socket]

    @property
    def per_second(self) -> float:
        return len(self.sockets) / self.seconds


class _Opening:
    """One socket on its way through handshake and steps."""

    def __init__(self, port: int, way: Way) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(("127.0.0.1", port))
        self._steps = iter((Step("", b"\r\n\r\n"), *way.steps))
        self._received = b""
        self._request = handshake(port, way.target)
        self._wanted = b""

    def begin(self) -> None:
        self.socket.send(self._request)
        self._wanted = next(self._steps).marker

    def read(self) -> bool:
        """Take what has come and do the steps that it allows; return whether the last one is done."""
        more = self.socket.recv(_RECEIVE_BYTES)
        if not more:
            raise OpeningFailed(f"the server closed before {self._wanted!r}; it had sent {self._received[-300:]!r}")
        self._received += more
        while self._wanted in self._received:
            head, _, self._received = self._received.partition(self._wanted)
            if self._wanted == b"\r\n\r\n" and b" 101 " not in head.splitlines()[0]:
                raise OpeningFailed(head.decode(errors="replace"))
            step = next(self._steps, None)
            if step is None:
                return True
            if step.text:
                self.socket.send(client_frame(step.text))
            self._wanted = step.marker
        return False


def open_many(port: int, ways: Sequence[Way], *, at_once: int = 64) -> Opened:
    """Open a socket for each way. Raises OpeningFailed."""
    allow_many_files()
    waiting = iter(ways)
    opened: list[socket.socket] = []
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:

        def start() -> None:
            way = next(waiting, None)
            if way is not None:
                begun = _Opening(port, way)
                selector.register(begun.socket, selectors.EVENT_WRITE, begun)

        for _ in range(at_once):
            start()
        while len(opened) < len(ways):
            ready = selector.select(_TIMEOUT_SECONDS)
            if not ready:
                raise OpeningFailed(f"nothing came for {_TIMEOUT_SECONDS:g} s; {len(opened)} were open")
            for key, events in ready:
                opening: _Opening = key.data
                if events & selectors.EVENT_WRITE:
                    opening.begin()
                    selector.modify(opening.socket, selectors.EVENT_READ, opening)
                elif opening.read():
                    selector.unregister(opening.socket)
                    opened.append(opening.socket)
                    start()
    return Opened(time.monotonic() - began, opened)
