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
from chat.realtime.events import Event
from chat.realtime.layer import bus

log = structlog.get_logger(__name__)


class Switchboard(Protocol):
    """What a serving process publishes through: its hub."""

    def take(self, messages: Sequence[bus.Message]) -> None:
        """Publish, on its event loop."""


_running: tuple[asyncio.AbstractEventLoop, Switchboard] | None = None
_captured: list[bus.Message] | None = None


def attach(loop: asyncio.AbstractEventLoop, hub: Switchboard) -> None:
    """Make this hub the one through which the process publishes."""
    global _running
    _running = (loop, hub)


def detach(hub: Switchboard) -> None:
    global _running
    if _running is not None and _running[1] is hub:
        _running = None


@contextmanager
def capture() -> Iterator[list[bus.Message]]:
    """Collect what is published meanwhile, in place of publishing it: for tests."""
    global _captured
    before, _captured = _captured, []
    try:
        yield _captured
    finally:
        _captured = before


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
    if _captured is not None:
        _captured.extend(messages)
        return
    if _running is not None and not _running[0].is_closed():
        loop, hub = _running
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
