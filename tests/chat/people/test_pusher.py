"""When someone is told: only while they are away, in each room only now and then, and never at a post's expense."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from accounts import vapid
from chat.people import pusher as module
from chat.people.notification import News, Place, Push
from chat.people.pusher import Pusher
from chat.people.sender import Outcome
from chat.protocol import wire
from chat.protocol.errors import unavailable
from chat.realtime.presence import Presence
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import until

BOB, CAROL = 2, 3


class Tabs:
    """In place of presence: how many tabs each person has open, and how often that was asked."""

    def __init__(self) -> None:
        self.of: Counter[int] = Counter()
        self.asked = 0

    def tabs_of(self, user_id: int) -> int:
        self.asked += 1
        return self.of[user_id]


class Services:
    """In place of the database and the push services: everyone wants everything, in one browser."""

    def __init__(self) -> None:
        self.told: list[tuple[Place, News]] = []
        self.rounds = 0
        self.error: Exception | None = None
        self.uninterested: set[int] = set()

    def pushes_for(self, news: Mapping[Place, News]) -> list[Push]:
        self.rounds += 1
        if self.error is not None:
            raise self.error
        self.told += [each for each in news.items() if each[0].user_id not in self.uninterested]
        return [Push(0, place, "", "", "", "", "") for place in news if place.user_id not in self.uninterested]

    def newest(self) -> list[tuple[int, str, int]]:
        return [(place.user_id, place.slug, news.newest) for place, news in self.told]


@pytest.fixture
def services(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Services:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = vapid.new_private_key(), "mailto:admin@chat.example"
    settings.PUSH_INTERVAL_SECONDS = 3600
    services = Services()
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(module, "pushes_for", services.pushes_for)
    monkeypatch.setattr(module, "send", lambda push: Outcome.DELIVERED)
    monkeypatch.setattr(module, "_keep_account", lambda results: None)
    return services


@pytest.fixture
def tabs() -> Tabs:
    return Tabs()


@pytest.fixture
def pusher(services: Services, tabs: Tabs) -> Pusher:
    return Pusher(cast(Presence, tabs))


@pytest_asyncio.fixture
async def at_work(pusher: Pusher) -> AsyncIterator[Pusher]:
    async with running(pusher.run()):
        yield pusher


def message(number: int, room: str = "harbour", *mentions: int) -> wire.Message:
    return wire.Message(
        id=str(number),
        room=room,
        seq=number,
        change=number,
        kind="text",
        author=wire.UserRef("1", "alice"),
        content="",
        html="",
        createdAt=0,
        reactions=[],
        mentions=[str(user_id) for user_id in mentions],
    )


async def test_who_is_mentioned_and_away_is_told_and_who_is_here_is_not(
    at_work: Pusher, services: Services, tabs: Tabs
) -> None:
    tabs.of[CAROL] = 1
    at_work.consider(message(1, "harbour", BOB, CAROL), None)
    await until(lambda: services.told)
    assert services.told == [(Place(BOB, "harbour"), News(1, 1))]


async def test_people_whom_an_edit_names_are_told_when_they_are_away(
    at_work: Pusher, services: Services, tabs: Tabs
) -> None:
    tabs.of[CAROL] = 1
    at_work.consider_named(message(1, "harbour", BOB, CAROL), [BOB, CAROL])
    await until(lambda: services.told)
    assert services.told == [(Place(BOB, "harbour"), News(1, 1))]


async def test_a_message_in_a_direct_room_concerns_its_other_person(at_work: Pusher, services: Services) -> None:
    at_work.consider(message(1, "two"), BOB)
    at_work.consider(message(2, "three", CAROL), CAROL)
    await until(lambda: len(services.told) == 2)
    assert services.told == [(Place(BOB, "two"), News(1, None)), (Place(CAROL, "three"), News(2, 2))]


async def test_who_comes_back_before_it_is_sent_is_not_told(pusher: Pusher, services: Services, tabs: Tabs) -> None:
    pusher.consider(message(1, "harbour", BOB, CAROL), None)
    tabs.of[BOB] = 1
    async with running(pusher.run()):
        await until(lambda: services.told)
    assert services.newest() == [(CAROL, "harbour", 1)]


async def test_of_a_burst_the_newest_is_told_once(at_work: Pusher, services: Services) -> None:
    for number in range(1, 30):
        at_work.consider(message(number, "harbour", BOB), None)
    at_work.consider(message(30, "two"), BOB)
    await until(lambda: services.told)
    assert services.newest() == [(BOB, "harbour", 29), (BOB, "two", 30)]


async def test_a_mention_is_remembered_beside_what_came_after_it(at_work: Pusher, services: Services) -> None:
    """A muted direct room tells of the mention only."""
    at_work.consider(message(1, "two", BOB), BOB)
    at_work.consider(message(2, "two"), BOB)
    await until(lambda: services.told)
    assert services.told == [(Place(BOB, "two"), News(2, 1))]


async def test_one_room_tells_one_person_only_so_often_and_keeps_the_newest(
    at_work: Pusher, services: Services, settings: Any
) -> None:
    at_work.consider(message(1, "harbour", BOB), None)
    await until(lambda: services.told)
    at_work.consider(message(2, "harbour", BOB), None)
    at_work.consider(message(3, "harbour", BOB), None)
    at_work.consider(message(4, "market", BOB), None)
    at_work.consider(message(5, "harbour", CAROL), None)
    await until(lambda: len(services.told) == 3)
    await asyncio.sleep(0.1)
    assert services.newest()[1:] == [(BOB, "market", 4), (CAROL, "harbour", 5)]
    settings.PUSH_INTERVAL_SECONDS = 0
    await until(lambda: len(services.told) == 4)
    assert services.newest()[3:] == [(BOB, "harbour", 3)]


async def test_who_wants_nothing_is_not_kept_waiting_for(at_work: Pusher, services: Services) -> None:
    services.uninterested = {BOB}
    at_work.consider(message(1, "harbour", BOB), None)
    await until(lambda: services.rounds == 1)
    services.uninterested = set()  # they turn it on
    at_work.consider(message(2, "harbour", BOB), None)
    await until(lambda: services.told)
    assert services.newest() == [(BOB, "harbour", 2)]


async def test_while_web_push_is_off_nothing_is_looked_up(settings: Any, services: Services, tabs: Tabs) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    pusher = Pusher(cast(Presence, tabs))
    async with running(pusher.run()):
        pusher.consider(message(1, "harbour", BOB), CAROL)
        await asyncio.sleep(0.1)
    assert (tabs.asked, services.rounds) == (0, 0)


async def test_a_key_that_cannot_be_used_is_told_in_the_log(settings: Any, tabs: Tabs) -> None:
    settings.VAPID_PRIVATE_KEY = "no key"
    with capture_logs() as lines:
        Pusher(cast(Presence, tabs))
        settings.VAPID_PRIVATE_KEY = ""
        Pusher(cast(Presence, tabs))
    assert [line["event"] for line in lines] == ["push.off"]


async def test_a_message_that_concerns_nobody_is_not_looked_at(pusher: Pusher, tabs: Tabs) -> None:
    pusher.consider(message(1), None)
    assert (tabs.asked, pusher._waiting) == (0, {})


async def test_what_waits_is_bounded(pusher: Pusher, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAITING_AT_MOST", 2)
    for number, room in enumerate(("a", "b", "c", "a"), start=1):
        pusher.consider(message(number, room, BOB), None)
    await pusher.drain()
    assert services.newest() == [(BOB, "a", 4), (BOB, "b", 2)]


async def test_a_round_is_bounded(pusher: Pusher, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROUND_AT_MOST", 10)
    for user_id in range(100, 125):
        pusher.consider(message(1, "harbour", user_id), None)
    async with running(pusher.run()):
        await until(lambda: len(services.told) == 25)
    assert services.rounds == 3


@pytest.mark.parametrize("error", [unavailable(), RuntimeError("a bug")], ids=["database away", "bug"])
async def test_a_failed_round_is_not_the_last(at_work: Pusher, services: Services, error: Exception) -> None:
    services.error = error
    with capture_logs() as lines:
        at_work.consider(message(1, "harbour", BOB), None)
        await until(lambda: lines)
    assert [(line["event"], line["error"]) for line in lines] == [("push.round_failed", type(error).__name__)]
    services.error = None
    at_work.consider(message(2, "harbour", BOB), None)
    await until(lambda: services.told)


async def test_what_waits_is_sent_before_the_process_ends(pusher: Pusher, services: Services) -> None:
    pusher.consider(message(1, "harbour", BOB), None)
    await pusher.drain()
    pusher.consider(message(2, "harbour", BOB), None)
    await pusher.drain()
    assert services.newest() == [(BOB, "harbour", 1), (BOB, "harbour", 2)]


async def test_sending_holds_up_neither_the_loop_nor_the_database_threads(
    at_work: Pusher, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    may_end = threading.Event()

    def slow(push: Push) -> Outcome:
        names.append(threading.current_thread().name)
        may_end.wait(20)
        return Outcome.DELIVERED

    monkeypatch.setattr(module, "send", slow)
    at_work.consider(message(1, "harbour", BOB), None)
    await until(lambda: names)  # the loop turns meanwhile
    may_end.set()
    assert names[0].startswith("push")
