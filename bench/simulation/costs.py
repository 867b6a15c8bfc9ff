"""What one message costs a real Redis and a real process on this machine: `python -m bench.simulation.costs`.

The arithmetic counts messages; these figures turn them into shares of a core. CPU time is taken, not the clock, so a
machine that does other things at the same time disturbs little.
"""

# ruff: noqa: ASYNC110

import asyncio
import selectors
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final
from unittest import mock

import msgspec
import uvloop
from channels_redis.pubsub import RedisPubSubChannelLayer

from bench.machine import cpu_seconds
from bench.simulation.cluster import Tab
from chat.protocol import frames, wire
from chat.realtime.events import Event, room_group
from chat.realtime.hub import Hub
from chat.realtime.layer import bus
from chat.realtime.layer.bus import layer_group
from tests.servers.private_redis import PrivateRedis

_SLUG: Final = "room-0000001"
_CHANNEL: Final = f"parley__group__{layer_group(room_group(_SLUG))}".encode()
_BUFFER_BYTES: Final = 1 << 20
_MILLION: Final = 1e6
# Payload bytes: a beat of presence, a delta, a message.
_PAYLOADS: Final = (50, 240, 500)
_SUBSCRIBERS: Final = (0, 1, 10, 100)
_MESSAGES: Final = 20_000


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        redis = PrivateRedis(Path(directory))
        redis.start()
        try:
            print("Redis, microseconds of CPU for a PUBLISH and its deliveries")
            for together in (100, 1):
                for size in _PAYLOADS:
                    costs = {count: publish_cost(redis, count, size, together) for count in _SUBSCRIBERS}
                    shown = ", ".join(f"{count} subscribers {cost:.1f}" for count, cost in costs.items())
                    print(f"  {together:3} at a time, payload {size}: {shown}")
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                per_publish, per_second = runner.run(_publishing(redis.url))
                print(
                    f"A process: {per_publish:.0f} microseconds of CPU for each publish, {per_second:,.0f} a second at most"
                )
                for what, is_open in (("no one there has the room open", False), ("one tab has it open", True)):
                    print(
                        f"A process: {runner.run(_hearing(redis, is_open)):.0f} microseconds for each event heard ({what})"
                    )
        finally:
            redis.stop()
    return 0


def command(*parts: bytes) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def publish_cost(redis: PrivateRedis, subscribers: int, payload_bytes: int, together: int) -> float:
    """Return Redis's CPU microseconds for one PUBLISH to so many subscribers; `together`: commands in one write."""
    count = max(400, _MESSAGES * 4 // max(4, subscribers)) // together * together
    one = command(b"PUBLISH", _CHANNEL, b"x" * payload_bytes)
    selector = selectors.DefaultSelector()
    left: dict[int, int] = {}
    listeners = [_subscribed(redis.port) for _ in range(subscribers)]
    for listener in listeners:
        selector.register(listener, selectors.EVENT_READ)
        left[listener.fileno()] = len(one) * count  # a push is as long as its PUBLISH
    buffer = bytearray(_BUFFER_BYTES)
    before = cpu_seconds(redis.pid)
    with socket.create_connection(("127.0.0.1", redis.port)) as publisher:
        for _ in range(count // together):
            publisher.sendall(one * together)
            missing = together
            while missing:
                missing -= publisher.recv(_BUFFER_BYTES).count(b"\n")
            _drain(selector, left, buffer, 0)
        while any(left.values()):
            _drain(selector, left, buffer, 1)
    cost = (cpu_seconds(redis.pid) - before) / count * _MILLION
    for listener in listeners:
        listener.close()
    return cost


def _subscribed(port: int) -> socket.socket:
    listener = socket.create_connection(("127.0.0.1", port))
    listener.sendall(command(b"SUBSCRIBE", _CHANNEL))
    listener.recv(_BUFFER_BYTES)
    listener.setblocking(False)
    return listener


def _drain(selector: selectors.BaseSelector, left: dict[int, int], buffer: bytearray, seconds: float) -> None:
    for key, _events in selector.select(seconds):
        left[key.fd] -= socket.socket.recv_into(key.fileobj, buffer)  # type: ignore[arg-type]


def _layer(url: str) -> Any:
    return RedisPubSubChannelLayer(hosts=[{"address": url, "socket_timeout": None}], prefix="parley")


def _delta() -> Event:
    fact = wire.StreamDelta(_SLUG, "1000001", 1, 1, 1000, "x" * 50)
    return Event(room_group(_SLUG), frames.event("stream_delta", fact), is_droppable=True)


async def _publishing(url: str) -> tuple[float, float]:
    """Return CPU microseconds for each publish, and how many a second one after the other."""
    with mock.patch("chat.realtime.hub.get_channel_layer", return_value=_layer(url)):
        hub = Hub()
    await hub.start()
    sender = hub._sender  # noqa: SLF001
    # To a room each: what waits for one room would go together.
    events = [
        msgspec.structs.replace(_delta(), group=room_group(f"room-{number:07}")) for number in range(_MESSAGES // 2)
    ]
    began, cpu = time.monotonic(), time.process_time()
    for event in events:
        hub.publish(event)
        if sender._count > 1000:  # noqa: SLF001
            await asyncio.sleep(0.01)
    while sender._queues:  # noqa: SLF001
        await asyncio.sleep(0.005)
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    await hub.stop()
    return cpu / (_MESSAGES // 2) * _MILLION, _MESSAGES // 2 / seconds


async def _hearing(redis: PrivateRedis, is_open: bool) -> float:
    """Return CPU microseconds for each event that another process has published to a room that this one hears."""
    with mock.patch("chat.realtime.hub.get_channel_layer", return_value=_layer(redis.url)):
        hub = Hub()
    await hub.start()
    feed = hub.feed_of(_SLUG)
    if is_open:
        feed.live.add(Tab(1, 1, "alice", _SLUG, Counter()))
    heard = 0

    def count(event: Event, _origin: str) -> None:
        nonlocal heard
        heard += 1
        hub.deliver(event)

    hub.handle(Event, count)
    await asyncio.sleep(0.3)
    payload = _layer(redis.url).serialize(bus.packed([bus.encode(_delta())], "another-hub-"))
    one = command(b"PUBLISH", _CHANNEL, payload)
    reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
    cpu = time.process_time()
    for _ in range(_MESSAGES // 100):
        writer.write(one * 100)
        await reader.readexactly(4 * 100)  # ":1\r\n" each
    while heard < _MESSAGES:
        await asyncio.sleep(0.01)
    cpu = time.process_time() - cpu
    writer.close()
    await hub.stop()
    return cpu / _MESSAGES * _MILLION


if __name__ == "__main__":
    sys.exit(main())
