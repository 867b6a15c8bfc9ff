"""Hears what the channel layer brings, by one channel for the whole process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from chat.realtime.layer import bus
from chat.realtime.layer.subscriptions import Subscriptions

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 0.5
_OPEN_TIMEOUT_SECONDS: Final = 5.0


class Listener:
    """take: gets each message of another process, and that process's id."""

    def __init__(
        self, layer: Any, process: str, subscriptions: Subscriptions, take: Callable[[bus.Message, str], None]
    ) -> None:
        self._layer = layer
        self._process = process
        self._subscriptions = subscriptions
        self._take = take

    async def run(self, spawn: Callable[[Coroutine[Any, Any, None], str], None]) -> None:
        """Take what the layer brings, forever: if this ended, every socket of the process would fall silent."""
        channel = await self._open_channel()
        spawn(self._subscriptions.run(channel), "subscriptions")
        while True:
            try:
                message = await self._layer.receive(channel)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
                log.warning("hub.layer_unreachable", error=type(error).__name__)
                self._subscriptions.lost()
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if message.get("origin") != self._process:  # this process has heard its own when it published them
                self._arrived(message)

    def _arrived(self, message: dict[str, Any]) -> None:
        try:
            origin, bodies = str(message["origin"]), bus.unpacked(message)
        except (KeyError, ValueError):
            # Without a traceback: during an upgrade, each message of the other version comes here.
            log.warning("hub.bad_layer_message", type=message.get("type"), version=message.get("version"))
            return
        for body in bodies:
            try:
                self._take(bus.decode(body), origin)
            except Exception:
                # A message that we cannot read (another version's, say) must not end the listening, nor cost the next one.
                log.exception("hub.bad_layer_message", type=message["type"])

    async def _open_channel(self) -> str:
        while True:
            try:
                async with asyncio.timeout(_OPEN_TIMEOUT_SECONDS):
                    return str(await self._layer.new_channel("hub"))
            except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
                log.warning("hub.layer_unreachable", error=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
