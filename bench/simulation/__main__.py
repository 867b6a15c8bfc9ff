"""`python -m bench.simulation`: what the arithmetic says beside what the simulated cluster counted."""

import argparse
import sys
import time
from dataclasses import fields
from typing import Final

from bench.simulation.arithmetic import Load, predict
from bench.simulation.compare import TOLERANCE, disagreements, table
from bench.simulation.redis import Weather
from bench.simulation.run import simulate

_OF_LOAD: Final = {each.name: type(each.default) for each in fields(Load)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=9.0, help="simulated seconds that are counted")
    parser.add_argument("--redis-hosts", type=int, default=1)
    parser.add_argument("--loss", type=float, default=0.0, help="share of Redis's deliveries that get lost")
    parser.add_argument("--double", type=float, default=0.0, help="share that arrive twice")
    parser.add_argument("--latency", type=float, default=0.0003, help="mean seconds from a process to Redis")
    parser.add_argument("--seed", type=int, default=1)
    defaults = Load()
    for name, kind in _OF_LOAD.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=getattr(defaults, name))
    given = parser.parse_args()

    load = Load(**{name: getattr(given, name) for name in _OF_LOAD})
    began = time.monotonic()
    counted = simulate(
        load, given.seconds, Weather(given.latency, given.loss, given.double), given.redis_hosts, given.seed
    )
    predicted = predict(load)
    print(
        f"{load.processes} processes, {load.tabs} tabs, {load.rooms:.0f} rooms, {given.seconds:g} simulated seconds "
        f"in {time.monotonic() - began:.0f} s; agreement within {TOLERANCE:.0%}\n"
    )
    print(table(predicted, counted.figures))
    if given.redis_hosts > 1:
        print("\ndeliveries/s by host: " + ", ".join(f"{each:,.0f}" for each in counted.by_server))
    print(
        f"\nholes repaired from the database: {counted.repairs}; durable events lost: {counted.lost}, "
        f"out of order or doubled: {counted.out_of_order}"
    )
    wrong = disagreements(predicted, counted.figures) if not (given.loss or given.double) else []
    if wrong:
        print("arithmetic and simulation disagree: " + ", ".join(wrong))
    return 1 if wrong or counted.lost or counted.out_of_order else 0


if __name__ == "__main__":
    sys.exit(main())
