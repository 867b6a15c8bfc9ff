"""Full garbage collections, kept short: each looks only at what has come since the one before.

Left alone, CPython looks at everything that lives: for 330 ms when 4,000 tabs have come, in which nothing is delivered, and
finds two dozen objects (docs/performance.md, streams). What ends here is freed by its reference counts. So what has survived
a full collection is set aside; cycles that form among that are found when, now and then, a collection looks at all of it.
"""

import gc
import time
from typing import Final

# Each costs one long pause. In twenty minutes of 2,000 busy tabs, all cycles together are a few thousand objects.
_SWEEP_SECONDS: Final = 6 * 3600.0


class _SettingAside:
    """A callback of the garbage collector, which calls it before and after each collection."""

    def __init__(self) -> None:
        self._next_sweep = time.monotonic() + _SWEEP_SECONDS

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if info["generation"] != 2:
            return
        if phase == "stop":
            gc.freeze()
        elif time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + _SWEEP_SECONDS
            gc.unfreeze()  # this collection, which is about to begin, looks at all of it


def keep_collections_short() -> None:
    """Call it once, when everything is loaded: that is the first to be set aside."""
    gc.callbacks.append(_SettingAside())
    gc.collect()
