"""What calls cost: each by the length of its own prompt, where a model has prices for long ones, and on its own day.

Report 20: the built-in table was wrong, by 1.25 to 10 times, and one rate for a model cannot say bands. Nor can it say how
long the cache keeps what is written to it, that searches cost, and that prices change on a day.
"""

from datetime import date
from typing import Any, Final, NamedTuple

# Read, written, written to the cache, read from it; of what was written there, what it keeps for an hour; web searches.
Call = tuple[int, ...]

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"


class Case(NamedTuple):
    """cost: in millionths of a dollar."""

    kind: str
    model: str
    calls: tuple[Call, ...]
    cost: int
    day: date = date(2026, 11, 23)

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
    Case("what is written as a reply does not count", HAIKU, ((100_000, 100_000, 0, 0),), 60_000),
    Case("the reply to a long prompt costs more", HAIKU, ((200_000, 1_000, 0, 0),), 102_500),
    Case("two short calls are no long one", HAIKU, ((60_000, 0, 0, 0), (60_000, 0, 0, 0)), 12_000),
    Case("a short and a long call", HAIKU, ((50_000, 0, 0, 0), (150_000, 0, 0, 0)), 80_000),
    Case("a model named with its day", f"{HAIKU}-20261001", ((200_000, 0, 0, 0),), 100_000),
    Case("a model without a price", "claude-of-tomorrow", ((200_000, 0, 0, 0),), 800_000),
    Case("cents of many calls are rounded up once", HAIKU, ((1, 0, 0, 0),) * 10, 1),
    Case("nothing", HAIKU, (), 0),
    Case("kept for an hour", OPUS, ((0, 0, 1_000, 0, 1_000),), 8_000),
    Case("kept for an hour, by sonnet", SONNET, ((0, 0, 1_000, 0, 1_000),), 4_000),
    Case("some of it kept for an hour", SONNET, ((0, 0, 1_000, 0, 400),), 600 * 5 // 2 + 400 * 4),
    Case("kept for an hour, short prompt", HAIKU, ((0, 0, 100_000, 0, 100_000),), 20_000),
    Case("kept for an hour, long prompt", HAIKU, ((0, 0, 100_001, 0, 100_001),), 100_001),
    Case("a search of the web", SONNET, ((0, 0, 0, 0, 0, 1),), 10_000),
    Case("searches of two calls", HAIKU, ((10, 0, 0, 0, 0, 2), (10, 0, 0, 0, 0, 3)), 50_002),
    Case("a search counts nothing towards the length", HAIKU, ((100_000, 0, 0, 0, 0, 5),), 60_000),
    Case("a search by a model without a price", "claude-of-tomorrow", ((0, 0, 0, 0, 0, 1),), 10_000),
    Case("the day before sonnet's cache became cheaper", SONNET, ((0, 0, 0, 1_000),), 200, date(2026, 10, 6)),
    Case("the day itself", SONNET, ((0, 0, 0, 1_000),), 100, date(2026, 10, 7)),
    Case("long before it", SONNET, ((0, 0, 0, 1_000),), 200, date(2024, 2, 29)),
    Case("long after it", SONNET, ((0, 0, 0, 1_000),), 100, date(2031, 1, 1)),
    Case("what did not change on that day", SONNET, ((1_000, 1_000, 0, 0),), 12_000, date(2026, 10, 6)),
)


class Bill(NamedTuple):
    """A reply that has used this, as Anthropic says, and what it costs beside its words. searches: of the web."""

    kind: str
    model: str
    usage: dict[str, Any]
    cost: float
    searches: int = 0

    def __str__(self) -> str:
        return self.kind


def _used(plain: int, minutes: int = 0, hour: int = 0, read: int = 0) -> dict[str, Any]:
    lifetimes = {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour}
    written = {"cache_creation_input_tokens": minutes + hour, "cache_creation": lifetimes}
    return {"input_tokens": plain, "cache_read_input_tokens": read, **written}


