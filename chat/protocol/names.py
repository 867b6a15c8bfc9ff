"""Patterns and words that the whole protocol shares."""

from typing import Final

# Python's `$` also matches before a final line break, hence the look-ahead (which JavaScript understands too).
ROOM_SLUG_PATTERN: Final = r"^[a-z0-9-]{1,50}$(?!\n)"
# Where a page of a list ended: rank of the match, milliseconds, id. Clients hand it back as it came.
LIST_CURSOR_PATTERN: Final = r"^[0-2]\.[0-9]{1,16}\.[0-9]{1,18}$(?!\n)"
ROW_ID_PATTERN: Final = r"^[1-9][0-9]{0,17}$(?!\n)"
PROTOCOL_VERSION: Final = 1
