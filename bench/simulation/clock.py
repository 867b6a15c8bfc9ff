"""Time for a simulation: it stands still while anything can run, and jumps to the next timer when nothing can."""

import asyncio
import selectors
from typing import Any


class NothingHappens(RuntimeError):
    """Everything waits and no timer runs: the simulation would stand still forever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without sockets and threads, whose `time()` is simulated seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        return self.now


class _Jump(selectors.SelectSelector):
    """Instead of waiting for a socket, moves the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingHappens("no timer is left")
        self._loop.now += max(0.0, timeout)
        return []
