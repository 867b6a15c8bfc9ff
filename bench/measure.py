"""What a benchmark measured, and how several rounds become one figure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Row:
    """One measured quantity of one server.

    case: the benchmark that measured it. what: the quantity, and its conditions. values: one for each round, in `unit`.
    target: what design asks for, in words; empty when nothing does. is_met: whether it was reached, None without one.
    ratio: how we compare with the peer that the target names, None without one.
    """

    case: str
    what: str
    server: str
    values: Sequence[float]
    unit: str
    note: str = ""
    target: str = ""
    is_met: bool | None = None
    ratio: float | None = None
    is_better_low: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def most(self) -> float:
        return max(self.values)


def ratio(ours: Row, theirs: Row) -> float:
    """Return our median as a multiple of theirs."""
    return ours.median / theirs.median if theirs.median else float("inf")


def wanted_below(row: Row, limit: float) -> Row:
    """Return the row with the target that its median stays below `limit`."""
    return replace(row, target=f"< {limit:g} {row.unit}", is_met=row.median < limit, is_better_low=True)


def wanted_at_least(row: Row, limit: float) -> Row:
    """Return the row with the target that its median reaches `limit`."""
    return replace(row, target=f">= {limit:,g} {row.unit}", is_met=row.median >= limit)
