"""Publishing works from any thread, after the commit only, and never raises at whoever has just stored something."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from django.db import transaction

from chat.realtime.events import Event
from chat.realtime.hub import Hub
from chat.realtime.layer import publishing
from tests.chat.realtime.doubles import FakeLayer, until

HELLO = Event("user:7", "{}")


class TakingHub:
    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.threads: set[int] = set()

    def take(self, items: list[tuple[str, Any]]) -> None:
        self.taken += items
        self.threads.add(threading.get_ident())

    @property
    def as_hub(self) -> Hub:
        return cast(Hub, self)


@pytest.fixture(autouse=True)
def _nobody_attached() -> Iterator[None]:
    before, publishing._running = publishing._running, None
    yield
    publishing._running = before


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> FakeLayer:
    layer = FakeLayer()
    monkeypatch.setattr(publishing, "get_channel_layer", lambda: layer)
    return layer


def test_group_names_suit_every_channel_layer() -> None:
    assert publishing.layer_group("room:a-b") == "parley.room.a-b"
    assert publishing.message_of("event", HELLO, "me") == (
        "parley.user.7",
        {"type": "hub.event", "origin": "me", "event": list(HELLO[:-2])},
    )
    group, message = publishing.message_of("control", ("access", 7, "lounge"), "me")
    assert (group, message["order"]) == ("parley.control", ["access", 7, "lounge"])


def test_a_process_of_the_version_before_reads_all_events_but_those_that_end_a_membership() -> None:
    """What it cannot read it takes from the database, in its place in the room's order."""

    class EventBefore(NamedTuple):
        group: str
        text: str
        change: int | None = None
        author_id: int = 0
        mentions: tuple[int, ...] = ()
        counts: bool = False
        without_connection: str = ""
        without_user: int = 0
        once: str = ""
        requester: str = ""
        request_id: str = ""
        is_droppable: bool = False

    _group, message = publishing.message_of("event", HELLO, "me")
    assert EventBefore(*message["event"]) == HELLO[:-2]
    assert Event(*message["event"]) == HELLO
    for newer in (HELLO._replace(ends=7), HELLO._replace(recount=(3, 1, 2)), HELLO._replace(ends=7, recount=(3,))):
        _group, message = publishing.message_of("event", newer, "me")
        assert Event(*message["event"]) == newer
        with pytest.raises(TypeError):
            EventBefore(*message["event"])


async def test_a_thread_hands_over_to_the_hub_on_its_own_loop(layer: FakeLayer) -> None:
    hub = TakingHub()
    publishing.attach(asyncio.get_running_loop(), hub.as_hub)
    await asyncio.to_thread(publishing.publish, HELLO, HELLO)
    await until(lambda: hub.taken)
    assert hub.taken == [("event", HELLO)] * 2 and hub.threads == {threading.get_ident()} and layer.sent == []
    publishing.detach(TakingHub().as_hub)
    await asyncio.to_thread(publishing.publish, HELLO)
    await until(lambda: len(hub.taken) == 3)
    publishing.detach(hub.as_hub)
    await asyncio.to_thread(publishing.publish, HELLO)
    assert len(hub.taken) == 3 and len(layer.sent) == 1


def test_a_process_that_serves_no_sockets_publishes_by_the_layer(layer: FakeLayer) -> None:
    publishing.publish(HELLO)
    assert layer.sent == [("parley.user.7", {"type": "hub.event", "origin": "", "event": list(HELLO[:-2])})]


def test_a_layer_that_is_away_is_logged_and_no_concern_of_the_publisher(
    layer: FakeLayer, logged: Callable[[str], int]
) -> None:
    layer.state = "fails"
    publishing.publish(HELLO)
    assert logged("publish.layer_unreachable") == 1


def test_a_loop_that_has_closed_falls_back_to_the_layer(layer: FakeLayer) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    publishing.attach(loop, TakingHub().as_hub)
    publishing.publish(HELLO)
    assert len(layer.sent) == 1


def test_a_loop_that_closes_in_this_moment_is_no_error(layer: FakeLayer, logged: Callable[[str], int]) -> None:
    def closes(*_args: Any) -> None:
        raise RuntimeError("Event loop is closed")

    loop = SimpleNamespace(is_closed=lambda: False, call_soon_threadsafe=closes)
    publishing.attach(cast(asyncio.AbstractEventLoop, loop), TakingHub().as_hub)
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
    assert [message["type"] for _group, message in layer.sent] == ["hub.event", "hub.control"]
    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert len(layer.sent) == 2
