"""Reads what tabs need that come into rooms: for all that wait in one go. While that is read, others gather."""

import asyncio
from collections.abc import Sequence
from typing import Final

from chat.access import Actor
from chat.actions import joining
from chat.actions.joining import Asked, Opened
from chat.protocol import requests
from chat.realtime.database import in_database
from chat.realtime.hub import Hub

_READ_AT_ONCE: Final = 50
# More than one, so that a tab which missed much holds up only some of the others; few, so that they do gather.
_READERS: Final = 2

Waiting = tuple[Asked, "asyncio.Future[Opened]"]


class Entrance:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: list[Waiting] = []
        self._readers = 0

    async def open_room(self, actor: Actor, request: requests.JoinRoom) -> Opened:
        """Do as `chat.actions.joining.open_room`."""
        opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._waiting.append((Asked(actor, request), opened))
        if self._readers < _READERS:
            self._readers += 1
            self._hub.spawn(self._read(), "entrance")
        return await opened

    async def _read(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:_READ_AT_ONCE], self._waiting[_READ_AT_ONCE:]
                await _open(some)
        finally:
            self._readers -= 1


async def _open(some: list[Waiting]) -> None:
    results: Sequence[Opened | Exception]
    try:
        results = await in_database(joining.open_rooms, [asked for asked, _ in some])
    except Exception as error:  # noqa: BLE001 - whoever waits is told
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
