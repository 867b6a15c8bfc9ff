"""Connections are pinged in turn, and closed with 4000 when no pong comes, unless it is we who are slow."""

import time
from typing import Any

import pytest

from chat.protocol.close import CloseCode
from chat.realtime.delivery import heartbeat as heartbeat_module
from chat.realtime.delivery.heartbeat import Heartbeat
from tests.chat.realtime.clock import Clock, clock_in
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import FakeConnection, until


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return clock_in(monkeypatch, heartbeat_module)


@pytest.fixture
def heart(settings: Any, clock: Clock) -> Heartbeat:
    settings.HEARTBEAT_INTERVAL_SECONDS, settings.HEARTBEAT_TIMEOUT_SECONDS = 30, 10
    return Heartbeat()


def tick(heart: Heartbeat, clock: Clock, count: int = 1) -> None:
    """What `run` does, without waiting."""
    for _ in range(count):
        clock.now += heart._tick
        heart._look_for_pongs()
        heart._ping_next_slot()


def pings(tab: FakeConnection) -> int:
    return tab.types().count("ping")


def add(heart: Heartbeat, *tabs: FakeConnection) -> None:
    for tab in tabs:
        heart.add(tab.as_connection)


def test_each_connection_is_pinged_once_an_interval_and_first_after_a_whole_one(heart: Heartbeat, clock: Clock) -> None:
    tabs = []
    for number in range(30):
        tabs.append(FakeConnection(f"tab-{number}"))
        add(heart, tabs[-1])
        tick(heart, clock)
    assert all(tab.types() == [] for tab in tabs[1:])
    for _ in range(60):
        tick(heart, clock)
        for tab in tabs:
            tab.last_pong = clock.now
    assert {pings(tab) for tab in tabs} <= {2, 3}
    assert all(tab.closed is None for tab in tabs)


def test_pings_are_spread_over_the_interval(heart: Heartbeat, clock: Clock) -> None:
    tabs = [FakeConnection(f"tab-{number}") for number in range(30)]
    for tab in tabs:
        add(heart, tab)
        tick(heart, clock)
    before = [pings(tab) for tab in tabs]
    tick(heart, clock)
    assert sum(pings(tab) - count for tab, count in zip(tabs, before, strict=True)) == 1


def test_a_client_without_a_pong_in_time_is_closed_with_4000(heart: Heartbeat, clock: Clock) -> None:
    silent, prompt, tardy = (FakeConnection(name) for name in ("silent", "prompt", "tardy"))
    add(heart, silent, prompt, tardy)
    tick(heart, clock, 30)
    assert [pings(tab) for tab in (silent, prompt, tardy)] == [1, 1, 1]
    prompt.last_pong = clock.now
    tick(heart, clock, 9)
    assert silent.closed is None, "the time-out is not over"
    tardy.last_pong = clock.now
    tick(heart, clock, 2)
    assert (silent.closed, prompt.closed, tardy.closed) == (CloseCode.PONG_TIMEOUT, None, None)


def test_a_pong_to_an_earlier_ping_does_not_count_for_this_one(heart: Heartbeat, clock: Clock) -> None:
    tab = FakeConnection("tab-1")
    add(heart, tab)
    tick(heart, clock, 30)
    tab.last_pong = clock.now
    tick(heart, clock, 30)
    assert pings(tab) == 2 and tab.closed is None
    tick(heart, clock, 11)
    assert tab.closed is CloseCode.PONG_TIMEOUT


def test_a_connection_whose_request_we_have_not_finished_is_given_more_time(heart: Heartbeat, clock: Clock) -> None:
    tab = FakeConnection("tab-1")
    add(heart, tab)
    tick(heart, clock, 30)
    tab.busy_since = clock.now
    tick(heart, clock, 25)
    assert tab.closed is None, "its pong waits behind our own slowness"
    tab.busy_since = None
    tick(heart, clock, 11)
    assert tab.closed is CloseCode.PONG_TIMEOUT, "afterwards its pong must have come"


def test_a_connection_that_has_gone_is_neither_pinged_nor_closed(heart: Heartbeat, clock: Clock) -> None:
    early, asked = FakeConnection("early"), FakeConnection("asked")
    add(heart, early, asked)
    heart.remove(early.as_connection)
    tick(heart, clock, 30)
    heart.remove(asked.as_connection)
    heart.remove(asked.as_connection)
    tick(heart, clock, 60)
    assert (pings(early), early.closed, pings(asked), asked.closed) == (0, None, 1, None)
    assert not heart._asked and not any(heart._slots) and not heart._slot_of


async def test_the_wheel_turns_by_the_clock_in_a_real_loop(settings: Any) -> None:
    settings.HEARTBEAT_INTERVAL_SECONDS, settings.HEARTBEAT_TIMEOUT_SECONDS = 0.04, 0.4
    heart = Heartbeat()
    good, silent = FakeConnection("good"), FakeConnection("silent")
    add(heart, good, silent)
    begun = time.monotonic()

    def alive() -> bool:
        good.last_pong = time.monotonic()
        return pings(good) >= 20

    async with running(heart.run()):
        await until(alive)
        # Twenty intervals of 0.04 s are 0.8 s, however late single ticks come.
        assert time.monotonic() - begun > 0.7
        await until(lambda: (alive(), silent.closed)[1])
    assert good.closed is None and silent.closed is CloseCode.PONG_TIMEOUT


def test_a_connection_whose_access_is_in_doubt_is_neither_pinged_nor_missed(heart: Heartbeat, clock: Clock) -> None:
    tab = FakeConnection("tab")
    add(heart, tab)
    tab.is_held = True
    tick(heart, clock, 60)
    assert tab.types() == [] and tab.closed is None
    tab.is_held = False
    tick(heart, clock, 30)
    assert pings(tab) == 1
