"""A child process as its parent sees it. One request at a time; between two of them it belongs to no event loop."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from chat.bounded.child import REQUEST, RESPONSE, Status

_ROOT: Final = Path(__file__).resolve().parents[2]
_PIECE_BYTES: Final = 1 << 18
# Its deadline and its own faults have other signals: this was an operator, or a machine without memory.
_KILLED_FROM_OUTSIDE: Final = (-signal.SIGKILL, -signal.SIGTERM)
# What an interpreter needs to start. The rest of the environment holds secrets.
_ENVIRONMENT: Final = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL",
)  # fmt: skip


class Request(NamedTuple):
    """soft, hard: seconds of processor time. wall: seconds until a process that is frozen is given up."""

    data: bytes
    soft: float
    hard: float
    wall: float
    files: Sequence[int] = ()


class Response(NamedTuple):
    status: Status
    seconds: float
    data: bytes


class Died(Exception):
    """The process ended before it gave a result. `was_idle`: before it began, so that another one may be asked. `by_chance`:
    of nothing that it worked on.
    """

    def __init__(self, reason: str, *, was_idle: bool = False, by_chance: bool = False) -> None:
        super().__init__(reason)
        self.was_idle = was_idle
        self.by_chance = by_chance


class Child:
    """A running child process."""

    def __init__(self, program: str) -> None:
        """Start it. Raises OSError. It takes the first request while it is still starting."""
        self._link, theirs = socket.socketpair()
        self._link.setblocking(False)
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-m", program],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd=_ROOT,
                    env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                    # Python opens nothing that a child inherits. To close each would hold the parent in proportion to
                    # its connections.
                    close_fds=False,
                    # A signal for the group of a terminal is for the server, which tells its children.
                    process_group=0,
                )
            except OSError:
                self._link.close()
                raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    async def ask(self, request: Request) -> Response:
        """Return its response. Raises Died; the process is gone then."""
        try:
            async with asyncio.timeout(request.wall):
                await self._send(request)
                return await self._receive()
        except TimeoutError:
            self.end()
            raise Died("frozen", by_chance=True) from None
        except BaseException:
            self.end()
            raise

    async def _send(self, request: Request) -> None:
        head = REQUEST.pack(len(request.data), len(request.files), request.soft, request.hard)
        try:
            if request.files:
                socket.send_fds(self._link, [head], request.files)
                head = b""
            await asyncio.get_running_loop().sock_sendall(self._link, head + request.data)
        except OSError as error:
            raise Died("gone", was_idle=True) from error

    async def _receive(self) -> Response:
        found = await self._at_least(RESPONSE.size, bytearray())
        status, seconds, length = RESPONSE.unpack_from(found)
        await self._at_least(RESPONSE.size + length, found)
        return Response(Status(status), seconds, bytes(memoryview(found)[RESPONSE.size :]))

    async def _at_least(self, count: int, found: bytearray) -> bytearray:
        loop = asyncio.get_running_loop()
        while len(found) < count:
            try:
                piece = await loop.sock_recv(self._link, _PIECE_BYTES)
            except OSError as error:
                # The kernel says so where the request was never read, and ends the stream where it was.
                raise Died("gone", was_idle=True) from error
            if not piece:
                raise self._death()
            found += piece
        return found

    def _death(self) -> Died:
        """Return how it ended: 0 when it had nothing to do for long, a signal when it was killed."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return Died("ended")
        return Died("ended", was_idle=code == 0, by_chance=code in _KILLED_FROM_OUTSIDE)

    def end(self) -> None:
        """Kill it. Does not wait."""
        self._link.close()
        if self._process.poll() is None:
            self._process.kill()
            # The kernel may need a moment to give back much memory.
            threading.Thread(target=self._process.wait, daemon=True).start()
