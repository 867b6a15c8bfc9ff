"""Publishing works from any thread, after the commit only, and never raises at code that has just stored something."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import transaction

from chat.lifetime import part
from chat.realtime.events import Event
from chat.realtime.layer import bus, publishing
from tests.chat.realtime.doubles import FakeLayer, until

HELLO = Event("user:7", "{}")


class TakingHub:
    def __init__(self) -> None:
        self.taken: list[bus.Message] = []
        self.threads: set[int] = set()

    def take(self, messages: Sequence[bus.Message]) -> None:
        self.taken += messages
        self.threads.add(threading.get_ident())


@pytest.fixture(autouse=True)
def _nobody_attached() -> Iterator[None]:
    way = part(publishing.Way)
    before, way.hub = way.hub, None
    yield
    way.hub = before


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> FakeLayer:
    layer = FakeLayer()
    monkeypatch.setattr(publishing, "get_channel_layer", lambda: layer)
    return layer


def sent(*messages: bus.Message) -> list[tuple[str, dict[str, Any]]]:
    """Return what the layer is given by a process that serves no sockets."""
    return [(bus.layer_group(bus.group_of(each)), bus.packed([bus.encode(each)], "")) for each in messages]


async def test_a_thread_hands_over_to_the_hub_on_its_own_loop(layer: FakeLayer) -> None:
    hub = TakingHub()
    publishing.attach(asyncio.get_running_loop(), hub)
    await asyncio.to_thread(publishing.publish, HELLO, HELLO)
    await until(lambda: hub.taken)
    assert hub.taken == [HELLO] * 2 and hub.threads == {threading.get_ident()} and layer.sent == []
    publishing.detach(TakingHub())
    await asyncio.to_thread(publishing.publish, HELLO)
    await until(lambda: len(hub.taken) == 3)
    publishing.detach(hub)
    await asyncio.to_thread(publishing.publish, HELLO)
    assert len(hub.taken) == 3 and len(layer.sent) == 1


def test_a_process_that_serves_no_sockets_publishes_by_the_layer(layer: FakeLayer) -> None:
    publishing.publish(HELLO)
    assert layer.sent == sent(HELLO) and layer.sent[0][0] == "parley.user.7"


def test_a_layer_that_is_away_is_logged_and_no_concern_of_the_publisher(
    layer: FakeLayer, logged: Callable[[str], int]
) -> None:
    layer.state = "fails"
    publishing.publish(HELLO)
    assert logged("publish.layer_unreachable") == 1


def test_a_loop_that_has_closed_falls_back_to_the_layer(layer: FakeLayer) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    publishing.attach(loop, TakingHub())
    publishing.publish(HELLO)
    assert len(layer.sent) == 1


def test_a_loop_that_closes_in_this_moment_is_no_error(layer: FakeLayer, logged: Callable[[str], int]) -> None:
    def closes(*_args: Any) -> None:
        raise RuntimeError("Event loop is closed")

    loop = SimpleNamespace(is_closed=lambda: False, call_soon_threadsafe=closes)
    publishing.attach(cast(asyncio.AbstractEventLoop, loop), TakingHub())
    publishing.publish(HELLO)
    assert logged("publish.loop_closed") == 1


@transaction.atomic
def publish_and_fail() -> None:
    publishing.publish_after_commit(HELLO)
    publishing.control("recheck", 7)
    raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_never_published(layer: FakeLayer) -> None:
    with transaction.atomic():
        publishing.publish_after_commit(HELLO)
        publishing.control("recheck", 7)
        assert layer.sent == []
    assert layer.sent == sent(HELLO, bus.Control("recheck", 7)) and layer.sent[1][0] == "parley.control"
    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert len(layer.sent) == 2


def test_what_is_captured_goes_nowhere_else(layer: FakeLayer) -> None:
    with publishing.capture() as published:
        publishing.publish(HELLO)
        with publishing.capture() as inner:
            publishing.publish(HELLO, HELLO)
    publishing.publish(HELLO)
    assert published == [HELLO] and inner == [HELLO] * 2 and layer.sent == sent(HELLO)
