"""Notices that the process stood still: frozen, on a machine that slept, or in one long turn of the loop.

A timer ticks; who delivers looks at the clock first. What has come during a standstill waits in the kernel's buffers and
is older than the order that ended an access, or comes before it; so the first look after it calls `on_stall`, before
anything is delivered.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_TICK_SECONDS: Final = 0.1
# Access ends within a second. So a standstill of half of it calls for a check.
STALL_SECONDS: Final = 0.5

# Counts the time that a machine sleeps, too, where there is such a clock (Linux).
_clock: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)


class StallWatch:
    def __init__(self) -> None:
        self.on_stall: Callable[[], None] = lambda: None
        self._late_from = _clock() + STALL_SECONDS
        self._calendar = time.time()

    def look(self) -> None:
        """Call `on_stall` if the process has stood still since the last tick. Before anything goes out: it costs a call."""
        if _clock() > self._late_from:
            self._stalled()

    async def run(self) -> None:
        """Tick, forever."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.look()
            # A virtual machine that was paused hears of it by its calendar alone, once that is set right.
            is_jump = time.time() - self._calendar > STALL_SECONDS
            self._begin_again()
            if is_jump:
                self._stalled()

    def _stalled(self) -> None:
        log.info("loop.stood_still", seconds=round(_clock() - self._late_from + STALL_SECONDS, 2))
        self._begin_again()
        self.on_stall()

    def _begin_again(self) -> None:
        self._late_from = _clock() + STALL_SECONDS
        self._calendar = time.time()
