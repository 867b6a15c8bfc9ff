"""The C library's heap: threads share one part of it."""

import platform
import subprocess
import sys
import threading

import pytest

from chat.server import heap

# Eight threads that hold memory at the same time; then the C library says how many parts its heap has.
PROGRAM = """
import ctypes, sys, threading
from chat.server import heap
if sys.argv[1] == "kept small":
    heap.keep_small()
together = threading.Barrier(8)
def work():
    blocks = [bytearray(2_000) for _ in range(1_000)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def arenas(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, timeout=60)
    return done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such parts")
def test_threads_share_one_part_of_the_heap() -> None:
    assert arenas("left alone") > 2
    assert arenas("kept small") == 1


def test_what_is_free_is_given_back_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = threading.Event()
    monkeypatch.setattr(heap, "_TRIM_SECONDS", 0.01)
    threading.Thread(target=heap._trim_for_ever, args=(lambda _pad: trimmed.set(),), daemon=True).start()
    assert trimmed.wait(10)
