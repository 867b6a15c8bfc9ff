"""How a measured figure is written, in tables and in pictures alike."""

import math
from collections.abc import Iterable

from bench.measure import Row


def number(value: float) -> str:
    """Return three digits of it, which is more than a benchmark knows; whole below 1000 stays whole."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1000 and value == int(value):
        return str(int(value))
    rounded = float(f"{value:.3g}")
    places = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{places}f}"


def spread(row: Row) -> str:
    if not row.values:
        return "not measured"
    if number(row.least) == number(row.most):
        return number(row.median)
    return f"{number(row.median)} ({number(row.least)} to {number(row.most)})"


def ratio_spread(row: Row) -> str:
    """Return a comparison: the ratio of the medians, else the median ratio, with those of the single rounds."""
    if not row.values:
        return "not measured"
    return times(row.median if row.ratio is None else row.ratio) + (
        f" ({number(row.least)} to {number(row.most)})" if len(row.values) > 1 else ""
    )


def ratio_to_ours(row: Row, rows: Iterable[Row]) -> float | None:
    """Return the row's own ratio, else what our median is to the median of this peer in the same quantity."""
    if row.ratio is not None or is_ours(row) or not row.values or not row.median:
        return row.ratio
    ours = [other for other in rows if is_ours(other) and (other.what, other.unit) == (row.what, row.unit)]
    # With two of ours (SQLite, PostgreSQL) no one could tell which one is meant.
    return ours[0].median / row.median if len(ours) == 1 and ours[0].values else None


def times(ratio: float | None) -> str:
    """Return a ratio in three digits, cut off: 0.7996 does not read as the 0.80 that it missed."""
    if ratio is None or not math.isfinite(ratio):
        return ""
    if ratio <= 0:
        return "0 x"
    places = max(0, 2 - math.floor(math.log10(ratio)))
    # The small number: 0.29 * 100 is 28.999999999999996.
    return f"{math.floor(ratio * 10**places + 1e-9) / 10**places:,.{places}f} x"


def is_ours(row: Row) -> bool:
    return row.server.startswith("Parley")


def is_comparison(row: Row) -> bool:
    """Return whether the row is of two servers: its values are ratios."""
    return row.unit == "x"


def by_quantity(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows of each quantity together: cases measure one server after the other, readers compare them."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.what, []).append(row)
    return groups
