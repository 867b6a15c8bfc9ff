"""One process against two over Redis: messages in one room whose tabs stand half in each.

This machine has two cores, and the load needs some of them, too. So beside what was delivered a second stands what was
delivered for each second of processor time of the servers: that is what a further core brings where there is one.
"""

import asyncio
from typing import Final, NamedTuple

from bench import machine, parley
from bench.cases.fanout import MESSAGE, TYPING
from bench.load import generator
from bench.load.sockets import Sockets
from bench.measure import Row, wanted_at_least
from bench.plan import Bench
from tests.servers.sites import Profile

TABS: Final = 400
WINDOW: Final = 16
_ROOM: Final = "bench"
_PEOPLE: Final = 20
_AT_LEAST: Final = 1.7
_KINDS: Final = {"typing": (TYPING, b'"type":"typing"'), "messages": (MESSAGE, b'"type":"new_message"')}


class _Measured(NamedTuple):
    per_second: float
    per_processor_second: float


def run(bench: Bench) -> list[Row]:
    one, two = _measure(bench, 1), _measure(bench, 2)
    rows = []
    for kind in _KINDS:
        for processes, found in ((1, one), (2, two)):
            name = f"{kind}, {processes} process{'es' if processes > 1 else ''} over Redis"
            rows.append(Row("processes", name, "Parley", [each.per_second for each in found[kind]], "deliveries/s"))
        rows += _compared(kind, one[kind], two[kind])
    return rows


def _compared(kind: str, one: list[_Measured], two: list[_Measured]) -> list[Row]:
    pairs = list(zip(one, two, strict=True))
    delivered = [double.per_second / single.per_second for single, double in pairs]
    projected = [2 * double.per_processor_second / single.per_processor_second for single, double in pairs]
    what = f"{kind}, two processes against one"
    return [
        wanted_at_least(Row("processes", what, "Parley", delivered, "x"), _AT_LEAST),
        Row("processes", f"{what}, projected from processor time to a core for each", "Parley", projected, "x"),
    ]


def _measure(bench: Bench, processes: int) -> dict[str, list[_Measured]]:
    found: dict[str, list[_Measured]] = {kind: [] for kind in _KINDS}
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
                    found[kind].append(_Measured(outcome.received_per_second, outcome.received / used))
                    bench.say(
                        f"{processes} processes, {kind}: {outcome.received_per_second:,.0f} deliveries/s, {used:.1f} s used"
                    )
    return found
