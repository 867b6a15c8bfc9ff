"""What calls cost: each by the length of its own prompt, where a model has prices for long ones.

Report 20: the built-in table was wrong, by 1.25 to 10 times, and one rate for a model cannot say bands.
"""

from typing import Any, Final, NamedTuple

Call = tuple[int, int, int, int]  # read, written, written to the cache, read from it

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"


class Case(NamedTuple):
    """cost: in millionths of a dollar."""

    kind: str
    model: str
    calls: tuple[Call, ...]
    cost: int

    def __str__(self) -> str:
        return self.kind


CASES: Final = (
    Case("opus", OPUS, ((1_000_000, 1_000_000, 1_000_000, 1_000_000),), 29_200_000),
    Case("sonnet", SONNET, ((1_000_000, 1_000_000, 1_000_000, 1_000_000),), 14_600_000),
    Case("haiku, short", HAIKU, ((50_000, 1_000, 20_000, 30_000),), 5_000 + 500 + 2_500 + 300),
    Case("haiku, at the edge", HAIKU, ((100_000, 0, 0, 0),), 10_000),
    Case("haiku, one token beyond it", HAIKU, ((100_001, 0, 0, 0),), 50_001),
    Case("what is read from the cache counts", HAIKU, ((1, 0, 0, 100_000),), 5_001),
    Case("what is written to the cache counts", HAIKU, ((0, 0, 100_001, 0),), 62_501),
    Case("what is written as an answer does not count", HAIKU, ((100_000, 100_000, 0, 0),), 60_000),
    Case("the answer to a long prompt costs more", HAIKU, ((200_000, 1_000, 0, 0),), 102_500),
    Case("two short calls are no long one", HAIKU, ((60_000, 0, 0, 0), (60_000, 0, 0, 0)), 12_000),
    Case("a short and a long call", HAIKU, ((50_000, 0, 0, 0), (150_000, 0, 0, 0)), 80_000),
    Case("a model named with its day", f"{HAIKU}-20261001", ((200_000, 0, 0, 0),), 100_000),
    Case("a model without a price", "claude-of-tomorrow", ((200_000, 0, 0, 0),), 800_000),
    Case("cents of many calls are rounded up once", HAIKU, ((1, 0, 0, 0),) * 10, 1),
    Case("nothing", HAIKU, (), 0),
)

_RATES: Final[dict[str, Any]] = {"input": 1, "output": 5, "cache_write": 1, "cache_read": 0}
RATES: Final = _RATES

# What `above` of a model may not be.
WRONG_BANDS: Final[tuple[Any, ...]] = (
    3,
    [],
    {},
    {"100000": 3},
    {"100000": {"input": 1}},
    {"": _RATES},
    {"-1": _RATES},
    {"0": _RATES},
    {"1.5": _RATES},
    {"1e5": _RATES},
    {"٣": _RATES},
    {"9" * 40: _RATES},
    {"many": _RATES},
    {"100000": {**_RATES, "above": {"200000": _RATES}}},
)
