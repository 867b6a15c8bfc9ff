"""What a process hears on the layer ends equal to what it wants, whatever the layer does in between."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from chat.realtime.layer import subscriptions as module
from chat.realtime.layer.subscriptions import Subscriptions
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import FakeLayer, turns, until

Logged = Callable[[str], int]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_STEP_TIMEOUT_SECONDS", 0.05)


@pytest.fixture
def layer() -> FakeLayer:
    return FakeLayer()


@pytest.fixture
def subscriptions(layer: FakeLayer) -> Subscriptions:
    return Subscriptions(layer)


async def test_a_group_is_added_once_and_discarded_once(layer: FakeLayer, subscriptions: Subscriptions) -> None:
    async with running(subscriptions.run("hub.channel")):
        for _ in range(3):
            subscriptions.want("room")
        await subscriptions.wait_for("room", 5)
        subscriptions.want("room")
        await subscriptions.wait_for("room", 5)
        subscriptions.unwant("room")
        subscriptions.unwant("room")
        await until(lambda: not layer.groups)
    assert layer.asked == [("add", "room"), ("discard", "room")]
    assert layer.channels == {"hub.channel"}


async def test_who_changes_their_mind_at_once_costs_nothing(layer: FakeLayer, subscriptions: Subscriptions) -> None:
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        subscriptions.unwant("room")
        await turns()
    assert layer.asked == []


@pytest.mark.parametrize("state", ["fails", "hangs"])
async def test_a_wish_stays_until_the_layer_is_back(
    layer: FakeLayer, subscriptions: Subscriptions, state: str, logged: Logged
) -> None:
    layer.state = state
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        await subscriptions.wait_for("room", 0.02)
        assert logged("subscriptions.slow") == 1, "waiting ends: the head check covers the rest"
        await until(lambda: len(layer.asked) >= 3)
        layer.state = "works"
        await subscriptions.wait_for("room", 5)
        assert layer.groups == {"room"}
        layer.state = state
        subscriptions.unwant("room")
        await until(lambda: ("discard", "room") in layer.asked)
        layer.state = "works"
        await until(lambda: not layer.groups)


async def test_all_that_wait_for_a_group_are_told(layer: FakeLayer, subscriptions: Subscriptions) -> None:
    waiting = [asyncio.create_task(subscriptions.wait_for("room", 5)) for _ in range(5)]
    gone = asyncio.create_task(subscriptions.wait_for("room", 5))
    await turns()
    gone.cancel()
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        await asyncio.gather(*waiting)
    assert layer.groups == {"room"} and not subscriptions._waiting


async def test_who_gave_up_waiting_is_not_kept_for_ever(layer: FakeLayer, subscriptions: Subscriptions) -> None:
    layer.state = "fails"
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        for _ in range(5):
            await subscriptions.wait_for("room", 0.001)
        assert sum(len(futures) for futures in subscriptions._waiting.values()) == 0


async def test_after_the_layer_was_lost_everything_wanted_is_added_again(
    layer: FakeLayer, subscriptions: Subscriptions
) -> None:
    async with running(subscriptions.run("hub.channel")):
        for group in ("a", "b"):
            subscriptions.want(group)
            await subscriptions.wait_for(group, 5)
        layer.groups.clear()
        layer.asked.clear()
        subscriptions.lost()
        await until(lambda: layer.groups == {"a", "b"})
    assert sorted(layer.asked) == [("add", "a"), ("add", "b")]


async def test_after_any_wishes_and_outages_what_is_held_is_what_is_wanted(
    layer: FakeLayer, subscriptions: Subscriptions
) -> None:
    chance, wanted = random.Random(5), set[str]()
    async with running(subscriptions.run("hub.channel")):
        for _ in range(400):
            group = f"room-{chance.randrange(6)}"
            if chance.random() < 0.5:
                wanted.add(group)
                subscriptions.want(group)
            else:
                wanted.discard(group)
                subscriptions.unwant(group)
            if chance.random() < 0.05:
                layer.state = chance.choice(["works", "works", "fails"])
            if chance.random() < 0.02:
                layer.groups.clear()
                subscriptions.lost()
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        layer.state = "works"
        await until(lambda: layer.groups == wanted and subscriptions._wishes.held == wanted)


class Gate:
    """Holds the layer's calls back until the test lets each of them through."""

    def __init__(self, layer: FakeLayer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        for name in ("group_add", "group_discard"):
            monkeypatch.setattr(layer, name, self._behind(getattr(layer, name)))

    def _behind(self, call: Callable[[str, str], Awaitable[None]]) -> Callable[[str, str], Awaitable[None]]:
        async def gated(group: str, channel: str) -> None:
            self.begun.set()
            await self.go.wait()
            await call(group, channel)

        return gated


async def test_a_wish_that_comes_while_the_group_is_being_discarded_is_not_dropped(
    layer: FakeLayer, subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        await subscriptions.wait_for("room", 5)
        gate = Gate(layer, monkeypatch)
        subscriptions.unwant("room")
        await gate.begun.wait()
        subscriptions.want("room")
        waiting = asyncio.create_task(subscriptions.wait_for("room", 5))
        await turns()
        assert not waiting.done(), "the group is on its way out: it is not held"
        gate.go.set()
        await waiting
        assert layer.groups == {"room"}


async def test_a_group_that_is_given_up_while_it_is_being_added_is_discarded(
    layer: FakeLayer, subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(layer, monkeypatch)
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        await gate.begun.wait()
        subscriptions.unwant("room")
        gate.go.set()
        await until(lambda: layer.asked == [("add", "room"), ("discard", "room")])
    assert layer.groups == set()


async def test_what_is_added_while_the_layer_is_lost_is_added_again(
    layer: FakeLayer, subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(layer, monkeypatch)
    async with running(subscriptions.run("hub.channel")):
        subscriptions.want("room")
        await gate.begun.wait()
        subscriptions.lost()
        gate.go.set()
        await until(lambda: layer.asked == [("add", "room")] * 2)


async def test_one_group_that_always_fails_keeps_no_other_from_its_turn(
    layer: FakeLayer, subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = layer.group_add

    async def group_add(group: str, channel: str) -> None:
        if group == "broken":
            raise ConnectionError
        await add(group, channel)

    monkeypatch.setattr(layer, "group_add", group_add)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.2)
    async with running(subscriptions.run("hub.channel")):
        for group in ("broken", *(f"room-{n}" for n in range(50))):
            subscriptions.want(group)
        async with asyncio.timeout(2):
            await until(lambda: len(layer.groups) == 50)
