"""Publishing from anywhere: an event loop, a database thread, a page, the admin site, a management command.

In a process that serves sockets it goes through the process's hub; elsewhere straight to the channel layer.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Literal, Protocol

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from accounts import access_log
from chat.lifetime import part
from chat.realtime.events import Event
from chat.realtime.layer import bus

log = structlog.get_logger(__name__)


class Switchboard(Protocol):
    """What a serving process publishes through: its hub."""

    def take(self, messages: Sequence[bus.Message]) -> None:
        """Publish, on its event loop."""


class Way:
    """How this process publishes: through its hub, if it has one. captured: what a test collects in place of that."""

    def __init__(self) -> None:
        self.hub: tuple[asyncio.AbstractEventLoop, Switchboard] | None = None
        self.captured: list[bus.Message] | None = None


def attach(loop: asyncio.AbstractEventLoop, hub: Switchboard) -> None:
    """Make this hub the one through which the process publishes."""
    part(Way).hub = (loop, hub)


def detach(hub: Switchboard) -> None:
    way = part(Way)
    if way.hub is not None and way.hub[1] is hub:
        way.hub = None


@contextmanager
def capture() -> Iterator[list[bus.Message]]:
    """Collect what is published meanwhile, in place of publishing it: for tests."""
    way = part(Way)
    before = way.captured
    collected = way.captured = []
    try:
        yield collected
    finally:
        way.captured = before


def publish_after_commit(*events: Event) -> None:
    """Publish once the surrounding transaction has committed: an event for what was rolled back would be a lie."""
    transaction.on_commit(partial(publish, *events))


def publish(*events: Event) -> None:
    """Publish now, from any thread."""
    _hand_over(events)


def control(order: Literal["recheck", "access"], user_id: int, room: str = "") -> None:
    """Tell the hub of every process, after commit: `recheck` a user's credentials, or their `access` to a room.

    Call it in the transaction that ends access to a room: the log tells the processes that miss the message.
    """
    if order == "access":  # `accounts` has written of credentials already
        access_log.record(user_id)
    transaction.on_commit(partial(_hand_over, [bus.Control(order, user_id, room)]))


def signal(message: bus.Message) -> None:
    """Tell those who run replies, in every process, after commit. A hint: the rows are the truth."""
    transaction.on_commit(partial(_hand_over, [message]))


def _hand_over(messages: Sequence[bus.Message]) -> None:
    way = part(Way)
    if way.captured is not None:
        way.captured.extend(messages)
        return
    if way.hub is not None and not way.hub[0].is_closed():
        loop, hub = way.hub
        try:
            loop.call_soon_threadsafe(hub.take, messages)
        except RuntimeError:  # the loop closed between the question and the call: the process is going down
            log.warning("publish.loop_closed")
        return
    try:
        async_to_sync(_send_by_layer)(messages)
    except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
        # The rows are committed; the head check of the serving processes will find them.
        log.warning("publish.layer_unreachable", error=type(error).__name__)


async def _send_by_layer(messages: Sequence[bus.Message]) -> None:
    layer = get_channel_layer()
    for message in messages:
        group = bus.layer_group(bus.group_of(message))
        await layer.group_send(group, bus.packed([bus.encode(message)], origin=""))
