"""A process that stood still notices before it delivers anything, by whichever clock."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from chat.protocol import wire
from chat.realtime.delivery import stall as module
from chat.realtime.delivery.stall import StallWatch
from chat.realtime.events import ephemeral, room_group
from chat.realtime.hub import Hub
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import FakeConnection, until


class Clocks:
    def __init__(self) -> None:
        self.boot = self.calendar = 1000.0


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clocks]:
    clocks = Clocks()
    monkeypatch.setattr(module, "_clock", lambda: clocks.boot)
    monkeypatch.setattr(time, "time", lambda: clocks.calendar)
    monkeypatch.setattr(module, "_TICK_SECONDS", 0.001)
    yield clocks
    monkeypatch.undo()


@pytest.fixture
def watch(clocks: Clocks) -> StallWatch:
    return StallWatch()


@pytest.fixture
def stalls(watch: StallWatch) -> list[None]:
    found: list[None] = []
    watch.on_stall = lambda: found.append(None)
    return found


def test_a_standstill_is_noticed_once_and_a_short_pause_is_not(
    clocks: Clocks, watch: StallWatch, stalls: list[None]
) -> None:
    watch.look()
    clocks.boot += 0.4
    watch.look()
    assert stalls == []
    clocks.boot += 0.2
    watch.look()
    watch.look()
    assert len(stalls) == 1
    clocks.boot += 60
    watch.look()
    assert len(stalls) == 2


async def test_a_loop_that_goes_on_turning_stands_still_never(
    clocks: Clocks, watch: StallWatch, stalls: list[None]
) -> None:
    async with running(watch.run()):
        for _ in range(20):
            clocks.boot += 0.3
            clocks.calendar += 0.3
            await until(lambda: watch._late_from >= clocks.boot + 0.4)
            watch.look()
    assert stalls == []


async def test_a_machine_whose_clocks_stood_still_too_is_told_by_its_calendar(
    clocks: Clocks, watch: StallWatch, stalls: list[None]
) -> None:
    async with running(watch.run()):
        clocks.calendar += 3600
        await until(lambda: stalls)
        clocks.calendar -= 3600
        await asyncio.sleep(0.02)
    assert len(stalls) == 1, "a calendar that is set back has not stood still"


def test_the_real_clock_counts_while_a_process_stands_still() -> None:
    before = module._clock()
    time.sleep(0.05)
    assert module._clock() - before >= 0.05


async def test_the_hub_looks_before_it_delivers() -> None:
    hub, tab, order = Hub(), FakeConnection("tab"), list[str]()
    feed = hub.feed_of("lounge")
    feed.begin_joining(tab.as_connection)
    feed.go_live(tab.as_connection, 0, "epoch")
    hub.stall.on_stall = lambda: order.append(f"stalled with {len(tab.sent)} delivered")
    hub.stall._late_from -= 10
    fact = wire.TypingFact("lounge", wire.UserRef("2", "carol"), True)
    hub.publish(ephemeral(room_group("lounge"), "typing", fact))
    hub.publish(ephemeral(room_group("lounge"), "typing", fact))
    assert order == ["stalled with 0 delivered"] and len(tab.sent) == 2
