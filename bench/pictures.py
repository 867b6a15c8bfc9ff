"""Draws the rows of a case as bars, as SVG and as PNG. Decides nothing about them."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from bench.figures import by_quantity, is_comparison, is_ours, number
from bench.measure import Row

# The paper is painted: GitHub shows the same picture on white and on black pages.
PAPER: Final = "#fdfcfa"
INK: Final = "#22201d"
SOFT: Final = "#57534c"
LINE: Final = "#e3ded5"
OURS: Final = "#4ba38f"  # light enough for the dark line of least and most upon it
PEER: Final = "#b4aa9b"
# From here on the smaller bars of a plain scale could not be told apart.
WIDEST_PLAIN_SPAN: Final = 30
WIDTH_INCHES: Final = 9.0
LINE_INCHES: Final = 0.27
# No line of the grid runs through a figure.
BEHIND_TEXT: Final = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
STYLE: Final = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana"],  # the first comes with matplotlib: every machine draws the same
    "font.size": 10,
    "svg.fonttype": "none",  # text stays text: it can be searched, and a change of a figure is a change of a line
    "svg.hashsalt": "parley",  # without it every drawing gets new random ids
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


def draw(title: str, rows: Sequence[Row], path: Path) -> bool:
    """Write the pictures of a case to `path` with .svg and .png, and return True.

    A case with fewer than two figures needs no picture: it is removed if there was one, and False returned.
    """
    rows = [row for row in rows if row.values and not is_comparison(row)]
    files = [path.with_suffix(".svg"), path.with_suffix(".png")]
    if len(rows) < 2:
        for file in files:
            file.unlink(missing_ok=True)
        return False
    # Late: only who draws has it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels = by_unit(rows)
    with mpl.rc_context(STYLE):
        lines = [_lines(panel) + 2.2 for panel in panels]
        size = (WIDTH_INCHES, (sum(lines) + 1.6) * LINE_INCHES)
        figure = Figure(figsize=size)
        figure.set_layout_engine("constrained", w_pad=0.14, h_pad=0.1)
        grid = figure.subplots(len(panels), squeeze=False, height_ratios=lines)
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        for axes, panel in zip(grid[:, 0], panels, strict=True):
            _panel(axes, panel)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(files[0], metadata={"Date": None, "Creator": None, "Title": title})
        figure.savefig(files[1], dpi=160, metadata={"Software": None})
    return True


def by_unit(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows in panels: one for each unit, since bars of milliseconds and of megabytes share no scale."""
    panels: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        panels.setdefault((row.unit, row.is_better_low), []).append(row)
    return list(panels.values())


def needs_log(rows: Sequence[Row]) -> bool:
    least, most = min(row.median for row in rows), max(row.median for row in rows)
    return min(row.least for row in rows) > 0 and most / least > WIDEST_PLAIN_SPAN


def _lines(panel: Sequence[Row]) -> float:
    return len(panel) + 1.25 * len(by_quantity(panel))


def _panel(axes: Any, panel: Sequence[Row]) -> None:
    """Draw one unit's bars from top to bottom, each group under what it measures."""
    is_log = needs_log(panel)
    left = 10 ** math.floor(math.log10(min(row.least for row in panel))) if is_log else 0.0
    places, drawn, y = [], [], 0.0
    for what, rows in by_quantity(panel).items():
        y += 0.25
        heading = axes.annotate(what, (0, y), xycoords=("axes fraction", "data"), va="center", fontweight="bold")
        heading.set_bbox(BEHIND_TEXT)
        for row in rows:
            y += 1
            places.append(y)
            drawn.append(row)
            _bar(axes, row, y, left)
        y += 1
    axes.set_ylim(y - 0.3, -0.5)
    axes.set_yticks(places, [row.server for row in drawn])
    for label, row in zip(axes.get_yticklabels(), drawn, strict=True):
        label.set_fontweight("bold" if is_ours(row) else "normal")
    _scale(axes, panel, left, is_log)


def _bar(axes: Any, row: Row, y: float, left: float) -> None:
    axes.barh(y, row.median - left, left=left, height=0.72, color=OURS if is_ours(row) else PEER)
    reach = [[row.median - row.least], [row.most - row.median]]
    axes.errorbar([row.median], [y], xerr=reach, color=INK, capsize=3, linewidth=1.1)
    figure = axes.annotate(number(row.median), (row.most, y), (8, 0), textcoords="offset points", va="center")
    figure.set_bbox(BEHIND_TEXT)


def _scale(axes: Any, panel: Sequence[Row], left: float, is_log: bool) -> None:
    most = max(row.most for row in panel)
    if is_log:
        axes.set_xscale("log")
        axes.set_xlim(left, most * (most / left) ** 0.14)  # room for the figure beside the longest bar
        axes.minorticks_off()
    else:
        axes.set_xlim(0, most * 1.14 or 1)
    row = panel[0]
    better = "less is better" if row.is_better_low else "more is better"
    axes.set_xlabel(f"{row.unit}{', log scale' if is_log else ''} ({better})", fontsize=9)
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:,.10g}")
    axes.tick_params(axis="x", labelsize=9)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
