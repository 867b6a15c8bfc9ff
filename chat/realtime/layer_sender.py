"""The queue to the channel layer. Publishing must never wait for Redis, nor fill the memory while it is away."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import structlog

from chat.realtime.publishing import together

log = structlog.get_logger(__name__)

_QUEUED_AT_MOST: Final = 10_000
_TOGETHER_AT_MOST: Final = 50
_SEND_TIMEOUT_SECONDS: Final = 5.0


class LayerSender:
    """Sends in order; drops the oldest when too much waits, and what fails: the head checks make up for it.

    While one message is on its way, others come. Those in a row to one group go as one: it is the sending and the
    hearing that cost, in every process that hears the group, hardly what is in it.
    """

    def __init__(self, layer: Any, on_return: Callable[[], None]) -> None:
        self._layer = layer
        self._on_return = on_return
        self._queue: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_QUEUED_AT_MOST)
        self._filled = asyncio.Event()
        self._failing = False

    def put(self, group: str, message: dict[str, Any]) -> None:
        self._queue.append((group, message))
        self._filled.set()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                await self._send(*self._next())

    def _next(self) -> tuple[str, dict[str, Any]]:
        group, message = self._queue.popleft()
        messages = [message]
        while self._queue and self._queue[0][0] == group and len(messages) < _TOGETHER_AT_MOST:
            messages.append(self._queue.popleft()[1])
        return group, together(messages)

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
