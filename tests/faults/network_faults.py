"""What networks do, between the tabs and the processes, to Redis, and to the database."""

import asyncio
from typing import ClassVar, Final

from tests.faults.nemesis import Fault
from tests.faults.proxy import COMMITTED, Proxy
from tests.faults.scene import Scene

_CONNECTED_SECONDS: Final = 15
_TRIES: Final = 10
_RESPONSE_MARK: Final = b'"type":"create_message"'


class NetworkFault(Fault):
    """Strikes one of the ways: between the tabs and the processes, to Redis, or to the database."""

    way: ClassVar[str] = "clients"

    def ways(self, scene: Scene) -> list[Proxy]:
        redis = [] if scene.redis_way is None else [scene.redis_way]
        return {"clients": scene.clients, "redis": redis, "database": scene.database_ways}[self.way]


class Delay(NetworkFault):
    name = "network slow"
    hold_seconds = 2.0
    delay_seconds = 0.15

    async def begin(self, scene: Scene) -> None:
        for way in self.ways(scene):
            way.delay(self.delay_seconds)

    async def end(self, scene: Scene) -> str:
        links = sum(way.open_links for way in self.ways(scene))
        for way in self.ways(scene):
            way.delay(0)
        return f"{links} connections delayed" if links else ""


class CutAtByte(NetworkFault):
    """Most connections end after a random number of bytes: in the middle of a frame, as a rule."""

    name = "network cut at a byte"
    hold_seconds = 2.0
    share = 0.7
    bytes_at_most = 4000

    async def prepare(self, scene: Scene) -> None:
        """Wait for connections: after the fault before there may be none yet."""
        async with asyncio.timeout(_CONNECTED_SECONDS):
            while not any(way.open_links for way in self.ways(scene)):  # noqa: ASYNC110 - the proxy's thread tells no one
                await asyncio.sleep(0.05)

    async def begin(self, scene: Scene) -> None:
        self._before = self._cuts(scene)
        self._arm(scene)

    def _arm(self, scene: Scene) -> None:
        for way in self.ways(scene):
            way.cut_at_byte(self.bytes_at_most, self.share)

    def _cuts(self, scene: Scene) -> int:
        return sum(way.cuts for way in self.ways(scene))

    async def end(self, scene: Scene) -> str:
        for _try in range(_TRIES):
            if self._cuts(scene) > self._before:
                break
            # Few were open, and chance has left them out, or nothing went through them.
            self._arm(scene)
            await asyncio.sleep(1)
        for way in self.ways(scene):
            way.spare()
        cuts = self._cuts(scene) - self._before
        return f"{cuts} connections cut" if cuts else ""


class BlackHole(NetworkFault):
    """Nothing gets through one of the ways for longer than a tab waits; then all of it arrives, late."""

    name = "network black hole"
    hold_seconds = 4.5

    async def begin(self, scene: Scene) -> None:
        self._way = max(self.ways(scene), key=lambda way: way.open_links)
        self._links = self._way.open_links
        self._way.black_hole(True)

    async def end(self, scene: Scene) -> str:
        self._way.black_hole(False)
        return f"{self._links} connections held" if self._links else ""


class HalfClose(NetworkFault):
    name = "network half closed"

    async def begin(self, scene: Scene) -> None:
        self._closed = sum(way.half_close(0.7) for way in self.ways(scene))

    async def end(self, scene: Scene) -> str:
        return f"{self._closed} connections half closed" if self._closed else ""


class ResponsesLost(NetworkFault):
    """The message is stored, and the connection ends with its response."""

    name = "responses lost"
    hold_seconds = 2.0
    mark = _RESPONSE_MARK
    count = 4

    async def begin(self, scene: Scene) -> None:
        self._lost = sum(way.responses_lost for way in self.ways(scene))
        for way in self.ways(scene):
            way.lose_responses(self.mark, self.count)

    async def end(self, scene: Scene) -> str:
        for way in self.ways(scene):
            way.lose_responses(self.mark, 0)
        lost = sum(way.responses_lost for way in self.ways(scene)) - self._lost
        return f"{lost} responses lost" if lost else ""


class CommitsLost(ResponsesLost):
    """PostgreSQL commits, and the process never hears so."""

    name = "commits unconfirmed"
    way = "database"
    mark = COMMITTED


class RedisUnreachable(BlackHole):
    name = "Redis unreachable"
    way = "redis"


class RedisCut(CutAtByte):
    name = "Redis cut at a byte"
    way = "redis"


class DatabaseCut(CutAtByte):
    name = "database cut at a byte"
    way = "database"
    bytes_at_most = 20_000
