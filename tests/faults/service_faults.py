"""What befalls Redis and PostgreSQL."""

import asyncio

import redis as redis_client

from tests.faults.nemesis import Fault, state_of
from tests.faults.scene import Scene

# --- Redis


class RedisKilled(Fault):
    name = "Redis killed"
    hold_seconds = 1.5

    async def begin(self, scene: Scene) -> None:
        self._pid = scene.redis.pid
        await asyncio.to_thread(scene.redis.kill)

    async def end(self, scene: Scene) -> str:
        await asyncio.to_thread(scene.redis.start)
        return f"pid {self._pid} became {scene.redis.pid}" if scene.redis.pid != self._pid else ""


class RedisRestarted(RedisKilled):
    name = "Redis restarted"
    hold_seconds = 0.0

    async def begin(self, scene: Scene) -> None:
        self._pid = scene.redis.pid
        await asyncio.to_thread(scene.redis.stop)
        await asyncio.sleep(0.3)


class RedisFrozen(Fault):
    name = "Redis frozen"
    hold_seconds = 3.0

    async def begin(self, scene: Scene) -> None:
        scene.redis.freeze()
        await asyncio.sleep(0.1)
        self._state = state_of(scene.redis)

    async def end(self, scene: Scene) -> str:
        scene.redis.thaw()
        return "its state was T" if self._state == "T" else ""


class RedisFlushed(Fault):
    """FLUSHALL, and every subscription forgotten with it."""

    name = "Redis flushed"

    async def begin(self, scene: Scene) -> None:
        self._killed = await asyncio.to_thread(self._flush, scene.redis.url)

    def _flush(self, url: str) -> int:
        client = redis_client.Redis.from_url(url)
        try:
            client.flushall()
            return int(client.client_kill_filter(_type="pubsub"))
        finally:
            client.close()

    async def end(self, scene: Scene) -> str:
        return f"{self._killed} subscribers forgotten" if self._killed else ""


# --- PostgreSQL


class PostgresRestarted(Fault):
    """A fast shutdown: what was committed is kept, every connection ends."""

    name = "PostgreSQL restarted"

    async def begin(self, scene: Scene) -> None:
        assert scene.postgres is not None
        self._pid = scene.postgres.pid
        await asyncio.to_thread(scene.postgres.stop)

    async def end(self, scene: Scene) -> str:
        assert scene.postgres is not None
        await asyncio.to_thread(scene.postgres.start)
        return f"pid {self._pid} became {scene.postgres.pid}" if scene.postgres.pid != self._pid else ""


class PostgresFrozen(Fault):
    """Every process of it stands still."""

    name = "PostgreSQL frozen"
    hold_seconds = 3.0

    async def begin(self, scene: Scene) -> None:
        # Its backends are processes of their own, which a signal to the first one does not stop; the ways to them can be.
        for way in scene.database_ways:
            way.black_hole(True)
        assert scene.postgres is not None
        scene.postgres.freeze()
        await asyncio.sleep(0.1)
        self._state = state_of(scene.postgres)

    async def end(self, scene: Scene) -> str:
        assert scene.postgres is not None
        scene.postgres.thaw()
        for way in scene.database_ways:
            way.black_hole(False)
        return "its state was T, and its connections were held" if self._state == "T" else ""
