"""Keeps what a benchmark measured: in bench/results/latest.json, and in two pages.

docs/performance.md opens with the ten figures by which a reader decides; docs/performance-tables.md has all of them, with
pictures. `python -m bench.report` writes both again from the kept results. Nothing is measured here.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import pictures
from bench.figures import by_quantity, is_comparison, number, ratio_spread, ratio_to_ours, spread, times
from bench.measure import Row
from bench.places import commit_of, filled

REPOSITORY: Final = Path(__file__).resolve().parents[1]
PAGE: Final = "docs/performance.md"
TABLES: Final = "docs/performance-tables.md"
# Each case with the heading of the tables under which it stands, in the order of the summary.
CASES: Final = {
    "fanout": "Fan-out",
    "messages": "Messages",
    "streams": "Streams",
    "replies": "Replies",
    "latency": "Latency",
    "stored": "Storage",
    "opening": "Opening",
    "memory": "Memory",
    "idle": "Idle connections",
    "start": "Start",
    "processes": "Processes",
    "tables": "Large tables",
    "browser": "Browser",
    "soak": "Soak",
}
# One long run each, whose figures have nothing to be compared with: no medians, no picture.
FACTS: Final = frozenset({"soak"})
PACKAGES: Final = (
    "channels", "channels-redis", "daphne", "django", "msgspec", "psycopg", "redis", "uvicorn", "uvloop", "websockets",
)  # fmt: skip


class Highlight(NamedTuple):
    """A figure that a reader needs to decide: in words, and the row that has it."""

    words: str
    case: str
    what: str
    server: str = "Parley"


HIGHLIGHTS: Final = (
    Highlight("A frame that nothing stores (typing), to 200 tabs, 16 in flight", "fanout", "typing, W = 16"),
    Highlight("A stored message, to 200 tabs, 16 in flight", "messages", "messages, W = 16"),
    Highlight(
        "From a sender to 1,000 tabs in one room, 10 messages a second, 99 % within",
        "latency",
        "1,000 tabs in one room, 10 messages/s, sender to tab, p99",
    ),
    Highlight(
        "A piece of Claude's reply to a tab, 50 replies in 40 tabs each, 99 % within",
        "streams",
        "50 streams x 40 tabs, 20 chunks/s each, chunk to tab, p99",
    ),
    Highlight("Messages stored on SQLite, 4 in flight for each sender", "stored", "SQLite, 4 in flight each"),
    Highlight("Messages stored on PostgreSQL, 4 in flight for each sender", "stored", "PostgreSQL, 4 in flight each"),
    Highlight("Tabs that open and catch up with a room", "opening", "opened with a ticket, to joined with `after`"),
    Highlight("Memory of an idle tab", "memory", "5,000 idle connections in rooms of 40 tabs, each"),
    Highlight(
        "Search for a very common word in all rooms of a million messages",
        "tables",
        "search all rooms, very common word, 1,000,000",
        "Parley, PostgreSQL",
    ),
    Highlight(
        "Processor time for each delivery of a message, two processes over Redis against one",
        "processes",
        "messages, processor time for each delivery, two processes against one",
    ),
)


@dataclass(frozen=True)
class Run:
    """One call of the benchmark: when, of what, on what, and what came out. `rows` may be of some cases only."""

    date: str
    commit: str
    machine: dict[str, str]
    packages: dict[str, str]
    rows: list[Row]

    def cases(self) -> set[str]:
        return {row.case for row in self.rows}


def write(rows: Sequence[Row], facts: Mapping[str, str], root: Path = REPOSITORY) -> None:
    """Keep these rows, and show them; cases that are not among them stay as they are.

    Raises ValueError when the page has no place for a case: the results are kept all the same.
    """
    machine = {name: value for name, value in facts.items() if name not in {"commit", "date"}}
    run = Run(_now(), commit_of(root), machine, _packages(), list(rows))
    runs = merge(run, load(root))
    _save(runs, root)
    show(runs, run.cases(), root)


def check(root: Path = REPOSITORY) -> None:
    """Raise what `write` would raise, before anything is measured in vain.

    ImportError: matplotlib is missing. ValueError: the page lacks a place. TypeError: the kept results have other fields.
    """
    import matplotlib.figure  # noqa: F401

    load(root)
    _packages()
    filled((root / PAGE).read_text(), "highlights", "")
    text = (root / TABLES).read_text()
    for name in ("summary", *CASES):
        filled(text, name, "")


def show(runs: Sequence[Run], cases: Iterable[str], root: Path = REPOSITORY) -> None:
    """Draw the pictures of these cases, and write their tables, the summary of all cases and the ten figures."""
    page = root / TABLES
    text = filled(page.read_text(), "summary", summary(runs))
    for case in sorted(cases):
        run = next(run for run in runs if case in run.cases())
        rows = [row for row in run.rows if row.case == case]
        title = CASES.get(case, case)
        picture = f"images/performance-{case}"
        is_drawn = case not in FACTS and pictures.draw(title, rows, page.parent / picture)
        text = filled(text, case, section(title, rows, run, picture if is_drawn else None))
    page.write_text(text)
    opening = root / PAGE
    opening.write_text(filled(opening.read_text(), "highlights", highlights(runs)))


# --- Results ---------------------------------------------------------------------------------------------------------


def merge(new: Run, kept: Iterable[Run]) -> list[Run]:
    """Return the new run and what is left of the kept ones, whose cases it replaces."""
    runs = [new]
    for old in kept:
        rows = [row for row in old.rows if row.case not in new.cases()]
        if rows:
            runs.append(Run(old.date, old.commit, old.machine, old.packages, rows))
    return runs


def load(root: Path = REPOSITORY) -> list[Run]:
    """Return the kept runs, newest first; none when nothing was measured yet."""
    path = _results(root)
    kept: list[dict[str, Any]] = json.loads(path.read_text())["runs"] if path.exists() else []
    return [Run(**{**run, "rows": [Row(**row) for row in run["rows"]]}) for run in kept]


def _save(runs: Sequence[Run], root: Path) -> None:
    kept = [{**vars(run), "rows": [_plain(row) for row in run.rows]} for run in runs]
    path = _results(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"runs": kept}, indent=1, ensure_ascii=False) + "\n")


def _plain(row: Row) -> dict[str, Any]:
    # JSON has no infinity, and a file that holds one can be read by Python only.
    ratio = row.ratio if row.ratio is not None and math.isfinite(row.ratio) else None
    return {**asdict(row), "values": list(row.values), "ratio": ratio}


def _results(root: Path) -> Path:
    return root / "bench/results/latest.json"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _packages() -> dict[str, str]:
    return {name: metadata.version(name) for name in PACKAGES}


# --- Tables ----------------------------------------------------------------------------------------------------------


def section(title: str, rows: Sequence[Row], run: Run, picture: str | None) -> str:
    """Return what stands between a case's markers: picture, table, notes, and where they come from."""
    parts = [f"![{title}: {_sentence(rows)}]({picture}.svg)"] if picture else []
    is_facts = rows[0].case in FACTS
    parts.append(facts(rows) if is_facts else table(rows))
    parts += ["\n".join(notes(rows))] if notes(rows) else []
    rounds = sorted({len(row.values) for row in rows if row.values})
    source = f"{' or '.join(map(str, rounds))} {'round' if rounds == [1] else 'rounds'}, {run.date}, {run.commit}."
    parts.append(source + (f" The picture as [PNG]({picture}.png)." if picture else ""))
    return "\n\n".join(parts)


