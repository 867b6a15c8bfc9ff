"""Two faults at once: the second begins and ends within the first, which is still there at the second's end."""

import asyncio
from typing import ClassVar, Final

from tests.faults.nemesis import Fault, Kill
from tests.faults.network_faults import Delay, ResponsesLost
from tests.faults.scene import Scene
from tests.faults.service_faults import PostgresRestarted, RedisKilled

# So that someone writes in it: without a database soon everyone waits for a response.
_ALONE_SECONDS: Final = 1.0


class Overlap(Fault):
    outer: ClassVar[type[Fault]]
    inner: ClassVar[type[Fault]]

    async def prepare(self, scene: Scene) -> None:
        self._outer, self._inner = self.outer(), self.inner()
        await self._outer.prepare(scene)
        await self._inner.prepare(scene)

    async def begin(self, scene: Scene) -> None:
        await self._outer.begin(scene)
        await asyncio.sleep(_ALONE_SECONDS)
        await self._inner.begin(scene)
        await asyncio.sleep(self._inner.hold_seconds)
        self._proof = await self._inner.end(scene)

    async def end(self, scene: Scene) -> str:
        outer = await self._outer.end(scene)
        return f"{outer}; {self._proof}" if outer and self._proof else ""


class KilledInDelay(Overlap):
    name = "server killed in a slow network"
    outer, inner = Delay, Kill


class ResponsesLostInDelay(Overlap):
    name = "responses lost in a slow network"
    outer, inner = Delay, ResponsesLost


class KilledWithoutRedis(Overlap):
    name = "server killed without Redis"
    outer, inner = RedisKilled, Kill


class ResponsesLostWithoutRedis(Overlap):
    name = "responses lost without Redis"
    outer, inner = RedisKilled, ResponsesLost


class PostgresRestartedWithoutRedis(Overlap):
    name = "PostgreSQL restarted without Redis"
    outer, inner = RedisKilled, PostgresRestarted
