"""One process against two over Redis: messages in one room whose tabs stand half in each.

Two servers, the load, Redis and PostgreSQL share the cores of one machine, so deliveries a second would measure the machine.
What is measured is the servers' processor time for each delivery: with a core for each process, two of them deliver twice
as much as one, divided by what a delivery costs them more.
"""

import asyncio
from typing import Final

from bench import machine, parley
from bench.cases.fanout import MESSAGE, TYPING
from bench.load import generator
from bench.load.sockets import Sockets
from bench.measure import Row, wanted_below
from bench.plan import Bench
from tests.servers.sites import Profile

TABS: Final = 400
WINDOW: Final = 16
_ROOM: Final = "bench"
_PEOPLE: Final = 20
# Two processes with a core each are to deliver 1.7 times as much as one.
_AT_MOST: Final = round(2 / 1.7, 2)
_MICROSECONDS: Final = 1e6
_KINDS: Final = {"typing": (TYPING, b'"type":"typing"'), "messages": (MESSAGE, b'"type":"new_message"')}


def run(bench: Bench) -> list[Row]:
    return compared(_measure(bench, 1), _measure(bench, 2))


def compared(one: dict[str, list[float]], two: dict[str, list[float]]) -> list[Row]:
    """Return the rows of the case, from the microseconds of processor time for each delivery in each round."""
    rows = []
    for kind in _KINDS:
        what = f"{kind}, processor time for each delivery"
        rows += [
            Row("processes", f"{what}, one process over Redis", "Parley", one[kind], "µs", is_better_low=True),
            Row("processes", f"{what}, two processes over Redis", "Parley", two[kind], "µs", is_better_low=True),
        ]
        ratios = [double / single for single, double in zip(one[kind], two[kind], strict=True)]
        rows.append(
            wanted_below(Row("processes", f"{what}, two processes against one", "Parley", ratios, "x"), _AT_MOST)
        )
    return rows


def _measure(bench: Bench, processes: int) -> dict[str, list[float]]:
    """Return the microseconds of processor time that each delivery took, by kind and round."""
    found: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    with parley.site(bench.sites, Profile("uvicorn", "postgres", has_redis=True, processes=processes)) as site:
        for process, core in zip(site.processes, (machine.SERVER_CORE, machine.LOAD_CORE), strict=False):
            machine.pin(process.pid, core)
        sender, *readers = site.people.create("sender", *["reader"] * _PEOPLE)
        asyncio.run(parley.make_rooms(site, sender, [_ROOM], readers))
        with Sockets(site.processes[0].port) as first, Sockets(site.processes[-1].port) as last:
            tabs = [
                parley.open_tab((first, last)[number % 2], readers[number % _PEOPLE], _ROOM) for number in range(TABS)
            ]
            senders = [parley.open_tab(sockets, sender, _ROOM) for sockets in (first, last)]
            first.settle()
            last.settle()
            for _ in range(bench.rounds):
                for kind, (text, marker) in _KINDS.items():
                    used = sum(machine.cpu_seconds(process.pid) for process in site.processes)
                    outcome = generator.fanout(
                        tabs, senders, [text, text], marker, window=WINDOW, seconds=bench.seconds, warm_up_seconds=0
                    )
                    used = sum(machine.cpu_seconds(process.pid) for process in site.processes) - used
                    found[kind].append(_MICROSECONDS * used / outcome.received)
                    bench.say(
                        f"{processes} processes, {kind}: {found[kind][-1]:.2f} µs for each of {outcome.received:,}"
                    )
    return found