def table(rows: Sequence[Row]) -> str:
    """Return the rows of one case as a table, quantity by quantity; it names the unit once when there is but one.

    A comparison with a peer ("<what>, against <server>") stands in the row of that peer.
    """
    comparisons = {row.what: row for row in rows if is_comparison(row)}
    measured = [row for row in rows if not is_comparison(row)]
    units = {row.unit for row in measured}
    cells = []
    for what, group in by_quantity(measured).items():
        for row in group:
            unit = f" {row.unit}" if len(units) > 1 and row.values else ""
            judged = comparisons.pop(f"{what}, against {row.server}", row)
            ratio = judged.ratio if judged is not row else ratio_to_ours(row, group)
            name = what if row is group[0] else ""
            cells.append([name, row.server, spread(row) + unit, times(ratio), judged.target, _met(judged)])
    cells += [[row.what, row.server, "", ratio_spread(row), row.target, _met(row)] for row in comparisons.values()]
    unit = f", {units.pop()}" if len(units) == 1 else ""
    return _markdown(["what", "server", f"median (min to max){unit}", "ratio", "target", "met"], cells)


def facts(rows: Iterable[Row]) -> str:
    """Return the rows of one long run: what was counted in it, to the last one."""
    head = ["what", "measured", "target", "met"]
    return _markdown(head, [[row.what, _counted(row), row.target, _met(row)] for row in rows])


