"""One simulated stretch of time: what was counted in it, by the names that arithmetic.predict uses."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import cast

from bench.simulation.arithmetic import Load
from bench.simulation.clock import VirtualLoop
from bench.simulation.cluster import Database, Process, make_process, simulated
from bench.simulation.redis import PREFIX, SimulatedRedis, Weather
from bench.simulation.traffic import Traffic

_SETTLE_SECONDS = 8.0
_CHANNEL = f"{PREFIX}__group__parley."


@dataclass(frozen=True)
class Counted:
    """figures: as arithmetic.predict. lost and out_of_order: durable events that tabs missed, or got in another order."""

    figures: dict[str, float]
    by_server: list[float]
    repairs: int
    lost: int
    out_of_order: int


def simulate(
    load: Load, seconds: float, weather: Weather | None = None, redis_hosts: int = 1, seed: int = 1
) -> Counted:
    """Run a cluster for so many simulated seconds, after everyone has come."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_simulate(load, seconds, weather or Weather(), redis_hosts, seed))


async def _simulate(load: Load, seconds: float, weather: Weather, redis_hosts: int, seed: int) -> Counted:
    loop = cast(VirtualLoop, asyncio.get_running_loop())
    calm = Weather(weather.latency_seconds)
    servers = [SimulatedRedis(calm, seed + number) for number in range(redis_hosts)]
    database = Database()
    with simulated(loop, database):
        processes = await start_all(load, servers, database, seed)
        traffic = Traffic(load, processes, database, seed)
        await traffic.open_everybody()
        await asyncio.sleep(_SETTLE_SECONDS)

        for server in servers:
            server.weather = weather
            server.clear_counts()
        database.count.clear()
        traffic.heard.clear()
        used = sum(process.hub.used for process in processes)
        await traffic.run(seconds)
        figures = _figures(servers, database, seconds)
        used = sum(process.hub.used for process in processes) - used
        figures["... of them with the room open"] = used / _in_rooms(servers)["publishes"]
        frames = sum(traffic.heard[kind] for kind in ("new_message", "typing", "stream_delta"))
        figures["frames to tabs/s"] = frames / seconds
        by_server = [server.count["deliveries"] / seconds for server in servers]

        for server in servers:
            server.weather = calm
        await asyncio.sleep(_SETTLE_SECONDS)  # two head checks
        lost = sum(database.change(tab.open_room) - tab.heard.last_change for tab in traffic.tabs)
        for process in processes:
            await process.hub.stop()
        return Counted(figures, by_server, database.count["repairs"], lost, traffic.heard["disorder"])


def _figures(servers: list[SimulatedRedis], database: Database, seconds: float) -> dict[str, float]:
    every = sum((server.count for server in servers), start=Counter[str]())
    rooms, presence = _in_rooms(servers), _in_channels(servers, f"{_CHANNEL}presence")
    return {
        "publishes/s": every["publishes"] / seconds,
        "deliveries by Redis/s": every["deliveries"] / seconds,
        "bytes into Redis/s": every["bytes in"] / seconds,
        "bytes out of Redis/s": every["bytes out"] / seconds,
        "processes that hear a room's event": rooms["deliveries"] / rooms["publishes"],
        "presence publishes/s": presence["publishes"] / seconds,
        "presence deliveries/s": presence["deliveries"] / seconds,
        "subscriptions held": sum(server.subscriptions for server in servers),
        "(un)subscribes/s": (every["subscribes"] + every["unsubscribes"]) / seconds,
        "head checks/s": database.count["head checks"] / seconds,
        "rooms in a head check": database.count["rooms in head checks"] / max(1, database.count["head checks"]),
    }


def _in_rooms(servers: list[SimulatedRedis]) -> Counter[str]:
    return _in_channels(servers, f"{_CHANNEL}room.")


def _in_channels(servers: list[SimulatedRedis], prefix: str) -> Counter[str]:
    counts = (count for server in servers for name, count in server.by_channel.items() if name.startswith(prefix))
    return sum(counts, start=Counter[str]())


async def start_all(load: Load, servers: list[SimulatedRedis], database: Database, seed: int) -> list[Process]:
    chance = random.Random(seed)
    processes = [make_process(servers, database) for _ in range(load.processes)]
    for process in processes:
        await process.start(load.head_check_seconds, after=chance.uniform(0, load.head_check_seconds))
        await asyncio.sleep(load.beat_seconds / load.processes)
    return processes
