"""The machine that measures: its cores, who may use which, and what it is."""

import os
import platform
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.processes import REPOSITORY

_TICKS: Final = os.sysconf("SC_CLK_TCK")
ALL_CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = ALL_CORES[0]
LOAD_CORE: Final = ALL_CORES[-1]
_QUIET_LOAD: Final = 0.15


@contextmanager
def on_cores(cores: Iterable[int]) -> Iterator[None]:
    """Bind this thread to cores, so that a process started meanwhile inherits them with all its threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pid: int, core: int) -> None:
    """Bind a process with all its threads to a core."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_bytes(pid: int) -> int:
    """Return the memory that a process has written for itself.

    Not what it only reads from files: the code of a library is its own or shared, as others come and go that run it, too.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"the system does not say how much memory process {pid} has")


def busy_share(seconds: float = 1.0) -> float:
    """Return which part of the machine others use: measured while we do nothing. Above 0.15 figures are doubtful."""
    before = _jiffies()
    time.sleep(seconds)
    idle, total = (after - was for after, was in zip(_jiffies(), before, strict=True))
    return 1 - idle / total if total else 0.0


def is_quiet() -> bool:
    return busy_share() < _QUIET_LOAD


def _jiffies() -> tuple[int, int]:
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def facts() -> dict[str, str]:
    """Return what a reader must know of the machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout.strip()
    return {
        "processor": model,
        "cores": str(len(ALL_CORES)),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": commit,
        "date": time.strftime("%Y-%m-%d"),
    }
