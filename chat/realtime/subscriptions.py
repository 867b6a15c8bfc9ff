"""Which groups this process hears on the channel layer: added with the first local member, discarded after the last.

One task does it, one step at a time: two adds that ran side by side have delivered twice. When the layer cannot be
reached the wish stays and is tried again.
"""

import asyncio
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 1.0
_STEP_TIMEOUT_SECONDS: Final = 5.0


class Subscriptions:
    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._channel = ""
        self._wanted: set[str] = set()
        self._held: set[str] = set()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._changed = asyncio.Event()
        self._touched: set[str] = set()

    def want(self, group: str) -> None:
        self._wanted.add(group)
        self._touch(group)

    def unwant(self, group: str) -> None:
        self._wanted.discard(group)
        self._touch(group)

    async def wait_for(self, group: str, seconds: float) -> None:
        """Wait until a wanted group is subscribed, or so many seconds: the head check covers the rest."""
        if group in self._held:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, []).append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            log.warning("subscriptions.slow", group=group)
        finally:
            self._stop_waiting(group, future)

    def _stop_waiting(self, group: str, future: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(group, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop(group, None)

    def lost(self) -> None:
        """Subscribe everything again: the layer has lost its connection and may have forgotten us."""
        self._held.clear()
        self._touched |= self._wanted
        self._changed.set()

    async def run(self, channel: str) -> None:
        """Keep what is held by the process's channel equal to what is wanted, for ever."""
        self._channel = channel
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._touched:
                group = self._touched.pop()
                try:
                    async with asyncio.timeout(_STEP_TIMEOUT_SECONDS):
                        await self._settle(group)
                except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
                    log.warning("subscriptions.failed", group=group, error=type(error).__name__)
                    self._touched.add(group)
                    await asyncio.sleep(_RETRY_SECONDS)

    async def _settle(self, group: str) -> None:
        if group in self._wanted and group not in self._held:
            await self._layer.group_add(group, self._channel)
            self._held.add(group)
        elif group not in self._wanted and group in self._held:
            await self._layer.group_discard(group, self._channel)
            self._held.discard(group)
        for future in self._waiting.pop(group, ()):
            if not future.done():
                future.set_result(None)

    def _touch(self, group: str) -> None:
        if (group in self._wanted) != (group in self._held):
            self._touched.add(group)
            self._changed.set()
