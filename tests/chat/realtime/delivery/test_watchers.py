"""Tabs of members who have not opened a room hear that it has news: at once, then at most once a second."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chat.realtime.delivery import watchers as module
from chat.realtime.delivery.feed import Feed
from chat.realtime.delivery.watchers import Watchers
from chat.realtime.events import Event
from tests.chat.realtime.doubles import FakeConnection, until


class House:
    """Feeds by slug, as a hub keeps them."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self.watchers = Watchers(self.feeds, self.feed_of, self.forget)

    def feed_of(self, slug: str) -> Feed:
        return self.feeds.setdefault(slug, Feed(slug, lambda _feed: None))

    def forget(self, feed: Feed) -> None:
        if feed.is_idle:
            self.feeds.pop(feed.slug, None)

    def watch(self, slug: str, *tabs: FakeConnection) -> None:
        for tab in tabs:
            self.watchers.watch(slug, tab.as_connection)

    def post(self, change: int, author: int = 9, mentions: tuple[int, ...] = (), **facts: Any) -> None:
        event = Event("room:lounge", "", change=change, author_id=author, mentions=mentions, counts=True)
        self.watchers.note(self.feed_of("lounge"), msgspec.structs.replace(event, **facts))


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def a_second_is_short(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    monkeypatch.setattr(module, "_JOINED_FOR_SECONDS", 0.05)
    return lambda: None


def news(tab: FakeConnection) -> list[tuple[int, int, int]]:
    assert all((each["kind"], each["room"]) == ("unread", "lounge") for each in tab.data_of("notification"))
    return [(each["count"], each["mentions"], each["seq"]) for each in tab.data_of("notification")]


@pytest.mark.usefixtures("a_second_is_short")
async def test_the_first_news_comes_at_once_and_what_follows_is_joined(house: House) -> None:
    bob, carol = FakeConnection("tab-1", 1), FakeConnection("tab-2", 2)
    house.watch("lounge", bob, carol)
    house.post(1)
    assert news(bob) == news(carol) == [(1, 0, 1)]
    house.post(2, mentions=(1,))
    house.post(3, author=2)
    house.post(4, mentions=(1, 2))
    assert news(bob) == [(1, 0, 1)]
    await until(lambda: len(news(bob)) == 2)
    assert news(bob)[1] == (3, 2, 4)
    assert news(carol)[1] == (2, 1, 4), "one's own messages are no news"
    await asyncio.sleep(0.1)
    house.post(5)
    assert news(bob)[2:] == [(1, 0, 5)], "after a quiet second news comes at once again"


@pytest.mark.usefixtures("a_second_is_short")
async def test_news_that_wait_reach_who_watches_after_the_room_was_forgotten_meanwhile(house: House) -> None:
    bob, carol = FakeConnection("tab-1", 1), FakeConnection("tab-2", 2)
    house.watch("lounge", bob)
    house.post(1)
    house.watchers.unwatch(house.feed_of("lounge"), bob.as_connection)
    assert house.feeds == {}, "the room had no other use"
    house.watch("lounge", carol)
    house.post(2)
    await until(lambda: news(carol))
    assert news(carol) == [(1, 0, 2)] and news(bob) == [(1, 0, 1)]


async def test_nobody_is_told_of_their_own_message_nor_of_what_does_not_count(house: House) -> None:
    bob = FakeConnection("tab-1", 1)
    house.watch("lounge", bob)
    house.post(1, author=1)
    house.post(2, counts=False)
    assert bob.sent == []


async def test_the_same_message_by_two_ways_is_one_piece_of_news(house: House) -> None:
    bob = FakeConnection("tab-1", 1)
    house.watch("lounge", bob)
    house.post(7)
    house.post(7)
    house.post(6)
    assert news(bob) == [(1, 0, 7)]
    assert not house.watchers._news["lounge"]


async def test_a_tab_that_has_the_room_open_hears_the_messages_themselves(house: House) -> None:
    bob, other_tab = FakeConnection("tab-1", 1), FakeConnection("tab-2", 1)
    house.watch("lounge", bob, other_tab)
    bob.rooms["lounge"] = False
    house.post(1)
    assert bob.sent == [] and news(other_tab) == [(1, 0, 1)]


async def test_who_stops_watching_hears_nothing_more_and_leaves_nothing_behind(house: House) -> None:
    bob = FakeConnection("tab-1", 1)
    house.watch("lounge", bob)
    assert bob.watching == {"lounge"}
    house.watchers.unwatch(house.feed_of("lounge"), bob.as_connection)
    assert bob.watching == set() and house.feeds == {}
    house.post(1)
    assert bob.sent == []


@pytest.mark.usefixtures("a_second_is_short")
async def test_who_leaves_within_the_second_is_not_told_the_rest(house: House) -> None:
    bob, carol = FakeConnection("tab-1", 1), FakeConnection("tab-2", 2)
    house.watch("lounge", bob, carol)
    house.post(1)
    house.post(2)
    house.watchers.unwatch(house.feed_of("lounge"), bob.as_connection)
    await until(lambda: len(news(carol)) == 2)
    assert news(bob) == [(1, 0, 1)]


async def test_watchers_with_the_same_numbers_get_the_same_payload(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tabs, payloads = [FakeConnection(f"tab-{n}", n) for n in range(50)], []
    house.watch("lounge", *tabs)
    monkeypatch.setattr(FakeConnection, "send", lambda _self, payload: payloads.append(payload))
    house.post(1, author=99, mentions=(1, 2))
    assert len(payloads) == 50 and len(set(map(id, payloads))) == 2


def test_a_connection_hears_of_so_many_rooms_and_of_those_it_has_already(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCHED_ROOMS", 2)
    bob = FakeConnection("tab-2", user_id=2)
    for slug in ("one", "two", "three", "one"):
        house.watchers.watch(slug, bob.as_connection)
    assert bob.watching == {"one", "two"} and not house.feed_of("three").watchers