def _counted(row: Row) -> str:
    """Return a figure with its unit; a whole number is a count, and stands as it is."""
    figure = f"{row.median:,.0f}" if row.median == int(row.median) else number(row.median)
    return f"{figure} {row.unit}".strip()


def summary(runs: Sequence[Run]) -> str:
    """Return the table of all targets, and which run each case comes from."""
    order = list(CASES)
    rows = [row for run in runs for row in run.rows if row.target]
    rows.sort(key=lambda row: order.index(row.case) if row.case in order else len(order))
    cells = []
    for row in rows:
        where = _link(CASES.get(row.case, row.case))
        what = row.what if row.server == "Parley" else f"{row.what}: {row.server}"
        cells.append([where, what, row.target, _figure(row), _met(row)])
    met = sum(row.is_met is True for row in rows)
    head = ["case", "what", "target", "measured", "met"]
    return "\n\n".join([f"{met} of {len(rows)} targets are met.", _markdown(head, cells), _sources(runs)])


def highlights(runs: Sequence[Run]) -> str:
    """Return the table of the ten figures, each with the way to its case."""
    rows = {(row.case, row.what, row.server): row for run in runs for row in run.rows}
    cells = []
    for words, case, what, server in HIGHLIGHTS:
        row = rows.get((case, what, server))
        cells.append([words, _figure(row) if row else "not measured", _link(CASES[case], Path(TABLES).name)])
    return _markdown(["what", "median (min to max)", "more"], cells)


def _figure(row: Row) -> str:
    return ratio_spread(row) if is_comparison(row) else f"{spread(row)} {row.unit if row.values else ''}".strip()


def _link(title: str, page: str = "") -> str:
    return f"[{title}]({page}#{title.lower().replace(' ', '-')})"


def _sources(runs: Sequence[Run]) -> str:
    lines = []
    for run in runs:
        cases = "" if len(runs) == 1 else f" ({', '.join(case for case in CASES if case in run.cases())})"
        facts = [f"{name} {value}" for name, value in [*run.machine.items(), *run.packages.items()]]
        lines.append(f"- {run.date}, {run.commit}{cases}: {'; '.join(facts)}.")
    return "\n".join(lines)


def notes(rows: Iterable[Row]) -> list[str]:
    """Return each different note once, after the servers to which it belongs."""
    servers: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.note:
            servers.setdefault(row.note.rstrip("."), {})[row.server] = None
    return [f"- {'; '.join(named)}: {note}." for note, named in servers.items()]


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    # A bar in a cell would end it.
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _sentence(rows: Sequence[Row]) -> str:
    """Return the medians of the first thing measured as words, for readers who can't see the picture."""
    what, first = next(iter(by_quantity(row for row in rows if row.values).items()))
    return f"{what}, " + ", ".join(f"{row.server} {number(row.median)} {row.unit}" for row in first)


def _met(row: Row) -> str:
    if not row.target:
        return ""
    return {True: "yes", False: "**no**", None: "not measured"}[row.is_met]


if __name__ == "__main__":
    kept = load()
    if not kept:
        raise SystemExit("Nothing was measured yet: make bench.")
    show(kept, {case for run in kept for case in run.cases()})
