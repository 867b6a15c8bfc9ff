"""How long a message is on its way to 1,000 tabs in one room, ten messages a second, stored and confirmed."""

import asyncio
from typing import Final

from bench import parley
from bench.cases.fanout import MESSAGE
from bench.load import generator
from bench.load.sockets import Sockets
from bench.measure import Row, wanted_below
from bench.plan import Bench

TABS: Final = 1000
PER_SECOND: Final = 10
_ROOM: Final = "bench"
_PEOPLE: Final = 50
_P99_BELOW_MS: Final = 60


def run(bench: Bench) -> list[Row]:
    with parley.site(bench.sites) as site:
        sender, *readers = site.people.create("sender", *["reader"] * _PEOPLE)
        asyncio.run(parley.make_rooms(site, sender, [_ROOM], readers))
        with Sockets(site.processes[0].port) as sockets:
            tabs = [parley.open_tab(sockets, readers[number % _PEOPLE], _ROOM) for number in range(TABS)]
            writing = parley.open_tab(sockets, sender, _ROOM)
            sockets.settle()
            outcomes = [
                generator.fanout(
                    tabs, [writing], [MESSAGE], b'"type":"new_message"', rate=PER_SECOND, seconds=bench.seconds * 5
                )
                for _ in range(bench.rounds)
            ]
    what = f"{TABS:,} tabs in one room, {PER_SECOND} messages/s, sender to tab"
    p99 = Row("latency", f"{what}, p99", "Parley", [outcome.p99 for outcome in outcomes], "ms")
    p50 = Row("latency", f"{what}, p50", "Parley", [outcome.p50 for outcome in outcomes], "ms", is_better_low=True)
    return [wanted_below(p99, _P99_BELOW_MS), p50]
