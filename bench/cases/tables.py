"""Reading from large tables: rooms of up to 1,000,000 messages, a person in 2,000 rooms, a room of 5,000 people.

The three long rooms stand in one database, the small one oldest, so a small room is read beside a huge one. What is
measured is the server's work on a request, without its socket: see bench/server_time.py.
"""

import json
import os
import subprocess
import sys
from typing import Final

from bench import machine, parley
from bench.measure import Row, wanted_below
from bench.plan import Bench
from tests.servers.processes import REPOSITORY
from tests.servers.server_process import environment

CASE: Final = "tables"
SERVERS: Final = {"sqlite": "Parley, SQLite", "postgres": "Parley, PostgreSQL"}
PAGE_BELOW_MS: Final = 10
SEARCH_BELOW_MS: Final = 50
_CALLS: Final = 20
_QUICK_CALLS: Final = 3
_QUICK_ROOM: Final = 20_000
_MILLION: Final = 1_000_000
_NOTE: Final = "thread hop, access check, queries and encoding; without the socket; database files in memory"


def run(bench: Bench) -> list[Row]:
    rows: list[Row] = []
    for database, server in SERVERS.items():
        rows += rows_of(server, _measured(bench, bench.sites.database_url(database)))
    return rows


def _measured(bench: Bench, url: str) -> str:
    """Fill the database and measure, in a process of its own on the server's core; return its JSON."""
    settings = {**parley.SETTINGS, "SECRET_KEY": "signs nothing, " * 5, "DATABASE_URL": url, "ENV_FILE": os.devnull}
    command = [sys.executable, "-m", "bench.server_time", str(bench.rounds)]
    command += [str(_QUICK_CALLS), str(_QUICK_ROOM)] if bench.is_quick else [str(_CALLS), str(_MILLION)]
    env = environment(settings)
    process = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, text=True)
    machine.pin(process.pid, machine.SERVER_CORE)
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"Measuring on {url.partition(':')[0]} failed.")
    return output


def rows_of(server: str, output: str) -> list[Row]:
    """Turn what bench.server_time printed into rows, those of the million with their ratio to the smallest size."""
    found: list[tuple[str, int, list[float]]] = json.loads(output)
    smallest: dict[str, Row] = {}
    rows = []
    for what, size, values in found:
        row = Row(CASE, f"{what}, {size:,}", server, values, "ms", _NOTE, is_better_low=True)
        first = smallest.setdefault(what, row)
        if size == _MILLION and "page" in what:
            row = wanted_below(row, PAGE_BELOW_MS)
        elif size == _MILLION and what.startswith("search"):
            row = wanted_below(row, SEARCH_BELOW_MS)
        if first is not row and first.what != row.what:
            row = _compared(row, first)
        rows.append(row)
    return rows


def _compared(row: Row, first: Row) -> Row:
    times = row.median / first.median if first.median else 0.0
    size = first.what.rpartition(", ")[2]
    return Row(**{**vars(row), "note": f"{times:.1f} x that of {size}; {row.note}"})
