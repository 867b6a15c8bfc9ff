"""First hold, then look: a connection in doubt gets nothing until the database was asked, and then everything or nothing."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from accounts.credentials import Checked, Credential, Standing
from chat.protocol import frames, wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import unavailable
from chat.realtime.database import in_checker, in_database
from chat.realtime.delivery import recovery
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.registry import Registry
from chat.realtime.hub import Hub
from chat.realtime.presence import Presence
from chat.server import access_guard as module
from chat.server.access_guard import AccessGuard
from tests.chat.realtime.conftest import running
from tests.chat.realtime.delivery.test_hold import Tab
from tests.chat.realtime.doubles import turns, until


class Database:
    """Who is a member and whose credential holds; `away` makes it UNAVAILABLE. What is asked waits for `go`."""

    def __init__(self) -> None:
        self.members: set[tuple[str, int]] = set()
        self.ended: dict[int, Standing] = {}
        self.log: list[set[int] | None] = []
        self.away = False
        self.asked = 0
        self.go = asyncio.Event()
        self.go.set()

    async def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        self.asked += 1
        is_away, found = self.away, None if self.away else function(*args)
        await self.go.wait()
        await asyncio.sleep(0)
        if is_away:
            raise unavailable()
        return found

    def check(self, credentials: list[Credential]) -> dict[Credential, Checked]:
        return {each: Checked(self.ended.get(each.user_id, Standing.VALID), each) for each in credentials}

    def members_among(self, pairs: set[tuple[str, int]]) -> set[tuple[str, int]]:
        return pairs & self.members

    def read(self) -> set[int] | None:
        return self.log.pop(0) if self.log else set()


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.hub, self.registry = Hub(), Registry()
        self.guard = AccessGuard(self.hub, self.registry, Presence(self.hub), self._leave_room)
        cast(Any, self.guard)._log = database

    def _leave_room(self, connection: Connection, slug: str) -> None:
        self.hub.leave(slug, connection)
        connection.rooms.pop(slug, None)

    def tab(self, user_id: int, *rooms: str) -> Tab:
        tab = Tab()
        connection = tab.connection
        connection.id, connection.user_id = f"tab of {user_id}", user_id
        connection.credential = connection.credential._replace(user_id=user_id)
        connection.actor = connection.actor._replace(id=user_id)
        self.registry.add(connection)
        for room in rooms:
            self.database.members.add((room, user_id))
            connection.rooms[room] = False
            feed = self.hub.feed_of(room)
            feed.begin_joining(connection)
            feed.go_live(connection, 0, "epoch")
        return tab


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    database = Database()
    monkeypatch.setattr(module, "in_checker", database.ask)
    monkeypatch.setattr(module, "check", database.check)
    monkeypatch.setattr(recovery, "members_among", database.members_among)
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    return database


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    house = House(database)
    async with running(house.guard.run()):
        yield house


def said(number: int, room: str = "lounge") -> Payload:
    return Payload(frames.event("notification", wire.Notification("unread", room=room, count=number)))


def heard(tab: Tab) -> list[Any]:
    return [frame["data"].get("count", frame["type"]) for frame in tab.wire.frames]


async def test_who_may_stay_gets_everything_after_the_look(house: House) -> None:
    bob, carol = house.tab(1, "lounge"), house.tab(2, "lounge")
    house.database.go.clear()
    house.guard.suspect([bob.connection])
    for number in (1, 2):
        for tab in (bob, carol):
            tab.connection.send(said(number))
    await turns()
    assert (heard(bob), heard(carol)) == ([], [1, 2])
    house.database.go.set()
    await until(lambda: heard(bob) == [1, 2])
    bob.connection.send(said(3))
    await until(lambda: heard(bob) == [1, 2, 3])


async def test_who_was_removed_gets_left_and_nothing_of_what_came_meanwhile(house: House) -> None:
    bob = house.tab(1, "lounge", "library")
    house.database.members.discard(("lounge", 1))
    house.guard.suspect([bob.connection], ["lounge"])
    bob.connection.send(said(1))
    bob.connection.send(said(2, "library"))
    await until(lambda: heard(bob) == ["left", 2])
    assert bob.connection.rooms == {"library": False} and bob.connection.losses == 1


@pytest.mark.parametrize(
    ("standing", "code"),
    [(Standing.SIGNED_OUT, CloseCode.SIGNED_OUT), (Standing.DEACTIVATED, CloseCode.DEACTIVATED)],
)
async def test_whose_credential_has_ended_is_closed_and_gets_nothing(
    house: House, standing: Standing, code: CloseCode
) -> None:
    bob = house.tab(1, "lounge")
    house.database.ended[1] = standing
    house.guard.suspect([bob.connection], ())
    bob.connection.send(said(1))
    await until(lambda: bob.wire.closed is not None)
    assert bob.wire.closed == code and heard(bob) == []


async def test_who_is_removed_and_added_again_before_the_look_notices_nothing(house: House) -> None:
    bob = house.tab(1, "lounge")
    house.database.members.discard(("lounge", 1))
    house.guard.suspect([bob.connection], ["lounge"])
    bob.connection.send(said(1))
    house.database.members.add(("lounge", 1))
    await until(lambda: heard(bob) == [1])
    assert bob.connection.rooms == {"lounge": False}


async def test_a_doubt_that_comes_during_a_look_has_a_look_of_its_own(house: House) -> None:
    bob = house.tab(1, "lounge")
    house.database.go.clear()
    house.guard.suspect([bob.connection], ["lounge"])
    await until(lambda: house.database.asked == 1)
    house.database.members.discard(("lounge", 1))
    house.guard.suspect([bob.connection], ["lounge"])
    bob.connection.send(said(1))
    house.database.go.set()
    await until(lambda: heard(bob) == ["left"])


async def test_while_the_database_is_away_who_is_held_stays_held(house: House) -> None:
    bob = house.tab(1, "lounge")
    house.database.away = True
    house.guard.suspect([bob.connection])
    bob.connection.send(said(1))
    await until(lambda: house.database.asked >= 3)
    assert heard(bob) == [] and bob.connection.is_held
    house.database.members.discard(("lounge", 1))
    house.database.away = False
    await until(lambda: heard(bob) == ["left"])


async def test_after_a_standstill_all_are_held_until_the_log_is_read_and_those_it_names_until_the_look(
    house: House,
) -> None:
    bob, carol = house.tab(1, "lounge"), house.tab(2, "lounge")
    house.database.members.discard(("lounge", 1))
    house.database.log = [{1}]
    house.database.go.clear()
    house.guard.suspect_everyone()
    for tab in (bob, carol):
        tab.connection.send(said(1))
    await turns()
    assert (heard(bob), heard(carol)) == ([], [])
    house.database.go.set()
    await until(lambda: heard(carol) == [1] and heard(bob) == ["left"])
    assert not carol.connection.is_held


async def test_a_standstill_with_the_database_away_holds_all_until_it_is_back(house: House) -> None:
    bob = house.tab(1, "lounge")
    house.database.away = True
    house.guard.suspect_everyone()
    bob.connection.send(said(1))
    await until(lambda: house.database.asked >= 3)
    assert heard(bob) == []
    house.database.away = False
    await until(lambda: heard(bob) == [1])


async def test_a_log_read_before_another_standstill_is_read_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FRESH_SECONDS", 0.02)
    bob = house.tab(1, "lounge")
    house.database.go.clear()
    house.guard.suspect_everyone()
    await until(lambda: house.database.asked == 1)
    house.database.members.discard(("lounge", 1))
    house.database.log = [{1}]
    house.guard.suspect_everyone()
    bob.connection.send(said(1))
    await asyncio.sleep(0.03)
    house.database.go.set()
    await until(lambda: heard(bob) == ["left"])


async def test_when_the_log_may_name_anyone_everyone_is_looked_at(house: House) -> None:
    bob, carol = house.tab(1, "lounge"), house.tab(2, "lounge")
    house.database.members.discard(("lounge", 2))
    house.database.log = [None]
    await house.guard.read_log()
    await until(lambda: heard(carol) == ["left"] and not bob.connection.is_held)
    assert heard(bob) == []


async def test_one_that_cannot_be_looked_at_is_closed_and_keeps_no_other_held(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, carol, broken = house.tab(1, "lounge"), house.tab(2, "lounge"), house.tab(3, "lounge")

    def check(credentials: list[Credential]) -> dict[Credential, Checked]:
        assert all(each.user_id != 3 for each in credentials), "a session that cannot be read, say"
        return house.database.check(credentials)

    monkeypatch.setattr(module, "check", check)
    house.database.members.discard(("lounge", 2))
    house.guard.suspect([bob.connection, carol.connection, broken.connection])
    for tab in (bob, carol, broken):
        tab.connection.send(said(1))
    await until(lambda: heard(bob) == [1] and heard(carol) == ["left"] and broken.wire.closed is not None)
    assert broken.wire.closed == CloseCode.OUR_FAULT and heard(broken) == []


async def test_who_waits_for_the_end_of_a_hold_goes_on_when_the_connection_is_closed(house: House) -> None:
    bob = house.tab(1, "lounge")
    house.database.ended[1] = Standing.SIGNED_OUT
    await asyncio.wait_for(house.guard.clear(bob.connection), 5)
    assert bob.connection.is_closing


@pytest.mark.django_db(transaction=True)
async def test_a_look_waits_behind_no_reading() -> None:
    """However many searches run: with one pool for both, a client that floods a process with them delayed its checks."""
    release = threading.Event()
    reading = [asyncio.create_task(in_database(release.wait)) for _ in range(20)]
    try:
        began = time.monotonic()
        assert await in_checker(lambda: "looked") == "looked"
        assert time.monotonic() - began < 1
    finally:
        release.set()
        await asyncio.gather(*reading)
