"""Runs the benchmarks: `make bench`, or `make bench ONLY=fanout,streams`.

Writes docs/performance.md, and the tables and pictures of docs/performance-tables.md. `QUICK=1` runs each measurement once
and shortly, writes nothing, and only shows that everything works.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from typing import Final

from bench import machine, report
from bench.measure import Row
from bench.plan import Bench, prepared

# In this order: what needs a fresh machine most comes first. The modules of bench/cases/.
CASES: Final = (
    "fanout",
    "streams",
    "stored",
    "latency",
    "connections",
    "start",
    "processes",
    "tables",
    "browser",
)
# Only when it is named: it takes twenty minutes.
ALONE: Final = ("soak",)


def main() -> None:
    options = _options()
    chosen = [name.strip() for name in options.only.split(",") if name.strip()] or list(CASES)
    unknown = sorted(set(chosen) - {*CASES, *ALONE})
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join((*CASES, *ALONE))}.")
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("The benchmarks need two cores: one for the server, one for the load.")
    if not options.quick and not machine.is_quiet():
        print(
            "This machine is busy with something else. The figures will be worse than they should be.", file=sys.stderr
        )
    if not options.quick:
        report.check()  # before an hour of measuring, not after it
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    rows: list[Row] = []
    try:
        with prepared(rounds=rounds, seconds=seconds, is_quick=options.quick) as bench:
            for name in chosen:
                rows += _measured(bench, name)
    finally:
        # A case that fails, or a person who has had enough, must not cost the hour before.
        _show(rows)
        if rows and not options.quick:
            report.write(rows, machine.facts())


def _measured(bench: Bench, name: str) -> list[Row]:
    bench.say(f"--- {name}")
    began = time.monotonic()
    rows: list[Row] = importlib.import_module(f"bench.cases.{name}").run(bench)
    bench.say(f"--- {name} took {(time.monotonic() - began) / 60:.1f} minutes")
    return rows


def _show(rows: Sequence[Row]) -> None:
    for row in rows:
        met = {None: "", True: "  met", False: "  MISSED"}[row.is_met]
        print(
            f"{row.case:12} {row.what:60} {row.server:42} {row.median:>12,.2f} ({row.least:,.2f} to {row.most:,.2f}) "
            f"{row.unit}  {row.target}{met}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="cases, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long one measurement lasts")
    parser.add_argument("--quick", action="store_true", help="one short round; nothing is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
