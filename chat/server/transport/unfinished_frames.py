"""The large frames that clients have begun and not ended, or sent and had not read yet: bounded for a process as a whole.

One connection holds FRAME_BYTES of each at most. Without this, ten thousand connections of people with many addresses could
hold as many times that. The connection that has held one for longest is given up first: an honest frame ends and is read
within moments, a hostile one never.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

# What a connection may hold uncounted: nearly all frames are smaller, and cost nothing here.
UNCOUNTED_BYTES: Final = 16_384
BYTES_AT_MOST: Final = 32_000_000


class Holder(Protocol):
    def give_up_frames(self) -> None:
        """Close the connection and forget what it holds."""


class UnfinishedFrames:
    """Knows how much each connection holds, and has the oldest given up when all hold too much."""

    def __init__(self, bytes_at_most: int = BYTES_AT_MOST) -> None:
        self._at_most = bytes_at_most
        self._held: dict[Holder, int] = {}  # in the order in which they began
        self.total = 0

    def note(self, holder: Holder, size: int) -> None:
        """Note how many bytes of frames a connection holds now."""
        counted = size if size > UNCOUNTED_BYTES else 0
        before = self._held.get(holder, 0)
        if counted:
            self._held[holder] = counted
        elif before:
            del self._held[holder]
        self.total += counted - before
        while self.total > self._at_most:
            oldest = next(iter(self._held))
            self.total -= self._held.pop(oldest)
            oldest.give_up_frames()


class HeldFrames:
    """What one connection holds."""

    __slots__ = ("_all", "_begun", "_holder", "_waiting")

    def __init__(self, everything: UnfinishedFrames, holder: Holder) -> None:
        self._all = everything
        self._holder: Holder | None = holder
        self._begun = self._waiting = 0

    def begun(self, size: int) -> None:
        """Note how many bytes there are of a frame that has not ended."""
        self._begun = size
        self._note()

    def waiting(self, data: bytes) -> Callable[[], str]:
        """Note a whole text that waits to be read; return what reads it.

        It waits as bytes: as a text with one emoji in it, each of its letters would take four.
        """
        self._waiting += len(data)
        self._note()
        return partial(self._read, data)

    def end(self) -> None:
        """Hold nothing any more."""
        if self._holder is not None:
            self._all.note(self._holder, 0)
        self._holder = None  # it holds this, too: a cycle would wait for a garbage collection

    def _read(self, data: bytes) -> str:
        self._waiting -= len(data)
        self._note()
        return data.decode()

    def _note(self) -> None:
        if self._holder is not None:
            self._all.note(self._holder, self._begun + self._waiting)
