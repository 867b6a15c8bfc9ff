"""Whatever order events come in, and however often: each connection hears each change once, in order, without a hole."""

import random
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.protocol import wire
from chat.protocol.close import CloseCode
from chat.realtime.delivery import feed as feed_module
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.feed import Feed, Own
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import Event, durable, ephemeral
from tests.chat.properties import examples
from tests.chat.realtime.doubles import FakeConnection
from tests.chat.realtime.room_history import STEPS, RoomHistory, Step, play

_STEPS_AT_MOST: Final = 60
_MUTANT_TRIES: Final = 3000

steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), max_size=_STEPS_AT_MOST)


@examples(400)
@example([("begin", 0), ("read", 0), ("post", 0), ("deliver", 0), ("go live", 0)])
@example([("begin", 0), ("begin", 1), ("post", 0), ("deliver", 0), ("go live", 0), ("post", 0), ("go live", 1)])
@given(steps)
def test_every_connection_hears_every_change_once_and_in_order(played: list[Step]) -> None:
    play(played)
    play(played, shares=False)


def random_steps(seed: int) -> list[Step]:
    chance = random.Random(seed)
    return [(chance.choice(STEPS), chance.randrange(8)) for _ in range(_STEPS_AT_MOST)]


def test_the_histories_that_are_played_hold_everything_that_can_happen() -> None:
    seen: set[str] = set()
    for seed in range(300):
        history = play(random_steps(seed))
        seen |= happenings(history)
    assert seen == {"heard", "late", "position lost", "typing", "edited"}


def happenings(history: RoomHistory) -> set[str]:
    found = {"edited"} if history.edits else set()
    for tab in history.tabs:
        found |= {"heard"} if tab.changes() else set()
        found |= {"typing"} if tab.data_of("typing") else set()
        found |= {"position lost"} if tab.closed is CloseCode.POSITION_LOST else set()
    return found | ({"late"} if history.was_late else set())


class WithoutJoinBuffer(Feed):
    """Throws away what came while someone was joining."""

    def go_live(self, connection: Connection, change: int, epoch: str) -> None:
        self.joining[connection].clear()
        super().go_live(connection, change, epoch)


class WithoutHolding(Feed):
    """Delivers at once what came too early."""

    def take(self, event: Event, payload: Payload, own: Own | None = None) -> None:
        if event.change is not None and self.last is not None and event.change > self.last:
            self.last = event.change - 1
        super().take(event, payload, own)


class WithoutMemory(Feed):
    """Delivers again what came twice."""

    def take(self, event: Event, payload: Payload, own: Own | None = None) -> None:
        if event.change is not None and self.last is not None and event.change <= self.last:
            self._deliver(event, payload, own)
        super().take(event, payload, own)


class WithoutLateness(Feed):
    """Forgets that someone has read further than the feed has come."""

    def go_live(self, connection: Connection, change: int, epoch: str) -> None:
        super().go_live(connection, change, epoch)
        if self._late.pop(connection, None) is not None:
            self.live.add(connection)


class WithoutReport(Feed):
    """Holds what came early, and tells no one that something is missing."""

    def __init__(self, slug: str, on_gap: object) -> None:
        super().__init__(slug, lambda _feed: None)


class WithoutRelease(Feed):
    """Counts what it held as delivered when the missing event comes."""

    def _release_held(self) -> None:
        self.last = max([self.last or 0, *self.held])
        self.held.clear()


class WithoutOrder(Feed):
    """Hands out the join buffer from its end."""

    def go_live(self, connection: Connection, change: int, epoch: str) -> None:
        self.joining[connection].reverse()
        super().go_live(connection, change, epoch)


class WithoutCursor(Feed):
    """Hands out the whole join buffer, also what the response held already."""

    def go_live(self, connection: Connection, change: int, epoch: str) -> None:
        for event, payload, _own in self.joining[connection]:
            if event.change is not None and event.change <= change:
                connection.send(payload)
        super().go_live(connection, change, epoch)


@pytest.mark.parametrize(
    "mutant",
    [
        WithoutJoinBuffer,
        WithoutHolding,
        WithoutMemory,
        WithoutLateness,
        WithoutReport,
        WithoutRelease,
        WithoutOrder,
        WithoutCursor,
    ],
)
def test_the_property_catches_a_feed_that_is_broken(mutant: type[Feed]) -> None:
    for seed in range(_MUTANT_TRIES):
        try:
            play(random_steps(seed), mutant)
        except AssertionError:
            return
    pytest.fail(f"{mutant.__name__} was never caught")


def event(change: int) -> tuple[Event, Payload]:
    text = f'{{"type":"new_message","data":{{"change":{change}}}}}'
    return Event("room:lounge", text, change=change), Payload(text)


def new_feed() -> tuple[Feed, list[Feed]]:
    gaps: list[Feed] = []
    return Feed("lounge", gaps.append), gaps


def joined(feed: Feed, id_: str, change: int) -> FakeConnection:
    connection = FakeConnection(id_)
    feed.begin_joining(connection.as_connection)
    feed.go_live(connection.as_connection, change, "epoch")
    return connection


def test_a_join_whose_buffer_ran_over_must_be_redone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_JOIN_BUFFER_AT_MOST", 3)
    feed, _gaps = new_feed()
    joined(feed, "tab-1", 0)
    second = FakeConnection("tab-2").as_connection
    feed.begin_joining(second)
    for change in range(1, 4):
        feed.take(*event(change))
    assert feed.can_go_live(second, 0)
    for change in range(4, 50):
        feed.take(*event(change))
    assert not feed.can_go_live(second, 0) and not feed.can_go_live(second, 49)
    assert feed.joining[second] == [], "what has run over is no use: it is not kept"
    feed.begin_joining(second)
    assert feed.can_go_live(second, 49)


