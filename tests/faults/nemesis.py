"""What a fault is, how it is inflicted, and those that befall server processes."""

import asyncio
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final

from tests.faults.history import Exited, FaultBegan, FaultEnded
from tests.faults.rules.absence import ROLLING_RESTART
from tests.faults.scene import Scene
from tests.servers.processes import ChildProcess

LONGEST_DRAIN_SECONDS: Final = 30.0
# A session that has said this to PostgreSQL holds a room until its transaction ends.
LOCKING: Final = b"FOR NO KEY UPDATE"
LOCKED_SECONDS: Final = 5.0


class Fault(ABC):
    """`hold_seconds`: how long it lasts. A fault is struck once; its object remembers what it needs to end it."""

    name: ClassVar[str]
    hold_seconds: float = 1.0

    async def prepare(self, scene: Scene) -> None:
        """Do what must have been done before it can happen."""
        return

    @abstractmethod
    async def begin(self, scene: Scene) -> None: ...

    @abstractmethod
    async def end(self, scene: Scene) -> str:
        """End it and return the proof."""


async def inflict(scene: Scene, fault: Fault) -> None:
    """Let a fault happen, and write down when."""
    await fault.prepare(scene)
    await scene.workload.until_flowing()
    number = next(scene.numbers)
    scene.recorder.add(FaultBegan, fault=fault.name, number=number)
    await fault.begin(scene)
    await asyncio.sleep(fault.hold_seconds)
    proof = await fault.end(scene)
    scene.recorder.add(FaultEnded, fault=fault.name, number=number, proof=proof)


class Kill(Fault):
    """kill -9 of a server process, and a new one in its place."""

    name = "server killed"

    async def begin(self, scene: Scene) -> None:
        self._process = scene.random.choice(scene.processes)
        self._pid = self._process.pid
        await asyncio.to_thread(self._process.kill)

    async def end(self, scene: Scene) -> str:
        was_dead = not self._process.is_running
        await asyncio.to_thread(self._process.start)
        return f"pid {self._pid} became {self._process.pid}" if was_dead and self._pid != self._process.pid else ""


class HostLost(Fault):
    """A process vanishes with its machine: no one tells the database, where its transaction holds a room."""

    name = "host lost"

    async def begin(self, scene: Scene) -> None:
        number = scene.random.randrange(len(scene.processes))
        self._process, self._way = scene.processes[number], scene.database_ways[number]
        before = self._way.abandoned
        self._way.abandon_after(LOCKING)
        until = time.monotonic() + LOCKED_SECONDS
        while self._way.abandoned == before and time.monotonic() < until:  # noqa: ASYNC110 - the proxy's thread tells no one
            await asyncio.sleep(0.02)
        await asyncio.to_thread(self._process.kill)
        self._way.abandon_after(b"")  # or the next process would lose its database, and no one would kill it
        self._left = self._way.abandoned - before

    async def end(self, scene: Scene) -> str:
        await asyncio.to_thread(self._process.start)
        return f"{self._left} connections were left open" if self._left else ""


class Freeze(Fault):
    """SIGSTOP and SIGCONT of a server process, longer than a tab waits."""

    name = "server frozen"
    hold_seconds = 4.0

    async def begin(self, scene: Scene) -> None:
        self._process = scene.random.choice(scene.processes)
        self._process.freeze()
        await asyncio.sleep(0.1)
        self._state = state_of(self._process)

    async def end(self, scene: Scene) -> str:
        self._process.thaw()
        return "its state was T" if self._state == "T" else ""


class RollingRestart(Fault):
    """SIGTERM to each process in turn; the next one only when the one before is there again."""

    name = ROLLING_RESTART
    hold_seconds = 0.0

    async def begin(self, scene: Scene) -> None:
        self._before = [process.pid for process in scene.processes]
        for number, process in enumerate(scene.processes, 1):
            seconds, code = await asyncio.to_thread(exit_of, process)
            scene.recorder.add(Exited, process=f"server-{number}", seconds=seconds, code=code)
            await asyncio.to_thread(process.start)

    async def end(self, scene: Scene) -> str:
        after = [process.pid for process in scene.processes]
        is_new = not set(after) & set(self._before)
        return f"pids {self._before} became {after}" if is_new else ""


def exit_of(process: ChildProcess) -> tuple[float, int | None]:
    """Tell a process to end; return how long that took and its exit code, None if it had to be killed."""
    begun = time.monotonic()
    process.send_signal(process.stop_signal)
    try:
        process.wait(LONGEST_DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return time.monotonic() - begun, None
    assert process._process is not None
    return time.monotonic() - begun, process._process.returncode


def state_of(process: ChildProcess) -> str:
    """Return the letter that the kernel has for what a process does: T for stopped."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
