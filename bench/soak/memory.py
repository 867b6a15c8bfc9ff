"""Whether memory is flat: a line through its samples."""

import math
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

SECONDS_AN_HOUR: Final = 3600
MEGABYTE: Final = 1_000_000


class Sample(NamedTuple):
    seconds: float
    bytes: int


class Line(NamedTuple):
    """The slope by least squares, and its standard error; both in MB an hour."""

    slope: float
    error: float


def line_through(samples: Sequence[Sample]) -> Line:
    """Return the line through at least three samples of different times."""
    hours = [sample.seconds / SECONDS_AN_HOUR for sample in samples]
    megabytes = [sample.bytes / MEGABYTE for sample in samples]
    fitted = statistics.linear_regression(hours, megabytes)
    middle = statistics.fmean(hours)
    rest = sum((y - fitted.slope * x - fitted.intercept) ** 2 for x, y in zip(hours, megabytes, strict=True))
    width = sum((x - middle) ** 2 for x in hours)
    return Line(fitted.slope, math.sqrt(rest / (len(samples) - 2) / width))
