"""How long tabs are away."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tests.faults.history import Closed, FaultBegan, FaultEnded, History, Joined, RunBegan
from tests.faults.rules.violation import Violation

RESTART_SECONDS: Final = 5.0
ROLLING_RESTART: Final = "rolling restart"


def absences(history: History) -> list[tuple[str, float, float]]:
    """Return (tab, when its connection ended, how many seconds later it was in a room again)."""
    by_tab: dict[str, list[Closed | Joined]] = {}
    for record in history.of_types(Closed, Joined):
        if isinstance(record, Closed | Joined):
            by_tab.setdefault(record.tab, []).append(record)
    return [
        (tab, before.t, after.t - before.t)
        for tab, records in by_tab.items()
        for before, after in pairwise(_first_closings(records))
        if isinstance(before, Closed) and isinstance(after, Joined)
    ]


def _first_closings(records: list[Closed | Joined]) -> list[Closed | Joined]:
    """Leave out closings of connections that had not come as far as a room."""
    kept: list[Closed | Joined] = []
    for record in records:
        if not (kept and isinstance(record, Closed) and isinstance(kept[-1], Closed)):
            kept.append(record)
    return kept


def back_soon(history: History) -> Iterator[Violation]:
    """While several processes restart one after the other, no one is away for long: another one takes them."""
    if any(run.profile.startswith("1x") for run in history.all(RunBegan)):
        return
    ends = {ended.number: ended.t for ended in history.all(FaultEnded)}
    for began in history.all(FaultBegan):
        if began.fault != ROLLING_RESTART:
            continue
        for tab, t, seconds in absences(history):
            if began.t <= t <= ends.get(began.number, t) and seconds > RESTART_SECONDS:
                yield Violation("absence", t, f"{tab} was away for {seconds:.1f} s of a {ROLLING_RESTART}")