BILLS: Final = (
    Bill("nothing cached", SONNET, _used(1_000), 2_000),
    Bill("kept for five minutes", SONNET, _used(0, 1_000), 2_500),
    Bill("kept for an hour", SONNET, _used(0, 0, 1_000), 4_000),
    Bill("some for minutes and some for an hour", OPUS, _used(10, 600, 400, 1_000), 40 + 3_000 + 3_200 + 200),
    Bill("read from the cache", SONNET, _used(0, 0, 0, 10_000), 1_000),
    Bill("a short prompt", HAIKU, _used(50_000, 25_000, 0, 25_000), 5_000 + 3_125 + 250),
    Bill("a prompt one token too long", HAIKU, _used(50_001, 25_000, 0, 25_000), 25_000.5 + 15_625 + 1_250),
    Bill("a long prompt, kept for an hour", HAIKU, _used(0, 0, 200_000), 200_000),
    Bill("one search", SONNET, _used(1_000), 2_000 + 10_000, searches=1),
    Bill("three searches", HAIKU, _used(1_000), 100 + 30_000, searches=3),
    Bill("lifetimes that are not told", SONNET, {"cache_creation_input_tokens": 1_000}, 2_500),
    Bill("lifetimes of null", SONNET, {**_used(0, 1_000), "cache_creation": None}, 2_500),
    Bill(
        "a lifetime of null", SONNET, {**_used(0, 1_000), "cache_creation": {"ephemeral_1h_input_tokens": None}}, 2_500
    ),
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


class Wrong(NamedTuple):
    """A CLAUDE_PRICES with a mistake, and what the error names."""

    prices: str
    named: str


def _model(more: str = "", **changed: str) -> str:
    rates = {"input": "1", "output": "5", "cache_write": "1.25", "cache_read": "0.1", **changed}
    inside = ", ".join(f'"{name}": {value}' for name, value in rates.items() if value)
    return f'{{"sonnet": {{{inside}{more}}}}}'


_WHOLE: Final = '{"input": 1, "output": 5, "cache_write": 1, "cache_read": 0}'

WRONG: Final = (
    Wrong("{", "is not JSON"),
    Wrong("[]", "an object"),
    Wrong("[" * 100_000, "is not JSON"),
    Wrong('{"sonnet": 3}', "sonnet"),
    Wrong('{"sonnet": null}', "sonnet"),
    Wrong('{" ": {}}', "without a name"),
    Wrong('{"sonnet": {}, "sonnet": {}}', "sonnet is there twice"),
    Wrong(_model(output=""), "sonnet.output is missing"),
    Wrong(_model(', "cache_raed": 1'), "sonnet.cache_raed is unknown"),
    Wrong(_model(', "output": 5'), "output is there twice"),
    Wrong(_model(input="-1"), "sonnet.input"),
    Wrong(_model(input='"free"'), "sonnet.input"),
    Wrong(_model(input="true"), "sonnet.input"),
    Wrong(_model(output="NaN"), "sonnet.output"),
    Wrong(_model(output="Infinity"), "sonnet.output"),
    Wrong(_model(output="null"), "sonnet.output"),
    Wrong(_model(output="[5]"), "sonnet.output"),
    Wrong(_model(output="1e400"), "sonnet.output"),
    Wrong(_model(', "cache_write_1h": "dear"'), "sonnet.cache_write_1h"),
    Wrong(_model(', "web_search": -10'), "sonnet.web_search"),
    Wrong(_model(f', "above": {{"100000": {_WHOLE[:-1]}, "web_search": 9}}}}'), "sonnet.above.100000.web_search"),
    Wrong(_model(', "above": {"100000": {"input": 1}}'), "sonnet.above.100000.output is missing"),
    Wrong(_model(f', "above": {{"1e5": {_WHOLE}}}'), "sonnet.above.1e5"),
    Wrong(_model(f', "above": {{"5": {_WHOLE}, "05": {_WHOLE}}}'), "sonnet.above.05 is there twice"),
    Wrong(_model(', "from": {}'), "sonnet.from"),
    Wrong(_model(', "from": "2027-01-31"'), "sonnet.from"),
    Wrong(_model(', "from": {"2027-01-31": 3}'), "sonnet.from.2027-01-31"),
    Wrong(_model(', "from": {"2027-01-31": {"input": 1}}'), "sonnet.from.2027-01-31.output is missing"),
    Wrong(_model(f', "from": {{"2027-02-30": {_WHOLE}}}'), "sonnet.from.2027-02-30"),
    Wrong(_model(f', "from": {{"20270131": {_WHOLE}}}'), "sonnet.from.20270131"),
    Wrong(_model(f', "from": {{"tomorrow": {_WHOLE}}}'), "sonnet.from.tomorrow"),
    Wrong(
        _model(f', "from": {{"2027-01-31": {_WHOLE[:-1]}, "from": {{"2028-01-31": {_WHOLE}}}}}}}'),
        "sonnet.from.2027-01-31.from is unknown",
    ),
)
