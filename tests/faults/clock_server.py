"""Serves Parley with a calendar clock that a test sets: `python -m tests.faults.clock_server FILE`.

FILE holds the seconds that the clock goes wrong by. The clock that only goes on, and that of the database, stay right: it
is another machine's. The application knows nothing of this.
"""

import os
import struct
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config import serve

_SHIFT: Final = struct.Struct("d")
_NANOSECONDS: Final = 1_000_000_000


def set_shift(path: Path, seconds: float) -> None:
    """Let the clocks of the servers that were given this file jump."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(_SHIFT.pack(seconds))


def _shift_clock(path: Path) -> None:
    """Before anything is imported that keeps one of these functions: the models do."""
    from django.utils import timezone

    right = time.time
    file = os.open(path, os.O_RDONLY)

    def now() -> float:
        return right() + float(_SHIFT.unpack(os.pread(file, _SHIFT.size, 0))[0])

    time.time = now
    time.time_ns = lambda: int(now() * _NANOSECONDS)
    timezone.now = lambda: datetime.fromtimestamp(now(), UTC)


def main() -> None:
    (name,) = sys.argv[1:]
    sys.argv[1:] = []
    _shift_clock(Path(name))
    serve.main()


if __name__ == "__main__":
    main()
