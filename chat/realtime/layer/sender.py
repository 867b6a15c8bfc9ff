"""The queue to the channel layer. Publishing must never wait for Redis, nor fill the memory while it is away."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final

import structlog

from chat.realtime.layer import bus

log = structlog.get_logger(__name__)

_QUEUED_AT_MOST: Final = 10_000
_TOGETHER_AT_MOST: Final = 50
# Of the messages that wait while the layer is away, and of those that go as one, unless one alone has more.
_QUEUED_BYTES: Final = 16_000_000
_TOGETHER_BYTES: Final = 250_000
_SEND_TIMEOUT_SECONDS: Final = 5.0


class LayerSender:
    """Sends in order; drops the oldest when too much waits, and what fails: the head checks make up for it.

    While one message is on its way, others come. Those to one group go as one: it is the sending and the hearing that
    cost, in every process that hears the group, hardly what is in it. So a process that has more to say than the layer
    takes falls behind by little: each message brings more. The order is kept within a group, not between groups, whose
    messages a layer may bring by different ways anyway.
    """

    def __init__(self, layer: Any, process: str, on_return: Callable[[], None]) -> None:
        self._layer = layer
        self._process = process
        self._on_return = on_return
        # By group; the group that has waited longest comes first.
        self._queues: OrderedDict[str, deque[bytes]] = OrderedDict()
        self._count = self._bytes = 0
        self._filled = asyncio.Event()
        self._failing = False

    def put(self, group: str, body: bytes) -> None:
        """Queue an encoded message of the bus."""
        while self._count and (self._count >= _QUEUED_AT_MOST or self._bytes + len(body) > _QUEUED_BYTES):
            self._take(1)
        self._queues.setdefault(group, deque()).append(body)
        self._count += 1
        self._bytes += len(body)
        self._filled.set()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queues:
                group, bodies = self._take(_TOGETHER_AT_MOST)
                await self._send(group, bus.packed(bodies, self._process))

    def _take(self, at_most: int) -> tuple[str, list[bytes]]:
        """Take the oldest messages of the group that has waited longest; what is left of them waits behind the others."""
        group, queue = self._queues.popitem(last=False)
        bodies: list[bytes] = []
        taken = 0
        while queue and len(bodies) < at_most and (taken < _TOGETHER_BYTES or not bodies):
            bodies.append(queue.popleft())
            taken += len(bodies[-1])
        self._count -= len(bodies)
        self._bytes -= taken
        if queue:
            self._queues[group] = queue
        return group, bodies

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(_SEND_TIMEOUT_SECONDS):
                await self._layer.group_send(group, message)
        except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
            if not self._failing:  # one line for an outage, not one for each message
                log.warning("layer.unreachable", error=type(error).__name__)
            self._failing = True
        else:
            if self._failing:
                log.info("layer.reachable_again")
                self._on_return()
            self._failing = False
