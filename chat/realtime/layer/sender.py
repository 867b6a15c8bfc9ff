"""The queue to the channel layer. Publishing must never wait for Redis, nor fill the memory while it is away."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final

import structlog

from chat.realtime.layer.publishing import together

log = structlog.get_logger(__name__)

_QUEUED_AT_MOST: Final = 10_000
_TOGETHER_AT_MOST: Final = 50
# Characters of the events that wait while the layer is away, and of those that go as one message, unless one alone has more.
_QUEUED_CHARS: Final = 16_000_000
_TOGETHER_CHARS: Final = 250_000
_SMALL_CHARS: Final = 500
_SEND_TIMEOUT_SECONDS: Final = 5.0


class LayerSender:
    """Sends in order; drops the oldest when too much waits, and what fails: the head checks make up for it.

    While one message is on its way, others come. Those to one group go as one: it is the sending and the hearing that
    cost, in every process that hears the group, hardly what is in it. So a process that has more to say than the layer
    takes falls behind by little: each message brings more. The order is kept within a group, not between groups, whose
    messages a layer may bring by different ways anyway.
    """

    def __init__(self, layer: Any, on_return: Callable[[], None]) -> None:
        self._layer = layer
        self._on_return = on_return
        # By group; the group that has waited longest comes first.
        self._queues: OrderedDict[str, deque[tuple[dict[str, Any], int]]] = OrderedDict()
        self._count = self._chars = 0
        self._filled = asyncio.Event()
        self._failing = False

    def put(self, group: str, message: dict[str, Any]) -> None:
        chars = _chars_of(message)
        while self._count and (self._count >= _QUEUED_AT_MOST or self._chars + chars > _QUEUED_CHARS):
            self._take(1)
        self._queues.setdefault(group, deque()).append((message, chars))
        self._count += 1
        self._chars += chars
        self._filled.set()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queues:
                group, messages = self._take(_TOGETHER_AT_MOST)
                await self._send(group, together(messages))

    def _take(self, at_most: int) -> tuple[str, list[dict[str, Any]]]:
        """Take the oldest messages of the group that has waited longest; what is left of them waits behind the others."""
        group, queue = self._queues.popitem(last=False)
        messages: list[dict[str, Any]] = []
        taken = 0
        while queue and len(messages) < at_most and (taken < _TOGETHER_CHARS or not messages):
            message, chars = queue.popleft()
            messages.append(message)
            taken += chars
        self._count -= len(messages)
        self._chars -= taken
        if queue:
            self._queues[group] = queue
        return group, messages

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


def _chars_of(message: dict[str, Any]) -> int:
    """Return about how much memory a message takes: an event's text, and little else of what is said."""
    event = message.get("event")
    return _SMALL_CHARS if event is None else _SMALL_CHARS + len(event[1])
