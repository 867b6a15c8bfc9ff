"""Pages of rooms whose order moves while they are read: a page begins after a cursor, never after a number of rows.

Pure: the rows come from `room_list` and `browsing`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from msgspec import UNSET, UnsetType

_LAST_MILLIS: Final = 10**16 - 1


class Cursor(NamedTuple):
    """Where a page ended: the rank of the match, the room's last activity in milliseconds, its id."""

    rank: int
    active: int
    id: int

    @classmethod
    def read(cls, text: str | UnsetType) -> Self | None:
        return None if text is UNSET else cls(*map(int, text.split(".")))

    def __str__(self) -> str:
        return f"{self.rank}.{self.active}.{self.id}"

    @property
    def place(self) -> tuple[int, int, int]:
        """What rows are sorted by: the best match, the latest activity, the youngest room first."""
        return self.rank, -self.active, -self.id


# Before the first room of any list.
BEGINNING: Final = Cursor(0, _LAST_MILLIS, 0)


class Line(NamedTuple):
    """As much of a room as it takes to order and narrow a list. urgency: 2 mentions me, 1 has other news for me, else 0."""

    id: int
    slug: str
    kind: str
    active: int
    urgency: int
    rank: int

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.rank, self.active, self.id)


class Cut(NamedTuple):
    """The lines of one page, and where the next one begins; None when all have been seen."""

    lines: list[Line]
    next: Cursor | None


def first_page(lines: Sequence[Line], limit: int) -> Cut:
    """Return the urgent lines and then the first of all, in the order of activity.

    The page after it begins where the first of all end, so rooms that were listed as urgent come once more on a later
    page; none is left out, however the rooms move meanwhile.
    """
    ordered = sorted(lines, key=_place)
    urgent = sorted((line for line in ordered if line.urgency), key=lambda line: (-line.urgency, _place(line)))[:limit]
    chosen = {line.id: line for line in urgent}
    cursor = BEGINNING
    for line in ordered:
        if line.id not in chosen:
            if len(chosen) >= limit:
                break
            chosen[line.id] = line
        cursor = line.cursor
    return Cut(list(chosen.values()), cursor if len(chosen) < len(lines) else None)


def page_after(lines: Sequence[Line], after: Cursor | None, limit: int) -> Cut:
    """Return the lines that follow a cursor, in order."""
    beyond = [line for line in lines if after is None or line.cursor.place > after.place]
    page = sorted(beyond, key=_place)[:limit]
    return Cut(page, page[-1].cursor if len(beyond) > len(page) else None)


def _place(line: Line) -> tuple[int, int, int]:
    return line.cursor.place
