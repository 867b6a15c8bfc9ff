"""Several server processes behind one listening socket: `WORKERS=4`. Starts them, replaces those that die, ends them.

Forked, not spawned: after the settings and applications are loaded and before any thread or event loop exists, so the
children share that memory and start at once. The kernel gives each connection to whichever process accepts first.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

import structlog
from django.db import connection

log = structlog.get_logger("config.workers")

# A worker that dies at once would be forked as fast as the machine can.
_PAUSE_SECONDS: Final = 1.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


def run_workers(count: int, serve: Callable[[], None]) -> None:
    """Run `serve` in so many children until SIGTERM or SIGINT, and return when all have said goodbye."""
    workers: dict[int, float] = {}
    is_ending = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_ending
        is_ending = True
        for pid in workers:
            with suppress(ProcessLookupError):  # it has ended, and its number was not yet taken out
                os.kill(pid, signal.SIGTERM)

    for number in _ENDING:
        signal.signal(number, end)
    alive = os.pipe()
    while True:
        while len(workers) < count and not is_ending:
            # A signal between a look at `is_ending` and the note of the child would leave that child running.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
            if not is_ending:
                workers[_fork(serve, alive)] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        if not workers:
            return
        pid, status = os.wait()
        lived = time.monotonic() - workers.pop(pid, 0.0)
        if not is_ending:
            log.error("workers.died", pid=pid, status=os.waitstatus_to_exitcode(status))
            time.sleep(max(0.0, _PAUSE_SECONDS - lived))


def _fork(serve: Callable[[], None], alive: tuple[int, int]) -> int:
    """Start a worker; return its process id. alive: a pipe whose writing end only this process keeps open."""
    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()  # its threads and sockets belong to one process
    pid = os.fork()
    if pid:
        return pid
    # Ctrl+C reaches a terminal's whole group: with ours it would be the second signal, which cuts goodbyes short.
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    reading, writing = alive
    os.close(writing)
    threading.Thread(target=_leave_with_supervisor, args=(reading,), name="supervisor", daemon=True).start()
    status = 1
    try:
        serve()
        status = 0
    except (KeyboardInterrupt, SystemExit) as end:
        # Ctrl+C before it serves, or a start that failed.
        status = 0 if isinstance(end, KeyboardInterrupt) or not end.code else 1
    finally:
        sys.stdout.flush()
        os._exit(status)


def _leave_with_supervisor(reading: int) -> None:
    """Wait until the supervisor has ended, however it ends; then drain. Workers without one would keep the port."""
    os.read(reading, 1)  # nothing is ever written
    log.error("workers.supervisor_died")
    os.kill(os.getpid(), signal.SIGTERM)
