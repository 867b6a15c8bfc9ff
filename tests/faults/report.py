"""The table of a run: what was tried in each fault, and what became of it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.faults.history import FaultBegan, History, Memory, RunBegan
from tests.faults.rules.absence import absences
from tests.faults.rules.delivery import times_to_converge
from tests.faults.rules.violation import Violation
from tests.faults.rules.writes import writes_of

QUIET: Final = "(no fault)"
HEADINGS: Final = (
    "fault", "times", "writes tried", "confirmed", "lost", "duplicated", "out of order", "leaks", "other",
    "converged in", "longest away", "peak memory",
)  # fmt: skip
_COLUMN_OF_RULE: Final = {
    "lost": "lost",
    "catch-up": "lost",
    "duplicated": "duplicated",
    "order": "out of order",
    "real-time order": "out of order",
    "leak": "leaks",
}


@dataclass
class Line:
    """One kind of fault, from its beginning until the next fault's; times in seconds, memory in bytes."""

    fault: str
    times: int = 0
    tried: int = 0
    confirmed: int = 0
    found: Counter[str] = field(default_factory=Counter)
    converged: list[float | None] = field(default_factory=list)
    away: float = 0.0
    memory: int = 0

    def cells(self) -> list[str]:
        never = any(seconds is None for seconds in self.converged)
        slowest = max((seconds or 0.0 for seconds in self.converged), default=0.0)
        return [
            self.fault,
            str(self.times),
            str(self.tried),
            str(self.confirmed),
            *(str(self.found[name]) for name in ("lost", "duplicated", "out of order", "leaks", "other")),
            "never" if never else f"{slowest:.1f} s",
            f"{self.away:.1f} s",
            f"{self.memory / 1e6:.0f} MB",
        ]


class _Stretches:
    """Says which fault a moment belongs to."""

    def __init__(self, history: History) -> None:
        self.began = history.all(FaultBegan)
        self.lines = {QUIET: Line(QUIET)}
        for began in self.began:
            self.lines.setdefault(began.fault, Line(began.fault)).times += 1

    def at(self, t: float) -> Line:
        before = [began.fault for began in self.began if began.t <= t]
        return self.lines[before[-1] if before else QUIET]


def lines_of(history: History, found: list[Violation]) -> list[Line]:
    stretches = _Stretches(history)
    for write in writes_of(history).values():
        line = stretches.at(write.invoked.t)
        line.tried += 1
        line.confirmed += any(response.is_final for response in write.responses)
    for violation in found:
        stretches.at(violation.t).found[_COLUMN_OF_RULE.get(violation.rule, "other")] += 1
    times = times_to_converge(history)
    for began in stretches.began:
        stretches.lines[began.fault].converged.append(times.get(began.number))
    for _tab, t, seconds in absences(history):
        line = stretches.at(t)
        line.away = max(line.away, seconds)
    for memory in history.all(Memory):
        line = stretches.at(memory.t)
        line.memory = max(line.memory, memory.bytes)
    return [line for line in stretches.lines.values() if line.times or line.tried]


def table(history: History, found: list[Violation]) -> str:
    """Return the lines as a table in Markdown, with the run's name above it."""
    (run,) = history.all(RunBegan)
    lines = lines_of(history, found)
    total = Line("all", sum(line.times for line in lines), sum(line.tried for line in lines))
    total.confirmed = sum(line.confirmed for line in lines)
    for line in lines:
        total.found += line.found
        total.converged += line.converged
    total.away = max((line.away for line in lines), default=0.0)
    total.memory = max((line.memory for line in lines), default=0)
    rows = [list(HEADINGS), *(line.cells() for line in lines), total.cells()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    drawn = [_drawn(row, widths) for row in rows]
    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return "\n".join([f"{run.profile}, seed {run.seed}", "", drawn[0], rule, *drawn[1:]])


def _drawn(row: list[str], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(cells) + " |"
