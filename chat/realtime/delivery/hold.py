"""Delivery held back: while a person's access is in doubt, what is sent to them is kept, then sent on or dropped.

A held connection has this outbox in place of its own, so delivery never asks whether it is held, and the others of
its rooms are served as before.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from django.conf import settings

from chat.protocol import frames
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.delivery.outbox import Outbox, droppable_from
from chat.realtime.delivery.payload import Payload

# Responses that tell nothing of a room but that one is a member of it or not; a request that ended the asker's own access
# has such a response.
TELL_NOTHING: Final = frozenset(
    {"pong", "left", "quit_room", "quit_rooms", "remove_member", "typing", "save_draft", "mark_read"}
)
# Notifications that tell of the membership itself.
_OF_MEMBERSHIP: Final = ("added", "removed")


class HeldOutbox:
    """Keeps what comes, up to OUTBOX_BYTES; beyond it the connection is closed, and recovers by its cursors."""

    __slots__ = ("_bytes", "_kept", "_on_overflow", "_released", "beneath")

    is_clear: Final = False  # so it takes no part in a burst

    def __init__(self, beneath: Outbox, on_overflow: Callable[[], None]) -> None:
        self.beneath = beneath
        self._on_overflow = on_overflow
        self._kept: list[Payload] = []
        self._bytes = 0
        self._released: asyncio.Future[None] | None = None
        for payload in beneath.take_back():
            self.push(payload)

    @property
    def waiting_bytes(self) -> int:
        return self._bytes + self.beneath.waiting_bytes

    def push(self, payload: Payload) -> None:
        # The first does not count against the others: a long history that is not sent yet would end the connection.
        waiting = self._bytes - self._kept[0].size + payload.size if self._kept else 0
        if payload.is_droppable and waiting > droppable_from():
            return
        if waiting > settings.OUTBOX_BYTES > 0:
            self._on_overflow()
            return
        self._bytes += payload.size
        self._kept.append(payload)

    def write(self, payloads: list[Payload], frames: bytes, droppable_from: int) -> None:
        for payload in payloads:
            self.push(payload)

    def take_back(self) -> list[Payload]:
        return []

    def close(self, code: int, reason: str) -> None:
        """Close beneath. What is kept is not sent: whose it is was in doubt."""
        self._kept.clear()
        self.beneath.close(code, reason)
        self.let_go()

    def drop_room(self, slug: str) -> None:
        """Drop what is kept of a room that its reader may not read any more; a response becomes a refusal."""
        kept, self._kept = self._kept, []
        self._bytes = 0
        for payload in kept:
            left = _without(slug, payload)
            if left is not None:
                self.push(left)

    def release(self) -> None:
        """Send on what is kept, in its order."""
        kept, self._kept = self._kept, []
        for payload in kept:
            self.beneath.push(payload)
        self.let_go()

    def let_go(self) -> None:
        """Let those go on who wait for the end of the hold."""
        if self._released is not None and not self._released.done():
            self._released.set_result(None)

    async def wait_released(self) -> None:
        if self._released is None:
            self._released = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._released)


def _without(slug: str, payload: Payload) -> Payload | None:
    """Return what may still be sent of a frame to who lost a room; None for nothing."""
    if not payload.text:  # ready-made bytes of a stream, which has this one room
        return None
    frame: dict[str, Any] = msgspec.json.decode(payload.text)
    request_id, data = frame.get("requestId"), frame.get("data")
    if "details" in frame.get("error", ()) and request_id is not None:
        return _refused(request_id)  # a conflict tells what others have written
    if data is None or frame["type"] == "left" or data.get("kind") in _OF_MEMBERSHIP:
        return payload
    if request_id is None:
        return None if _room_of(data) == slug else payload
    may_pass = frame["type"] in TELL_NOTHING or _room_of(data) not in ("", slug)
    return payload if may_pass else _refused(request_id)


def _room_of(data: dict[str, Any]) -> str:
    """Return the room that a frame's data are of; empty when they do not say so."""
    message, room = data.get("message"), data.get("room", "")
    if isinstance(message, dict):
        return str(message["room"])
    return str(room["slug"] if isinstance(room, dict) else room)


def access_changed_meanwhile() -> ProtocolError:
    return ProtocolError(ErrorCode.UNAVAILABLE, "Your access changed while this was read. Please try again.")


def _refused(request_id: str | int) -> Payload:
    return Payload(frames.encode(frames.failure(access_changed_meanwhile(), request_id)))
