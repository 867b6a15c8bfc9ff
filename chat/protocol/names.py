"""Patterns and words that the whole protocol shares."""

from typing import Final

# Python's `$` also matches before a final line break, hence the look-ahead (which JavaScript understands too).
ROOM_SLUG_PATTERN: Final = r"^[a-z0-9-]{1,50}$(?!\n)"
ROW_ID_PATTERN: Final = r"^[1-9][0-9]{0,17}$(?!\n)"
PROTOCOL_VERSION: Final = 1
