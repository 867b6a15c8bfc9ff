"""Reads the frames of which nearly all traffic consists, whole text messages, without the library's parser.

Whatever is not exactly that stays for the parser: fragments, control frames, what is incomplete, too long, not masked or
not UTF-8. So it alone decides what is wrong with a frame, and what happens then.
"""

from collections.abc import Generator
from typing import Final

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where there is a build of it
from websockets.streams import StreamReader

_WHOLE_TEXT: Final = 0x81  # FIN, no extension, opcode 1
_MASKED: Final = 0x80
_MASK_BYTES: Final = 4
_SMALL: Final = 126


class FrameStartReader(StreamReader):
    """Knows whether the parser waits for the first byte of a frame: only then the bytes that come begin one."""

    def __init__(self) -> None:
        super().__init__()
        self.is_at_frame_start = False

    def at_eof(self) -> Generator[None, None, bool]:
        """Wait for a byte or the end: the parser asks for it before each frame, and nowhere else."""
        self.is_at_frame_start = not self.buffer
        ended = yield from super().at_eof()
        self.is_at_frame_start = False
        return ended


def leading_texts(data: bytes, bytes_at_most: int) -> tuple[list[str], int]:
    """Return the whole text messages with which `data` begins, and how many of its bytes they take.

    data: begins with a frame. bytes_at_most: longer payloads are left for the parser to refuse.
    """
    texts: list[str] = []
    at, end = 0, len(data)
    while end - at > 1 + _MASK_BYTES and data[at] == _WHOLE_TEXT:
        size, head = data[at + 1] - _MASKED, 2
        if size == _SMALL and end - at > 3 + _MASK_BYTES:
            size, head = data[at + 2] << 8 | data[at + 3], 4
            if size < _SMALL:
                break  # a length may only be written the shortest way
        elif not 0 <= size < _SMALL:
            break
        begin = at + head + _MASK_BYTES
        stop = begin + size
        if stop > end or size > bytes_at_most:
            break
        try:
            texts.append(apply_mask(data[begin:stop], data[begin - _MASK_BYTES : begin]).decode())
        except UnicodeDecodeError:
            break
        at = stop
    return texts, at
