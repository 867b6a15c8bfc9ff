"""The outbox of a socket whose server takes ready-made frames, and what writes all of them at once.

What becomes due within a few turns of the loop is joined, and written by one call into the system for each socket: that
call costs more than everything else of a delivery. burst.py does for a whole room what this does for one connection.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from django.conf import settings

from chat.lifetime import part
from chat.realtime.delivery.outbox import FrameWriter, droppable_from, is_too_much
from chat.realtime.delivery.payload import Payload, joined

# In each turn the loop reads what has come meanwhile, and what that makes due is joined: three turns deliver up to twice as
# much as one. A turn with nothing to do takes microseconds.
_TURNS_UNTIL_WRITTEN: Final = 3
# From so much on it is looked at whether what is pending fits; after that, each time it has grown by as much again.
_WEIGHED_CHARS: Final = 100_000


class Due(Protocol):
    """What is written when the turns are over."""

    def flush(self, droppable_from: int) -> None:
        """Write. droppable_from: how many bytes may wait before what is droppable is left out, read once for all."""


class Writing:
    """What this process is about to write, of all its connections."""

    def __init__(self) -> None:
        self._due: list[Due] = []

    def soon(self, due: Due) -> None:
        """Have something written within a few turns of the loop, together with all else that is due by then."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._wait, _TURNS_UNTIL_WRITTEN - 1)
        self._due.append(due)

    def _wait(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._wait, turns - 1)
            return
        now_due, self._due = self._due, []
        bound = droppable_from()
        for due in now_due:
            due.flush(bound)


class DirectOutbox:
    """Frames of one connection's own: responses, and what it gets apart from its rooms' other connections."""

    __slots__ = ("_on_overflow", "_pending", "_unweighed", "_write_soon", "_writer", "is_clear", "is_closed")

    def __init__(self, writer: FrameWriter, on_overflow: Callable[[], None]) -> None:
        self._writer = writer
        self._write_soon = part(Writing).soon
        self._on_overflow = on_overflow
        self._pending: list[Payload] = []
        self._unweighed = _WEIGHED_CHARS  # what may still be added before it is weighed
        self.is_clear = True
        self.is_closed = False

    @property
    def waiting_bytes(self) -> int:
        held = self._writer.buffered()
        return held + sum(len(payload.text) for payload in self._pending) if self._pending else held

    def push(self, payload: Payload) -> None:
        if self.is_closed:
            return
        if self.is_clear:
            self.is_clear = False
            self._write_soon(self)
        self._pending.append(payload)
        self._unweighed -= len(payload.text)  # which a text knows without being encoded
        if self._unweighed < 0:
            self._weigh()

    def _weigh(self) -> None:
        """Give up before more is pending than may wait: joined, it would be copied for this connection alone."""
        held = self._writer.buffered()
        self._pending = _without_droppable(self._pending, held)
        if is_too_much(held, self._pending, settings.OUTBOX_BYTES):
            self.take_back()
            self._on_overflow()
            return
        self._unweighed = _WEIGHED_CHARS

    def take_back(self) -> list[Payload]:
        """Return what is not written yet, and forget it."""
        pending, self._pending = self._pending, []
        self._unweighed = _WEIGHED_CHARS
        return pending

    def flush(self, droppable_from: int) -> None:
        """Write what is pending."""
        pending, self._pending = self._pending, []
        self._unweighed = _WEIGHED_CHARS
        self.is_clear = True
        if pending and not self.is_closed:
            self.write(pending, joined(pending), droppable_from)

    def write(self, payloads: list[Payload], frames: bytes, droppable_from: int) -> None:
        held = self._writer.buffered()
        if held + len(frames) > droppable_from:
            limit: int = settings.OUTBOX_BYTES
            if held > limit:
                self._on_overflow()
                return
            kept = _without_droppable(payloads, held)
            if is_too_much(held, kept, limit):
                self._on_overflow()
                return
            if not kept:
                return
            if len(kept) < len(payloads):
                frames = joined(kept)
        self._writer.write(frames)

    def close(self, code: int, reason: str) -> None:
        """Write what is pending and then the close frame."""
        if self.is_closed:
            return
        self.flush(droppable_from())
        if not self.is_closed:
            self.is_closed = True
            self._writer.close(code, reason)


def _without_droppable(payloads: list[Payload], waiting_bytes: int) -> list[Payload]:
    """Leave out what is droppable from where too much waits."""
    kept = []
    for payload in payloads:
        size = len(payload.framed)
        if not (payload.is_droppable and waiting_bytes + size > droppable_from()):
            kept.append(payload)
            waiting_bytes += size
    return kept
