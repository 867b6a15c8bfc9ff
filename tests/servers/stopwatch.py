"""A stopwatch that stands still while the machine does: a virtual machine may be held for a second, and all in it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_TICK_SECONDS: Final = 0.01
# A busy machine is late by less; what waits for a processor is part of what is measured.
_PAUSE_SECONDS: Final = 0.2


class Stopwatch:
    """began_at: of the monotonic clock, as are all times here; all in seconds."""

    def __init__(self) -> None:
        self.began_at = time.monotonic()
        self._pauses: list[tuple[float, float]] = []
        self._stopped = threading.Event()

    def at(self, moment: float) -> float:
        """Return what the watch showed at this moment."""
        paused = sum(end - begin for begin, end in self._pauses if end <= moment)
        return moment - self.began_at - paused

    def tick(self) -> None:
        """Look at the time again and again, until it is stopped: a look that comes far too late tells of a pause."""
        last, is_stopped = time.monotonic(), False
        while not is_stopped:
            is_stopped = self._stopped.wait(_TICK_SECONDS)
            now = time.monotonic()
            if now - last > _PAUSE_SECONDS:
                self._pauses.append((last, now))
            last = now

    def stop(self) -> None:
        self._stopped.set()


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure the block."""
    watch = Stopwatch()
    thread = threading.Thread(target=watch.tick, name="stopwatch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join(10)
