"""A Redis that counts: pub/sub with the bytes of its protocol, latencies, losses and doubles.

The layers above it are the real ones of channels-redis; only their connections are replaced.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from channels_redis.pubsub import RedisPubSubChannelLayer

PREFIX: Final = "parley"


@dataclass(frozen=True)
class Weather:
    """What the network does. Seconds are the means of exponential distributions, one way; the rest are shares."""

    latency_seconds: float = 0.0003
    loss: float = 0.0
    double: float = 0.0


def command_bytes(*parts: bytes) -> int:
    """Return the size of a command, or of a push, in Redis's protocol."""
    return len(b"*%d\r\n" % len(parts)) + sum(len(b"$%d\r\n" % len(part)) + len(part) + 2 for part in parts)


class SimulatedRedis:
    """One server. `count` holds operations and bytes; `by_channel` the publishes and deliveries of each channel."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self.weather = weather
        self.is_up = True
        self.count: Counter[str] = Counter()
        self.by_channel: dict[str, Counter[str]] = {}
        self._random = random.Random(seed)
        self._subscribers: dict[str, dict[Subscriber, None]] = {}

    def clear_counts(self) -> None:
        self.count.clear()
        self.by_channel.clear()

    @property
    def subscriptions(self) -> int:
        return sum(map(len, self._subscribers.values()))

    def publish(self, channel: str, payload: bytes) -> None:
        if not self.is_up:
            raise ConnectionError("the simulated Redis is down")
        hearers = self._subscribers.get(channel, {})
        size = command_bytes(b"PUBLISH", channel.encode(), payload)
        counts = self.by_channel.setdefault(channel, Counter())
        for counter in (self.count, counts):
            counter["publishes"] += 1
            counter["deliveries"] += len(hearers)
            counter["bytes in"] += size
            counter["bytes out"] += size * len(hearers)  # "message" is as long as "PUBLISH"
        for hearer in hearers:
            if self._random.random() >= self.weather.loss:
                hearer.deliver(channel, payload, self.latency())
                if self._random.random() < self.weather.double:
                    hearer.deliver(channel, payload, self.latency())

    def latency(self) -> float:
        return self._random.expovariate(1 / self.weather.latency_seconds)

    def subscribe(self, channel: str, subscriber: "Subscriber") -> None:
        self.count["subscribes"] += 1
        self._subscribers.setdefault(channel, {})[subscriber] = None

    def unsubscribe(self, channel: str, subscriber: "Subscriber") -> None:
        self.count["unsubscribes"] += 1
        hearers = self._subscribers.get(channel, {})
        hearers.pop(subscriber, None)
        if not hearers:
            self._subscribers.pop(channel, None)


class Publisher:
    """Stands for a process's connection that publishes: one command at a time, each a round trip."""

    def __init__(self, redis: SimulatedRedis) -> None:
        self._redis = redis

    async def publish(self, channel: str, payload: bytes) -> None:
        await asyncio.sleep(self._redis.latency())
        self._redis.publish(channel, payload)
        await asyncio.sleep(self._redis.latency())

    async def aclose(self, *, close_connection_pool: bool = True) -> None:
        """There is nothing to close."""


class Subscriber:
    """Stands for a process's connection that listens: what comes through it keeps its order."""

    subscribed = True

    def __init__(self, redis: SimulatedRedis, shard: Any) -> None:
        self._redis = redis
        self._shard = shard
        self._latest = 0.0

    async def subscribe(self, channel: str) -> None:
        await asyncio.sleep(self._redis.latency())
        self._redis.subscribe(channel, self)

    async def unsubscribe(self, channel: str) -> None:
        await asyncio.sleep(self._redis.latency())
        self._redis.unsubscribe(channel, self)

    def deliver(self, channel: str, payload: bytes, latency: float) -> None:
        loop = asyncio.get_running_loop()
        self._latest = max(self._latest, loop.time() + latency)
        loop.call_at(self._latest, self._shard._receive_message, {"channel": channel, "data": payload})  # noqa: SLF001


def connect(servers: list[SimulatedRedis]) -> Any:
    """Return a channel layer of channels-redis, as one process has it, over these servers."""
    layer = RedisPubSubChannelLayer(hosts=[f"redis://simulated-{n}" for n in range(len(servers))], prefix=PREFIX)
    for shard, server in zip(layer._get_layer()._shards, servers, strict=True):  # noqa: SLF001
        # What it finds here it does not make again: no socket is ever opened.
        shard._redis = Publisher(server)  # noqa: SLF001
        shard._pubsub = Subscriber(server, shard)  # noqa: SLF001
        shard._receive_task = asyncio.get_running_loop().create_future()  # noqa: SLF001
    return layer
