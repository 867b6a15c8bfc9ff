"""Reading for all tabs that come in at once: no one waits forever, and one room's trouble is not another's."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chat.access import Actor
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError, not_found, unavailable
from chat.realtime.hub import Hub
from chat.rooms import joining
from chat.rooms.joining import Asked
from chat.server import entrance as module
from chat.server.entrance import Entrance

ALICE = Actor(1, "alice")


class Rooms:
    """Stands where rooms are read: notes who is read together, refuses "secret", breaks on "broken", is down on "down"."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []

    def open(self, asked: Sequence[Asked]) -> list[Any]:
        slugs = [each.request.room for each in asked]
        self.read.append(slugs)
        if "broken" in slugs:
            raise LookupError("broken")
        if "down" in slugs:
            raise unavailable()
        return [not_found("room") if slug == "secret" else slug for slug in slugs]


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    rooms = Rooms()
    monkeypatch.setattr(joining, "open_rooms", rooms.open)

    async def at_once(function: Any, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments)

    monkeypatch.setattr(module, "in_database", at_once)
    return rooms


async def open_all(*slugs: str) -> list[Any]:
    entrance = Entrance(Hub())
    opening = (entrance.open_room(ALICE, requests.JoinRoom(slug)) for slug in slugs)
    return await asyncio.wait_for(asyncio.gather(*opening, return_exceptions=True), 5)


async def test_those_who_wait_are_read_together_and_each_hears_of_its_own_room(rooms: Rooms) -> None:
    *opened, refused = await open_all(*(f"room-{number}" for number in range(120)), "secret")
    assert opened == [f"room-{number}" for number in range(120)]
    assert isinstance(refused, ProtocolError)
    assert [len(slugs) for slugs in rooms.read] == [50, 50, 21]


async def test_a_room_that_cannot_be_read_keeps_nobody_else_out(rooms: Rooms) -> None:
    first, broken, last = await open_all("den", "broken", "attic")
    assert (first, last) == ("den", "attic") and isinstance(broken, LookupError)


async def test_without_a_database_everybody_hears_so_after_one_try(rooms: Rooms) -> None:
    refusals = await open_all("den", "down", "attic")
    assert [refusal.code for refusal in refusals] == [ErrorCode.UNAVAILABLE] * 3
    assert len(rooms.read) == 1


async def test_a_tab_that_goes_meanwhile_disturbs_nobody(rooms: Rooms) -> None:
    entrance = Entrance(Hub())
    gone, stays = (asyncio.create_task(entrance.open_room(ALICE, requests.JoinRoom(slug))) for slug in ("den", "attic"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await asyncio.wait_for(stays, 5) == "attic"
    assert await asyncio.wait_for(entrance.open_room(ALICE, requests.JoinRoom("later")), 5) == "later"
