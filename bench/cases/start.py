"""How long a process takes from its start to its first response, with the database migrated."""

import time

from bench import machine, parley
from bench.measure import Row, wanted_below
from bench.plan import Bench

_BELOW_SECONDS = 3


def run(bench: Bench) -> list[Row]:
    with parley.site(bench.sites) as site:
        process = site.processes[0]
        seconds = []
        for _ in range(bench.rounds):
            process.stop()
            began = time.monotonic()
            process.launch()
            machine.pin(process.pid, machine.SERVER_CORE)
            process.wait_ready()
            seconds.append(time.monotonic() - began)
    return [wanted_below(Row("start", "start to first response", "Parley", seconds, "s"), _BELOW_SECONDS)]
