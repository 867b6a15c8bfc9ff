"""Reads what tabs need that come into rooms. In a crowd, as after a restart, those who come within a moment together."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from chat.access import Actor
from chat.protocol import requests
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.realtime.hub import Hub
from chat.rooms import joining
from chat.rooms.joining import Asked, Opened

# From the beginning of one reading to the next. Reading for one tab costs about as much as for ten of the same room.
_GATHER_SECONDS: Final = 0.03
_READ_AT_ONCE: Final = 50
_READERS: Final = 4

Waiting = tuple[Asked, "asyncio.Future[Opened]"]


class Entrance:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: list[Waiting] = []
        self._began = -math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._readers = 0

    async def open_room(self, actor: Actor, request: requests.JoinRoom) -> Opened:
        """Do as `chat.rooms.joining.open_room`. Who comes alone does not wait."""
        opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._waiting.append((Asked(actor, request), opened))
        self._arrange()
        return await opened

    def _arrange(self) -> None:
        if self._waiting and self._timer is None and self._readers < _READERS:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._began + _GATHER_SECONDS), self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._began = asyncio.get_running_loop().time()
        some, self._waiting = self._waiting[:_READ_AT_ONCE], self._waiting[_READ_AT_ONCE:]
        self._readers += 1
        self._hub.spawn(self._read(some), "entrance")
        self._arrange()

    async def _read(self, some: list[Waiting]) -> None:
        try:
            await _open(some)
        finally:
            self._readers -= 1
            self._arrange()


async def _open(some: list[Waiting]) -> None:
    results: Sequence[Opened | Exception]
    try:
        results = await in_database(joining.open_rooms, [asked for asked, _ in some])
    except ProtocolError as error:
        # The database cannot be used. To try again for each would make everyone wait for as many time-outs.
        results = [error] * len(some)
    except Exception as error:  # noqa: BLE001 - the waiting tabs are told
        if len(some) > 1:  # one room that cannot be read must not keep the others out
            for each in some:
                await _open([each])
            return
        results = [error]
    for (_, opened), result in zip(some, results, strict=True):
        if opened.done():  # the tab has gone
            continue
        if isinstance(result, Exception):
            opened.set_exception(result)
        else:
            opened.set_result(result)
