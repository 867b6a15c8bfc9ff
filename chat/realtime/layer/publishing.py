"""Publishing from anywhere: an event loop, a database thread, a page, the admin site, a management command.

In a process that serves sockets it goes through the process's hub; elsewhere straight to the channel layer.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from accounts import access_log
from chat.realtime.events import Event

if TYPE_CHECKING:
    from chat.realtime.hub import Hub

log = structlog.get_logger(__name__)

LAYER_PREFIX: Final = "parley."
CONTROL_GROUP: Final = "control"
CLAUDE_GROUP: Final = "claude"

_running: "tuple[asyncio.AbstractEventLoop, Hub] | None" = None


def attach(loop: asyncio.AbstractEventLoop, hub: "Hub") -> None:
    """Make this hub the one through which the process publishes."""
    global _running
    _running = (loop, hub)


def detach(hub: "Hub") -> None:
    global _running
    if _running is not None and _running[1] is hub:
        _running = None


def layer_group(group: str) -> str:
    """Return a group's name on the channel layer, where `:` is not allowed."""
    return LAYER_PREFIX + group.replace(":", ".")


def publish_after_commit(*events: Event) -> None:
    """Publish once the surrounding transaction has committed: an event for what was rolled back would be a lie."""
    transaction.on_commit(partial(publish, *events))


def publish(*events: Event) -> None:
    """Publish now, from any thread."""
    _hand_over([("event", event) for event in events])


def control(order: str, user_id: int, room: str = "") -> None:
    """Tell the hub of every process, after commit: `recheck` a user's credentials, or their `access` to a room.

    Who ends access to a room calls this in the transaction that ends it; so the log tells those whom the word misses.
    """
    if order == "access":  # `accounts` has written of credentials already
        access_log.record(user_id)
    transaction.on_commit(lambda: _hand_over([("control", (order, user_id, room))]))


def signal(type_: str, **facts: Any) -> None:
    """Tell those who run replies, in every process, after commit. A hint: the rows are the truth."""
    transaction.on_commit(lambda: _hand_over([("signal", {"type": type_, **facts})]))


def _hand_over(items: list[tuple[str, Any]]) -> None:
    if _running is not None and not _running[0].is_closed():
        loop, hub = _running
        try:
            loop.call_soon_threadsafe(hub.take, items)
        except RuntimeError:  # the loop closed between the question and the call: the process is going down
            log.warning("publish.loop_closed")
        return
    try:
        async_to_sync(_send_by_layer)(items)
    except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
        # The rows are committed; the head check of the serving processes will find them.
        log.warning("publish.layer_unreachable", error=type(error).__name__)


async def _send_by_layer(items: list[tuple[str, Any]]) -> None:
    layer = get_channel_layer()
    for kind, value in items:
        await layer.group_send(*message_of(kind, value, origin=""))


def message_of(kind: str, value: Any, origin: str) -> tuple[str, dict[str, Any]]:
    """Return the layer's group and message for an event, a control order or a signal."""
    if kind == "control":
        return layer_group(CONTROL_GROUP), {"type": "hub.control", "origin": origin, "order": list(value)}
    if kind == "signal":
        return layer_group(CLAUDE_GROUP), {**value, "origin": origin}
    return layer_group(value.group), {"type": "hub.event", "origin": origin, "event": _fields_of(value)}


def _fields_of(event: Event) -> list[Any]:
    """Leave out the newest fields where they say nothing: a process of the version before them reads all others then, and
    takes from the database what it cannot read."""
    if event.recount:
        return list(event)
    return list(event[:-1]) if event.ends else list(event[:-2])


def together(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one layer message for several of one process to one group."""
    if len(messages) == 1:
        return messages[0]
    return {"type": "hub.several", "origin": messages[0]["origin"], "messages": list(messages)}
