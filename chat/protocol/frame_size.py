"""How many bytes a frame must be allowed, so that no legal message ends the connection that it comes over."""

from typing import Final

# JSON may write any character as \uXXXX, and those beyond U+FFFF as two of these, as Python's json.dumps does.
BYTES_PER_CHAR: Final = 12
# The longest that stands around a text: ids, names of fields, fifty attachments, all of it written that way.
OVERHEAD_BYTES: Final = 24_000


def needed_bytes(content_chars: int) -> int:
    """Return how many bytes the longest frame with a text of `content_chars` characters may take."""
    return BYTES_PER_CHAR * content_chars + OVERHEAD_BYTES


def chars_that_fit(frame_bytes: int) -> int:
    """Return how many characters always fit into a frame of so many bytes."""
    return max(0, frame_bytes - OVERHEAD_BYTES) // BYTES_PER_CHAR
