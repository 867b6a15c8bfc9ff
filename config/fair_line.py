"""A line for something scarce: fair by address, and bounded in how many wait and for how long."""

import asyncio
from collections import Counter, OrderedDict, deque
from typing import Final

Place = asyncio.Future[None]


class LineFull(Exception):
    """Too many wait already, or this one has waited too long."""


class FairLine:
    """At most `at_once` are served at the same time, `per_key` of them with the same key; up to `waiting` wait their turn.

    Keys take turns, so one address with a hundred requests holds up another address by one request. When the line is
    full, a newcomer takes the place of the last request of the key that has most waiting; if every key has as few as the
    newcomer's, the newcomer is refused. Nothing waits longer than `seconds`.
    """

    def __init__(self, *, at_once: int, per_key: int, waiting: int, seconds: float) -> None:
        self._at_once: Final = at_once
        self._per_key: Final = per_key
        self._waiting_at_most: Final = waiting
        self._seconds: Final = seconds
        self._served: Counter[str] = Counter()
        self._lines: OrderedDict[str, deque[Place]] = OrderedDict()

    @property
    def served(self) -> int:
        return self._served.total()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    def enter_now(self, key: str) -> bool:
        """Take a free place; return whether there was one."""
        if self._lines.get(key) or not self._may_serve(key):
            return False
        self._served[key] += 1
        return True

    async def enter(self, key: str) -> None:
        """Wait for a place. Raises LineFull. Every return needs one `leave`."""
        if self.enter_now(key):
            return
        self._make_room_for(key)
        place: Place = asyncio.get_running_loop().create_future()
        self._lines.setdefault(key, deque()).append(place)
        try:
            async with asyncio.timeout(self._seconds):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.leave(key)  # its turn came in the same moment in which it gave up
            else:
                self._forget(key, place)
            if isinstance(error, TimeoutError):
                raise LineFull from error
            raise

    def leave(self, key: str) -> None:
        """Free the place, for the next key in turn."""
        self._served[key] -= 1
        if not self._served[key]:
            del self._served[key]
        self._serve_next()

    def _may_serve(self, key: str) -> bool:
        return self.served < self._at_once and self._served[key] < self._per_key

    def _serve_next(self) -> None:
        for key in list(self._lines):
            if self._may_serve(key):
                line = self._lines.pop(key)
                place = _first_of(line)
                if line:
                    self._lines[key] = line  # behind the other keys
                if place is not None:
                    self._served[key] += 1
                    place.set_result(None)

    def _make_room_for(self, key: str) -> None:
        if self.waiting < self._waiting_at_most:
            return
        longest = max(self._lines, key=lambda each: len(self._lines[each]), default=key)
        if len(self._lines.get(longest, ())) <= len(self._lines.get(key, ())) + 1:
            raise LineFull
        last = self._lines[longest][-1]
        self._forget(longest, last)
        if not last.done():
            last.set_exception(LineFull())

    def _forget(self, key: str, place: Place) -> None:
        line = self._lines.get(key)
        if line is not None and place in line:
            line.remove(place)
            if not line:
                del self._lines[key]


def _first_of(line: "deque[Place]") -> Place | None:
    """Take the first place that still waits. One whose request was cancelled stays in line until its task runs again."""
    while line:
        place = line.popleft()
        if not place.done():
            return place
    return None