def test_a_join_whose_buffer_ran_over_in_bytes_must_be_redone_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_JOIN_BUFFER_CHARS", 1000)
    feed, _gaps = new_feed()
    joined(feed, "tab-1", 0)
    second = FakeConnection("tab-2").as_connection
    feed.begin_joining(second)
    while feed.can_go_live(second, 0):
        feed.take(*event((feed.last or 0) + 1))
    assert feed.last is not None and 2 < feed.last < 40 and feed.joining[second] == []
    feed.begin_joining(second)
    feed.take(*event(feed.last + 1))
    assert feed.can_go_live(second, feed.last - 1)


def test_a_join_that_read_less_than_the_others_must_be_redone() -> None:
    feed, _gaps = new_feed()
    slow = FakeConnection("tab-1")
    feed.begin_joining(slow.as_connection)
    joined(feed, "tab-2", 3)  # it has read changes of which no event has come
    feed.take(*event(4))
    assert [feed.can_go_live(slow.as_connection, change) for change in range(6)] == [False] * 3 + [True] * 3
    feed.go_live(slow.as_connection, 3, "epoch")
    assert [frame["data"]["change"] for frame in slow.sent] == [4]


def test_a_removal_during_the_join_forbids_going_live() -> None:
    feed, _gaps = new_feed()
    connection = FakeConnection("tab-1").as_connection
    feed.begin_joining(connection)
    feed.remove(connection)
    assert not feed.can_go_live(connection, 0)


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_HELD_AT_MOST", 3)
    feed, gaps = new_feed()
    tab = joined(feed, "tab-1", 0)
    for change in range(2, 100):
        feed.take(*event(change))
    assert len(feed.held) == 3 and tab.sent == [] and gaps
    feed.take(*event(1))
    assert [frame["data"]["change"] for frame in tab.sent] == [1, 2, 3, 4]


def test_what_is_held_is_bounded_in_bytes_too_and_the_gap_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_HELD_CHARS", 1000)
    feed, gaps = new_feed()
    tab = joined(feed, "tab-1", 0)
    for change in range(2, 100):
        feed.take(*event(change))
    held = len(feed.held)
    assert 1 < held < 40 and len(gaps) == 98 and feed.has_gap
    feed.take(*event(1))
    assert [frame["data"]["change"] for frame in tab.sent] == list(range(1, held + 2))


def test_a_feed_that_nobody_follows_holds_nothing() -> None:
    feed, gaps = new_feed()
    feed.watchers.add(FakeConnection("tab-9").as_connection)
    for change in (5, 7, 6):
        feed.take(*event(change))
    assert feed.held == {} and gaps == [] and feed.last is None and not feed.has_gap
    tab = joined(feed, "tab-1", 7)
    feed.take(*event(9))
    feed.remove(tab.as_connection)
    assert feed.held == {} and feed.last is None and not feed.is_idle
    feed.watchers.clear()
    assert feed.is_idle


def test_what_a_connection_does_itself_it_does_not_hear() -> None:
    feed, _gaps = new_feed()
    one, other = joined(feed, "tab-1", 0), joined(feed, "tab-2", 0)
    late = joined(feed, "tab-3", 5)
    joining = FakeConnection("tab-4")
    feed.begin_joining(joining.as_connection)
    for name in ("tab-1", "tab-3", "tab-4"):
        feed.take(Event("room:lounge", "{}", without_connection=name), Payload(f'{{"type":"{name}"}}'))
    feed.go_live(joining.as_connection, 0, "epoch")
    assert one.types() == ["tab-3", "tab-4"] and other.types() == ["tab-1", "tab-3", "tab-4"]
    assert late.types() == ["tab-1", "tab-4"] and joining.types() == ["tab-1", "tab-3"]


# --- Words of replies ----------------------------------------------------------------------------------------------------


def reply_event(id_: str, change: int, state: str) -> Event:
    reply = wire.Reply(state, change, 1, 1, 1, 0, "demo", demo=True, requestedBy=None)
    shown = wire.Message(
        id=id_,
        room="lounge",
        seq=1,
        change=change,
        kind="text",
        author=None,
        content="",
        createdAt=0,
        reactions=[],
        mentions=[],
        reply=reply,
    )
    return durable(shown)


def words(id_: str, n: int) -> Event:
    delta = wire.StreamDelta("lounge", id_, 1, 1, n, "word ")
    return ephemeral("room:lounge", "stream_delta", delta, is_droppable=True)


@pytest.mark.parametrize("state", ["complete", "stopped", "interrupted", "failed"])
def test_who_comes_in_while_a_reply_ends_hears_its_end_and_no_words_without_a_beginning(state: str) -> None:
    """What was read then says nothing of it: to that tab the words would have a hole before them."""
    feed, _gaps = new_feed()
    there = joined(feed, "tab-1", 4)
    coming = FakeConnection("tab-2")
    feed.begin_joining(coming.as_connection)
    for each in (words("7", 49), words("8", 3), reply_event("7", 5, state), words("8", 4)):
        feed.take(each, Payload(each.text))
    feed.go_live(coming.as_connection, 4, "epoch")
    end = "stream_end" if state in ("complete", "stopped") else "error"
    assert there.types() == ["stream_delta", "stream_delta", end, "stream_delta"]
    assert coming.types() == ["stream_delta", end, "stream_delta"]
    assert [frame["data"]["messageId"] for frame in coming.sent if frame["type"] == "stream_delta"] == ["8", "8"]
