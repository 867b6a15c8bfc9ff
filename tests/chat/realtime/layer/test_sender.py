"""Publishing never waits for the channel layer, keeps the order, and is bounded while the layer is away."""

from collections.abc import Callable
from functools import partial

import pytest

from chat.realtime.layer import bus
from chat.realtime.layer import sender as layer_sender
from chat.realtime.layer.sender import LayerSender
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import FakeLayer, until

Logged = Callable[[str], int]


def note(number: int, size: int = 10) -> bytes:
    return b"%*d" % (size, number)


def sent(layer: FakeLayer) -> list[tuple[str, list[int]]]:
    """Return what went over the layer: the group and the numbers of each message."""
    return [(group, [int(body) for body in bus.unpacked(message)]) for group, message in layer.sent]


def numbers(layer: FakeLayer) -> list[int]:
    return [number for _group, together in sent(layer) for number in together]


def has_sent(layer: FakeLayer, count: int) -> bool:
    return len(numbers(layer)) == count


async def test_messages_are_sent_in_order() -> None:
    layer = FakeLayer()
    sender = LayerSender(layer, "me", lambda: None)
    async with running(sender.run()):
        for number in range(200):
            sender.put("group", note(number))
        await until(partial(has_sent, layer, 200))
        sender.put("group", note(200))
        await until(partial(has_sent, layer, 201))
    assert numbers(layer) == list(range(201))


async def test_what_waits_for_one_group_goes_as_one_message_in_its_order_and_no_group_waits_for_all_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layer_sender, "_TOGETHER_AT_MOST", 3)
    layer = FakeLayer()
    sender = LayerSender(layer, "me", lambda: None)
    for number, group in enumerate("aaaaabba"):
        sender.put(group, note(number))
    async with running(sender.run()):
        await until(partial(has_sent, layer, 8))
        sender.put("a", note(8))
        await until(partial(has_sent, layer, 9))
    assert sent(layer) == [("a", [0, 1, 2]), ("b", [5, 6]), ("a", [3, 4, 7]), ("a", [8])]
    assert all(message["origin"] == "me" for _group, message in layer.sent)


async def test_the_oldest_are_dropped_when_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_sender, "_QUEUED_AT_MOST", 10)
    layer = FakeLayer()
    sender = LayerSender(layer, "me", lambda: None)
    for number in range(25):
        sender.put("group", note(number))
    async with running(sender.run()):
        await until(partial(has_sent, layer, 10))
    assert numbers(layer) == list(range(15, 25))


async def test_an_outage_is_logged_once_and_so_is_its_end(logged: Logged) -> None:
    layer = FakeLayer()
    returns: list[str] = []
    sender = LayerSender(layer, "me", lambda: returns.append(layer.state))
    async with running(sender.run()):
        for outage in range(1, 3):
            layer.state = "fails"
            for number in range(20):
                sender.put("group", note(number))
            await until(lambda: not sender._queues and sender._failing)
            layer.state = "works"
            sender.put("group", note(100 + outage))
            await until(partial(has_sent, layer, outage))
            assert (logged("layer.unreachable"), logged("layer.reachable_again")) == (outage, outage)
            assert returns == ["works"] * outage, "listeners are told that the layer is back"
    assert numbers(layer) == [101, 102], "what failed is not sent late"


async def test_a_layer_that_hangs_costs_a_time_out_and_not_the_sender(
    monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    monkeypatch.setattr(layer_sender, "_SEND_TIMEOUT_SECONDS", 0.02)
    layer = FakeLayer()
    layer.state = "hangs"
    sender = LayerSender(layer, "me", lambda: None)
    async with running(sender.run()):
        for number in range(3):
            sender.put("group", note(number))
        await until(lambda: not sender._queues and sender._failing)
        layer.state = "works"
        sender.put("group", note(9))
        await until(lambda: 9 in numbers(layer))
    assert logged("layer.unreachable") == 1


async def test_while_the_layer_is_away_the_oldest_are_dropped_by_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand events of the longest messages were gigabytes."""
    monkeypatch.setattr(layer_sender, "_QUEUED_BYTES", 100_000)
    layer = FakeLayer()
    sender = LayerSender(layer, "me", lambda: None)
    for number in range(1000):
        sender.put("group", note(number, 10_000))
    sender.put("group", note(1000))
    async with running(sender.run()):
        await until(lambda: numbers(layer)[-1:] == [1000])
    assert numbers(layer) == list(range(991, 1001))


async def test_one_event_that_is_larger_than_the_queue_may_be_is_still_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_sender, "_QUEUED_BYTES", 1000)
    layer = FakeLayer()
    sender = LayerSender(layer, "me", lambda: None)
    sender.put("group", note(1, 5000))
    async with running(sender.run()):
        await until(lambda: numbers(layer) == [1])
        sender.put("group", note(2))
        await until(lambda: numbers(layer) == [1, 2])


async def test_long_events_go_in_several_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_sender, "_TOGETHER_BYTES", 10_000)
    layer = FakeLayer()
    sender = LayerSender(layer, "me", lambda: None)
    for number in range(6):
        sender.put("group", note(number, 5_000))
    async with running(sender.run()):
        await until(partial(has_sent, layer, 6))
    assert [each for _group, each in sent(layer)] == [[0, 1], [2, 3], [4, 5]]
