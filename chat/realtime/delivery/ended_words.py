"""What a tab that comes in need not hear: words of a reply that has ended while it came.

Words sent before it listened are missing, and nothing that it has read may bring them: the reply was over by then. It
would have to ask for them, though the end, which it hears as well, brings them all.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat.realtime.events import Event

_ENDS: Final = ("stream_end", "error")


class _Message(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    message: _Message | None = None
    messageId: str = ""  # of words


class _Frame(msgspec.Struct):
    type: str
    data: _Data


_frames = msgspec.json.Decoder(_Frame)


def words_of_ended(buffered: Sequence[Event]) -> set[int]:
    """Return the places of those events that are words of replies whose end is among these events."""
    words = {place: event for place, event in enumerate(buffered) if event.is_droppable}
    if not words:
        return set()
    frames = (_frames.decode(event.text) for event in buffered if event.change is not None)
    ended = {frame.data.message.id for frame in frames if frame.type in _ENDS and frame.data.message is not None}
    return {place for place, event in words.items() if _frames.decode(event.text).data.messageId in ended}
