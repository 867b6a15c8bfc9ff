"""The text of a frame, and its bytes for each kind of connection, made once for all who get it."""

from collections.abc import Sequence
from typing import Final

import msgspec

_SMALL_FRAME: Final = 126
_MEDIUM_FRAME: Final = 65_536


class _Typed(msgspec.Struct):
    """Reads a frame's type and nothing else of it."""

    type: str


_typed: Final = msgspec.json.Decoder(_Typed)


class Payload:
    """A frame on its way.

    change: the event's place in its room's order, None for what is not durable. is_droppable: a slow connection may
    lose it.
    """

    __slots__ = ("_as_event", "_framed", "_type", "change", "is_droppable", "text")

    def __init__(self, text: str, change: int | None = None, *, is_droppable: bool = False) -> None:
        self.text = text
        self.change = change
        self.is_droppable = is_droppable
        self._framed: bytes | None = None
        self._as_event: bytes | None = None
        self._type: str | None = None

    @property
    def type(self) -> str:
        if self._type is None:
            self._type = _typed.decode(self.text).type
        return self._type

    @property
    def size(self) -> int:
        """How many bytes it takes, in whichever form it has."""
        return len(self.framed if self._as_event is None else self._as_event)

    @property
    def framed(self) -> bytes:
        if self._framed is None:
            data = self.text.encode()
            size = len(data)
            if size < _SMALL_FRAME:
                header = bytes((0x81, size))
            elif size < _MEDIUM_FRAME:
                header = b"\x81\x7e" + size.to_bytes(2, "big")
            else:
                header = b"\x81\x7f" + size.to_bytes(8, "big")
            self._framed = header + data
        return self._framed

    @property
    def as_event(self) -> bytes:
        """The bytes as a server-sent event. The text is JSON on one line, so it needs no splitting."""
        if self._as_event is None:
            id_line = "" if self.change is None else f"id: {self.change}\n"
            self._as_event = f"event: {self.type}\n{id_line}data: {self.text}\n\n".encode()
        return self._as_event


def joined(payloads: Sequence[Payload]) -> bytes:
    """Return the bytes of several frames in a row."""
    return payloads[0].framed if len(payloads) == 1 else b"".join([payload.framed for payload in payloads])
