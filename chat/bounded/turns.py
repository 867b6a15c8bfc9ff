"""Whose work is next: owners take turns, and of each one only one piece is at work. Pure."""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Full(Exception):
    """Too much waits already. `is_own`: of this owner."""

    def __init__(self, *, is_own: bool) -> None:
        super().__init__("own" if is_own else "all")
        self.is_own = is_own


class Turns(Generic[T]):
    """What waits, by owner. An owner whose work takes long keeps no one else waiting longer than that one piece."""

    def __init__(self, *, of_one: int, of_all: int) -> None:
        self._of_one = of_one
        self._of_all = of_all
        self._count = 0
        self._waiting: dict[Hashable, deque[T]] = {}
        self._at_work: set[Hashable] = set()
        # Owners with something that waits and nothing at work, in the order of their turns.
        self._order: dict[Hashable, None] = {}

    def __len__(self) -> int:
        return self._count

    def add(self, owner: Hashable, piece: T, *, is_bounded: bool = True) -> None:
        """Have it wait. Raises Full."""
        waiting = self._waiting.get(owner)
        if is_bounded and waiting is not None and len(waiting) >= self._of_one:
            raise Full(is_own=True)
        if is_bounded and self._count >= self._of_all:
            raise Full(is_own=False)
        if waiting is None:
            waiting = self._waiting[owner] = deque()
        waiting.append(piece)
        self._count += 1
        if owner not in self._at_work:
            self._order[owner] = None

    def take(self) -> tuple[Hashable, T] | None:
        """Return the next owner and piece, which is now at work until `done`; None when no one's turn is."""
        owner = next(iter(self._order), None)
        if owner is None:
            return None
        del self._order[owner]
        waiting = self._waiting[owner]
        piece = waiting.popleft()
        if not waiting:
            del self._waiting[owner]
        self._count -= 1
        self._at_work.add(owner)
        return owner, piece

    def done(self, owner: Hashable) -> None:
        """The owner's piece isn't at work any more. Its next one waits behind all others."""
        self._at_work.discard(owner)
        if owner in self._waiting:
            self._order[owner] = None
