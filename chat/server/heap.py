"""The C library's heap, kept small for a process that runs for months.

glibc gives each thread a part of its own, up to eight for each core, and a part does not lend the others what it has free:
with threads for the database, files and push, what is free but of no use grows for hours. One part for all has one lock, but
threads that hold the interpreter's lock do not compete for it, and each has a small store of its own before it.
"""

import ctypes
import threading
import time
from typing import Any, Final

# From glibc's malloc.h.
_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
_ARENAS: Final = 1
# Larger blocks are mapped one by one, and go back to the system when they are freed. Left alone, glibc raises this to 32 MB.
_MAPPED_FROM_BYTES: Final = 64 * 1024
# Giving back what is free between the blocks takes a millisecond or two for a heap of 60 MB.
_TRIM_SECONDS: Final = 60.0


def keep_small() -> None:
    """Call it before there are threads. Other C libraries have no such settings, and are left alone."""
    try:
        library: Any = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, _ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
        trim = library.malloc_trim
    except (OSError, AttributeError, TypeError):
        return
    threading.Thread(target=_trim_for_ever, args=(trim,), name="heap", daemon=True).start()


def _trim_for_ever(trim: Any) -> None:
    while True:
        time.sleep(_TRIM_SECONDS)
        trim(0)  # without the interpreter's lock: everyone else goes on
