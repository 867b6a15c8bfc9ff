"""What presence costs when a process starts, and when Redis has been away: `python -m bench.simulation.upheavals`."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, cast

from bench.simulation.arithmetic import Load
from bench.simulation.clock import VirtualLoop
from bench.simulation.cluster import Database, Process, make_process, simulated
from bench.simulation.redis import SimulatedRedis, Weather
from bench.simulation.run import start_all
from bench.simulation.traffic import Traffic

_SETTLE_SECONDS: Final = 8.0
_OUTAGE_SECONDS: Final = 20.0  # longer than PRESENCE_EXPIRY_SECONDS: everyone forgets everyone

Upheaval = Callable[[Load, SimulatedRedis, Database], Awaitable[None]]


async def a_process_starts(load: Load, server: SimulatedRedis, database: Database) -> None:
    await make_process([server], database).start(load.head_check_seconds, after=60)
    await asyncio.sleep(1)


async def redis_was_away(load: Load, server: SimulatedRedis, database: Database) -> None:
    server.is_up = False
    await asyncio.sleep(_OUTAGE_SECONDS)
    server.is_up = True
    await asyncio.sleep(2 * load.beat_seconds)


def count(load: Load, upheaval: Upheaval) -> Counter[str]:
    """Return what went over Redis from the upheaval on: publishes, deliveries, bytes in, bytes out."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_count(load, upheaval))


async def _count(load: Load, upheaval: Upheaval) -> Counter[str]:
    loop = cast(VirtualLoop, asyncio.get_running_loop())
    server, database = SimulatedRedis(Weather(), seed=1), Database()
    with simulated(loop, database):
        processes = await start_all(load, [server], database, seed=1)
        await Traffic(load, processes, database, seed=1).open_everybody()
        await asyncio.sleep(_SETTLE_SECONDS)
        server.clear_counts()
        await upheaval(load, server, database)
        counted = server.count
        await _stop(processes)
        return counted


async def _stop(processes: list[Process]) -> None:
    for process in processes:
        await process.hub.stop()


def main() -> None:
    for processes in (5, 10):
        load = Load(processes=processes, people=10 * processes, rooms_per_person=4, people_per_room=10)
        for upheaval in (a_process_starts, redis_was_away):
            counted = count(load, upheaval)
            shown = ", ".join(f"{counted[what]:,} {what}" for what in ("publishes", "deliveries", "bytes out"))
            print(f"{processes} processes, {load.tabs} tabs, {upheaval.__name__.replace('_', ' ')}: {shown}")


if __name__ == "__main__":
    main()
