"""What this process keeps for as long as it lives: threads, child processes, counters, the way to its hub.

Each is a class of the module that needs it, made when it is first asked for by `part`, and ended with all others by
`Process.end`. So no module keeps anything of its own, and one place knows what a process holds.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, Final, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")
P = TypeVar("P")


@runtime_checkable
class Ending(Protocol):
    """A part that holds what must be given back."""

    def end(self) -> None: ...


class Process:
    """The parts of one process."""

    def __init__(self) -> None:
        self._parts: dict[type[Any], Any] = {}
        self._making = threading.RLock()  # a part may ask for another one while it is made
        # A forked process has none of the threads, and would share the children.
        os.register_at_fork(after_in_child=self._forget)

    def part(self, kind: type[P]) -> P:
        """Return this process's part of a kind; its first caller, on whichever thread, makes it."""
        found: P | None = self._parts.get(kind)
        if found is None:
            with self._making:
                found = self._parts.get(kind)
                if found is None:
                    found = self._parts[kind] = kind()
        return found

    def end(self) -> None:
        """End the parts, the newest first. A request that is late finds new ones."""
        with self._making:
            parts, self._parts = self._parts, {}
        for each in reversed(parts.values()):
            if isinstance(each, Ending):
                each.end()

    def _forget(self) -> None:
        self._parts = {}
        self._making = threading.RLock()


PROCESS: Final = Process()
part: Final = PROCESS.part


class Threads:
    """A pool of threads for one kind of work, which a subclass names."""

    at_most: ClassVar[int] = 1
    name: ClassVar[str]

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=self.at_most, thread_name_prefix=self.name)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def submit(self, function: Callable[..., T], *args: Any) -> "Future[T]":
        return self._executor.submit(function, *args)

    def end(self) -> None:
        """Let the threads go once what was asked of them is done."""
        self._executor.shutdown(wait=False)
