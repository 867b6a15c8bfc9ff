"""Pages of messages, bounded in bytes as well as in rows: one request must not fill a process's memory.

The rows are bounded before they are read (models/weights.py), the page before it is encoded for a client. A page always
has at least one message.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.conf import settings

from chat.models import Message
from chat.presenter import present_in_rooms
from chat.protocol import frames, wire

_UNBOUNDED: Final = 1 << 40


class Page(NamedTuple):
    """Messages in their order. lacks_older, lacks_newer: whether some at that end did not fit. bytes: as encoded."""

    messages: list[wire.Message]
    lacks_older: bool
    lacks_newer: bool
    bytes: int


def page_bytes() -> int:
    """Return how many bytes the messages of one response may have."""
    return settings.PAGE_BYTES or _UNBOUNDED


def presented(rows: Sequence[tuple[str, Message]], budget: int, *, anchor: int = 0) -> Page:
    """Present as many rows, each with its room's slug, as the budget allows: that at `anchor` and the nearest to it."""
    messages = present_in_rooms(rows)
    whole = frames.size_of(messages)
    if whole <= budget or len(messages) <= 1:
        return Page(messages, False, False, whole if messages else 0)
    sizes = [frames.size_of(message) + 1 for message in messages]  # with a comma
    first, end = nearest(sizes, anchor if anchor >= 0 else len(sizes) + anchor, budget - 1)
    return Page(messages[first:end], first > 0, end < len(sizes), sum(sizes[first:end]))


def nearest(sizes: Sequence[int], anchor: int, budget: int) -> tuple[int, int]:
    """Return the beginning and end of the longest stretch around a place that fits, grown on both sides in turn.

    The place itself belongs to it, however large it is.
    """
    first, end = anchor, anchor + 1
    left = budget - sizes[anchor]
    goes_down, goes_up = first > 0, end < len(sizes)
    while goes_down or goes_up:
        if goes_down:
            goes_down = sizes[first - 1] <= left
            if goes_down:
                first -= 1
                left -= sizes[first]
                goes_down = first > 0
        if goes_up:
            goes_up = sizes[end] <= left
            if goes_up:
                left -= sizes[end]
                end += 1
                goes_up = end < len(sizes)
    return first, end
