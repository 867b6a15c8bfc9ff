"""Publishing never waits for the channel layer, keeps the order, and is bounded while the layer is away."""

from collections.abc import Callable
from functools import partial

import pytest

from chat.realtime import layer_sender
from chat.realtime.layer_sender import LayerSender
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import FakeLayer, until

Logged = Callable[[str], int]


def has_sent(layer: FakeLayer, count: int) -> bool:
    return len(layer.sent) == count


async def test_messages_are_sent_in_order() -> None:
    layer = FakeLayer()
    sender = LayerSender(layer, lambda: None)
    async with running(sender.run()):
        for number in range(200):
            sender.put("group", {"number": number})
        await until(lambda: len(layer.sent) == 200)
        sender.put("group", {"number": 200})
        await until(lambda: len(layer.sent) == 201)
    assert [message["number"] for _group, message in layer.sent] == list(range(201))


async def test_the_oldest_are_dropped_when_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_sender, "_QUEUED_AT_MOST", 10)
    layer = FakeLayer()
    sender = LayerSender(layer, lambda: None)
    for number in range(25):
        sender.put("group", {"number": number})
    async with running(sender.run()):
        await until(lambda: len(layer.sent) == 10)
    assert [message["number"] for _group, message in layer.sent] == list(range(15, 25))


async def test_an_outage_is_logged_once_and_so_is_its_end(logged: Logged) -> None:
    layer = FakeLayer()
    returns: list[str] = []
    sender = LayerSender(layer, lambda: returns.append(layer.state))
    async with running(sender.run()):
        for outage in range(1, 3):
            layer.state = "fails"
            for number in range(20):
                sender.put("group", {"number": number})
            await until(lambda: not sender._queue and sender._failing)
            layer.state = "works"
            sender.put("group", {"number": 100 + outage})
            await until(partial(has_sent, layer, outage))
            assert (logged("layer.unreachable"), logged("layer.reachable_again")) == (outage, outage)
            assert returns == ["works"] * outage, "whoever wants to know is told that the layer is back"
    assert [message["number"] for _group, message in layer.sent] == [101, 102], "what failed is not sent late"


async def test_a_layer_that_hangs_costs_a_time_out_and_not_the_sender(
    monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    monkeypatch.setattr(layer_sender, "_SEND_TIMEOUT_SECONDS", 0.02)
    layer = FakeLayer()
    layer.state = "hangs"
    sender = LayerSender(layer, lambda: None)
    async with running(sender.run()):
        for number in range(3):
            sender.put("group", {"number": number})
        await until(lambda: not sender._queue and sender._failing)
        layer.state = "works"
        sender.put("group", {"number": 9})
        await until(lambda: any(message["number"] == 9 for _group, message in layer.sent))
    assert logged("layer.unreachable") == 1
