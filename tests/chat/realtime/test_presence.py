"""Each process owns its tabs; after any trouble all processes agree on who is here, and told it to their tabs rightly."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.realtime import presence as module
from chat.realtime.layer.bus import PresenceNews
from chat.realtime.presence import ONLINE_AT_MOST, Presence, Topic, topic_of_room, topic_of_user
from tests.chat.properties import examples
from tests.chat.realtime.cluster import QUIET_STEPS, STEPS, TOPICS, Cluster, Process, Step, play
from tests.chat.realtime.doubles import FakeConnection, FakeHub, until

LOUNGE = topic_of_room("lounge", is_session=False)
DEMO = topic_of_room("demo", is_session=True)


def histories(steps: tuple[str, ...]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(st.sampled_from(steps), st.integers(0, 11)), max_size=60)


@examples(200)
@given(st.one_of(histories(STEPS), histories(QUIET_STEPS)))
def test_after_any_trouble_all_processes_agree_with_the_truth(steps: list[Step]) -> None:
    play(steps)


def without_asking(presence: Presence, news: PresenceNews, _origin: str) -> bool:
    return news.ask != presence._hub.id and not news.hello


def without_numbers(presence: Presence, news: PresenceNews, origin: str) -> bool:
    peer = presence._peers.get(origin)
    if peer is not None and news.changes is not None:
        peer.number = news.number - 1
    return True


def without_whole(_presence: Presence, news: PresenceNews, _origin: str) -> bool:
    return news.whole is None


def without_goodbye(presence: Presence, _news: PresenceNews, _origin: str) -> bool:
    for peer in presence._peers.values():
        peer.seen_at = float("inf")  # no one ever falls silent
    return True


@pytest.mark.parametrize("let_through", [without_asking, without_numbers, without_whole, without_goodbye])
def test_the_property_catches_a_presence_that_is_broken(
    monkeypatch: pytest.MonkeyPatch, let_through: Callable[[Presence, PresenceNews, str], bool]
) -> None:
    heard = Presence._heard

    def broken(self: Presence, news: PresenceNews, origin: str) -> None:
        if let_through(self, news, origin):
            heard(self, news, origin)

    monkeypatch.setattr(Presence, "_heard", broken)
    for seed in range(300):
        chance = random.Random(seed)
        steps = STEPS if seed % 2 else QUIET_STEPS
        try:
            play([(chance.choice(steps), chance.randrange(12)) for _ in range(60)])
        except AssertionError:
            return
    pytest.fail(f"{let_through.__name__} was never caught")


@pytest.fixture
def alone() -> tuple[FakeHub, Presence]:
    hub = FakeHub("process-1")
    return hub, Presence(hub)  # type: ignore[arg-type]


def tabs(count: int, user_id: int = 1) -> list[Any]:
    return [FakeConnection(f"tab-{user_id}-{n}", user_id).as_connection for n in range(count)]


def told(hub: FakeHub) -> list[tuple[str, str]]:
    return [(group, type_) for group, type_, _data in hub.take_delivered()]


def test_a_room_hears_of_a_persons_first_tab_and_of_the_last_one_gone(alone: tuple[FakeHub, Presence]) -> None:
    hub, presence = alone
    first, second = tabs(2)
    presence.enter(LOUNGE, first)
    assert hub.take_delivered() == [
        ("room:lounge", "user_joined", {"room": "lounge", "user": {"id": "1", "username": "user-1"}})
    ]
    presence.enter(LOUNGE, second)
    presence.enter(LOUNGE, second)
    assert told(hub) == []
    (person,) = presence.online(LOUNGE)
    assert (person.id, person.username, person.tabs) == ("1", "user-1", 2)
    presence.leave(LOUNGE, first)
    presence.leave(LOUNGE, first)
    assert told(hub) == []
    presence.leave(LOUNGE, second)
    assert told(hub) == [("room:lounge", "user_left")]
    assert presence.online(LOUNGE) == [] and presence._here == {} and presence._own == set()


def test_of_a_crowd_some_are_named_and_all_are_counted(alone: tuple[FakeHub, Presence]) -> None:
    _hub, presence = alone
    crowd = [tab for user_id in range(1, 251) for tab in tabs(1, user_id)]
    for tab in crowd:
        presence.enter(LOUNGE, tab)
    fact = presence.fact(LOUNGE)
    assert (len(fact.online), fact.onlineCount) == (ONLINE_AT_MOST, 250)
    for tab in crowd[:100]:
        presence.leave(LOUNGE, tab)
    assert (len(presence.online(LOUNGE)), presence.count(LOUNGE)) == (150, 150)


def rename(presence: Presence, tab: Any, name: str) -> None:
    tab.actor = tab.actor._replace(display_name=name)
    presence.rename(tab)


def test_a_new_name_is_shown_to_the_room_once_and_nobody_comes_or_goes(alone: tuple[FakeHub, Presence]) -> None:
    hub, presence = alone
    mine = tabs(2)
    for tab in mine:
        presence.enter(LOUNGE, tab)
        presence.enter(topic_of_user(1), tab)
    hub.take_delivered()
    for tab in mine:
        rename(presence, tab, "One")
    online = [{"id": "1", "username": "user-1", "displayName": "One", "tabs": 2}]
    fact = {"room": "lounge", "online": online, "onlineCount": 1}
    assert hub.take_delivered() == [("room:lounge", "presence", fact)]
    rename(presence, mine[0], "One")
    assert told(hub) == []
    for tab in mine:
        presence.leave(LOUNGE, tab)
        presence.leave(topic_of_user(1), tab)
    assert presence._here == {} and presence._own == set()


def test_a_crowd_is_not_sent_its_list_for_every_new_name(alone: tuple[FakeHub, Presence]) -> None:
    hub, presence = alone
    crowd = [tab for user_id in range(1, ONLINE_AT_MOST + 2) for tab in tabs(1, user_id)]
    for tab in crowd:
        presence.enter(LOUNGE, tab)
    hub.take_delivered()
    rename(presence, crowd[0], "First")
    assert told(hub) == []
    assert presence.online(LOUNGE)[0].displayName == "First"


def test_a_session_hears_of_every_tab(alone: tuple[FakeHub, Presence]) -> None:
    hub, presence = alone
    first, second = tabs(2)
    presence.enter(DEMO, first)
    presence.enter(DEMO, second)
    presence.leave(DEMO, first)
    presence.leave(DEMO, second)
    events = hub.take_delivered()
    assert [type_ for _group, type_, _data in events] == [
        "tab_connected", "user_joined", "tab_connected", "tab_disconnected", "tab_disconnected", "user_left",
    ]  # fmt: skip
    counts = [data["tabs"] for _group, type_, data in events if type_.startswith("tab_")]
    assert counts == [1, 2, 1, 0] and {group for group, _type, _data in events} == {"room:demo"}


def test_a_persons_own_tabs_hear_of_each_other_in_the_persons_group(alone: tuple[FakeHub, Presence]) -> None:
    hub, presence = alone
    first, second = tabs(2, user_id=7)
    presence.enter(topic_of_user(7), first)
    presence.enter(topic_of_user(7), second)
    assert presence.tabs_of(7) == 2 and presence.tabs_of(8) == 0
    presence.leave(topic_of_user(7), first)
    assert [event[:2] for event in hub.delivered] == [
        ("user:7", "tab_connected"), ("user:7", "tab_connected"), ("user:7", "tab_disconnected"),
    ]  # fmt: skip
    assert "room" not in hub.delivered[0][2] and hub.delivered[2][2]["connectionId"] == first.id


def test_nobody_hears_of_their_own_coming_and_going(alone: tuple[FakeHub, Presence]) -> None:
    hub, presence = alone
    (tab,) = tabs(1)
    for topic in (LOUNGE, DEMO, topic_of_user(1)):
        presence.enter(topic, tab)
        presence.leave(topic, tab)
    assert len(hub.events) == 8 and {event.without_connection for event in hub.events} == {tab.id}


def test_a_process_alone_sends_nothing(alone: tuple[FakeHub, Presence]) -> None:
    _hub, presence = alone
    presence.enter(LOUNGE, tabs(1)[0])  # outside a loop: it may not even ask for a timer
    assert presence._changes == []


@pytest.fixture
def two() -> Any:
    cluster = Cluster()
    cluster.start()
    cluster.start()
    cluster.settle()
    yield cluster
    cluster.close()


def enter(cluster: Cluster, process: Process, topic: Topic = LOUNGE, user_id: int = 1) -> FakeConnection:
    tab = FakeConnection(f"tab-{next(cluster.numbers)}", user_id)
    process.tabs.append((topic, tab))
    cluster.acting(process, lambda: process.presence.enter(topic, tab.as_connection))
    return tab


def flush(cluster: Cluster) -> None:
    for process in cluster.living:
        cluster.acting(process, process.timers.fire)
    cluster.let_all_arrive()


def test_a_tab_elsewhere_is_neither_first_nor_last_while_another_is_open(two: Cluster) -> None:
    here, there = two.living
    enter(two, here)
    flush(two)
    assert told(here.hub) == told(there.hub) == [("room:lounge", "user_joined")]
    tab = enter(two, there)
    flush(two)
    assert told(here.hub) == told(there.hub) == []
    assert [user.tabs for user in here.presence.online(LOUNGE)] == [2]
    two.acting(there, lambda: there.presence.leave(LOUNGE, tab.as_connection))
    flush(two)
    assert told(here.hub) == told(there.hub) == []


def test_a_new_name_is_shown_elsewhere_too(two: Cluster) -> None:
    here, there = two.living
    tab = enter(two, here)
    flush(two)
    there.hub.take_delivered()
    tab.actor = tab.actor._replace(display_name="One")
    two.acting(here, lambda: here.presence.rename(tab.as_connection))
    flush(two)
    assert told(there.hub) == [("room:lounge", "presence")]
    assert [user.displayName for user in there.presence.online(LOUNGE)] == ["One"]
    two.acting(here, lambda: here.presence.leave(LOUNGE, tab.as_connection))
    flush(two)
    assert told(there.hub) == [("room:lounge", "user_left")]


def test_changes_of_one_moment_are_one_message(two: Cluster) -> None:
    here, _there = two.living
    for user_id in range(1, 21):
        enter(two, here, user_id=user_id)
    two.acting(here, here.timers.fire)
    assert len(two.flying) == 1 and len(two.flying[0][2].changes or ()) == 20


def test_a_process_that_says_goodbye_is_forgotten_at_once(two: Cluster) -> None:
    here, there = two.living
    enter(two, there)
    flush(two)
    here.hub.take_delivered()
    two.step("goodbye", 1)
    assert two.living == [here]
    flush(two)
    assert told(here.hub) == [("room:lounge", "user_left"), ("room:lounge", "presence")]
    assert here.presence.online(LOUNGE) == [] and set(here.presence.processes()) == {here.id}


def test_a_process_that_dies_is_forgotten_when_it_has_been_silent_for_so_long(two: Cluster, settings: Any) -> None:
    here, there = two.living
    enter(two, there)
    flush(two)
    here.hub.take_delivered()
    two.step("kill", 1)
    two.clock.now += settings.PRESENCE_EXPIRY_SECONDS - 1
    two.acting(here, here.beat)
    assert len(here.presence.online(LOUNGE)) == 1
    two.clock.now += 2
    two.acting(here, here.beat)
    assert here.presence.online(LOUNGE) == []
    assert told(here.hub) == [("room:lounge", "user_left"), ("room:lounge", "presence")]


def test_a_process_that_was_frozen_comes_back_with_everybody(two: Cluster, settings: Any) -> None:
    here, there = two.living
    enter(two, there)
    flush(two)
    two.clock.now += settings.PRESENCE_EXPIRY_SECONDS + 1
    two.acting(here, here.beat)
    two.flying.clear()
    assert here.presence.online(LOUNGE) == []
    two.acting(there, there.beat)
    flush(two)
    assert len(here.presence.online(LOUNGE)) == 1


def test_who_asks_which_processes_there_are_gets_their_connections_counted(two: Cluster) -> None:
    here, there = two.living
    for process, count in ((here, 2), (there, 3)):
        for _ in range(count):
            enter(two, process, topic_of_user(1))
            enter(two, process, LOUNGE)
    flush(two)
    for process in (here, there):
        assert process.presence.processes() == {here.id: 2, there.id: 3}


async def test_on_a_real_loop_changes_go_out_soon_and_beats_now_and_then(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PRESENCE_BEAT_SECONDS = 0.02
    monkeypatch.setattr(module, "_JOIN_CHANGES_SECONDS", 0.001)
    sent: list[PresenceNews] = []
    presence = Presence(FakeHub("process-1", lambda _origin, news: sent.append(news)))  # type: ignore[arg-type]
    beating = asyncio.create_task(presence.run())
    try:
        await until(lambda: len(sent) >= 3)
        assert sent[0].hello and [news.number for news in sent[:3]] == [0, 0, 0]
        presence.enter(LOUNGE, tabs(1)[0])
        await until(lambda: any(news.changes is not None for news in sent))
        await until(lambda: sent[-1].number == 1)
    finally:
        beating.cancel()


def test_the_cluster_under_test_has_every_kind_of_topic() -> None:
    assert {topic.kind for topic in TOPICS} == {"room", "session", "user"}
