"""How large a picture is for a model, and what it costs there. Pure: a budget asks before any file is read."""

import math
from typing import Final, NamedTuple

# A model that gets more scales it down itself, and everyone waits for the bytes.
LONGEST_SIDE: Final = 1568
MOST_PIXELS: Final = 1_150_000
# Models look at squares of so many pixels; an older rule counts pixels. The dearer of the two is right for all.
_PATCH: Final = 28
_PIXELS_PER_TOKEN: Final = 750
# Of a division and its inverse, which would cost a pixel.
_ROUNDING: Final = 1e-6


class Size(NamedTuple):
    width: int
    height: int


def for_model(width: int, height: int) -> Size:
    """Return the size in which a picture is sent: never larger than it is."""
    scale = min(1.0, LONGEST_SIDE / max(width, height), math.sqrt(MOST_PIXELS / (width * height)))
    return Size(max(1, int(width * scale + _ROUNDING)), max(1, int(height * scale + _ROUNDING)))


def tokens(width: int, height: int) -> int:
    """Return the tokens that a picture of this size costs once it has been scaled, on the high side."""
    size = for_model(width, height)
    patches = math.ceil(size.width / _PATCH) * math.ceil(size.height / _PATCH)
    return max(patches, math.ceil(size.width * size.height / _PIXELS_PER_TOKEN))
