"""Reads the prices of CLAUDE_PRICES. A typing error there would make the limits worthless: it must not go unnoticed.

What comes out holds, for each model, its prices by the day (UTC) from which they count, the oldest first.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

_RATES: Final = ("input", "output", "cache_write", "cache_read")
# A price that may be left out: what the cache keeps for an hour costs twice the input, as a rule.
_HOUR: Final = "cache_write_1h"
_HOUR_TIMES_INPUT: Final = 2
# US dollars for 1,000 searches of the web. May be left out.
_SEARCH: Final = "web_search"
_SEARCH_USD: Final = Decimal(10)
# Other prices for long prompts: {"above": {"100000": {"input": ...}}}. All tokens of a call with more tokens of prompt than
# that, what the cache gives and takes included, cost so.
_BANDS: Final = "above"
# Other prices from a day on: {"from": {"2027-01-31": {"input": ...}}}, each with its own `above`.
_DAYS: Final = "from"
# More would be a mistake: no call reads as much.
_MOST_TOKENS: Final = 10**9
# More would be a mistake, and what many calls cost together would no longer fit into a column.
_MOST_USD: Final = 10_000_000

Prices = dict[str, dict[date, dict[str, Any]]]


def _listed(*rates: str) -> dict[str, Any]:
    return dict(zip(("input", "output", "cache_write", _HOUR, "cache_read"), rates, strict=True))


# US dollars per million tokens, as Anthropic listed them in November 2026.
LISTED: Final[dict[str, dict[str, Any]]] = {
    "claude-opus-5-5": _listed("4", "20", "5", "8", "0.20"),
    "claude-sonnet-5-5": {
        **_listed("2", "10", "2.50", "4", "0.20"),
        _DAYS: {"2026-10-07": _listed("2", "10", "2.50", "4", "0.10")},
    },
    "claude-haiku-5-5": {
        **_listed("0.10", "0.50", "0.125", "0.20", "0.01"),
        _BANDS: {100_000: _listed("0.50", "2.50", "0.625", "1", "0.05")},
    },
}


def priced(built_in: Mapping[str, Mapping[str, Any]], override: str) -> Prices:
    """Return the built-in prices, with whole models replaced or added by the JSON of the environment."""
    try:
        # As text: 0.1 read as a binary fraction is a little more than 0.1, and would round up to another millionth.
        own = json.loads(override or "{}", parse_float=str, parse_int=str, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise _wrong("", f"is not JSON: {error}") from error
    if not isinstance(own, dict):
        raise _wrong("", "must be an object that holds the prices of each model by its name")
    return {model: _of_model(model, prices) for model, prices in {**built_in, **own}.items()}


def _of_model(model: str, prices: object) -> dict[date, dict[str, Any]]:
    if not model.strip():
        raise _wrong("", "holds a model without a name")
    fields = _object(model, prices)
    found = {date.min: _of_days(model, {name: value for name, value in fields.items() if name != _DAYS})}
    if _DAYS in fields:
        for day, changed in _entries(f"{model}.{_DAYS}", fields[_DAYS]).items():
            path = f"{model}.{_DAYS}.{day}"
            found[_day(path, day)] = _of_days(path, _object(path, changed))
    return dict(sorted(found.items()))


def _of_days(path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model costs until its next change."""
    of_tokens = {name: value for name, value in fields.items() if name not in (_BANDS, _SEARCH)}
    search = _dollars(f"{path}.{_SEARCH}", fields.get(_SEARCH, _SEARCH_USD))
    bands = _bands(f"{path}.{_BANDS}", fields[_BANDS]) if _BANDS in fields else {}
    return {**_rates(path, of_tokens), _SEARCH: search, _BANDS: bands}


def _bands(path: str, bands: object) -> dict[int, dict[str, Decimal]]:
    found: dict[int, dict[str, Decimal]] = {}
    for above, rates in _entries(path, bands).items():
        tokens = _threshold(f"{path}.{above}", above)
        if tokens in found:
            raise _wrong(f"{path}.{above}", "is there twice")
        found[tokens] = _rates(f"{path}.{above}", _object(f"{path}.{above}", rates))
    return dict(sorted(found.items()))


def _threshold(path: str, above: object) -> int:
    text = str(above)
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) <= _MOST_TOKENS):
        raise _wrong(path, "must be named by a whole number of tokens")
    return int(text)


def _day(path: str, day: object) -> date:
    try:
        found = date.fromisoformat(str(day))
    except ValueError:
        found = date.min
    if found == date.min or found.isoformat() != day:
        raise _wrong(path, "must be named by a day, for example 2027-01-31")
    return found


def _rates(path: str, rates: Mapping[str, Any]) -> dict[str, Decimal]:
    for name in rates:
        if name not in (*_RATES, _HOUR):
            raise _wrong(f"{path}.{name}", f"is unknown. Prices are {', '.join((*_RATES, _HOUR))}")
    for name in _RATES:
        if name not in rates:
            raise _wrong(f"{path}.{name}", "is missing")
    found = {name: _dollars(f"{path}.{name}", value) for name, value in rates.items()}
    return {_HOUR: found["input"] * _HOUR_TIMES_INPUT, **found}


def _dollars(path: str, value: object) -> Decimal:
    # With the words true and null, and with lists: none of them is a number for Decimal either.
    try:
        found = Decimal(value if isinstance(value, Decimal | int) and not isinstance(value, bool) else str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 <= found <= _MOST_USD:
        raise _wrong(path, f"must be a number of US dollars from 0 to {_MOST_USD:,}, not {str(value)[:20]!r}")
    return found


def _object(path: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(path, f"must be an object that holds {', '.join(_RATES)}")
    return value


def _entries(path: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise _wrong(path, "must be an object with at least one entry")
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. The last of two entries of one name would win, and no one would notice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _wrong(next(name for name in names if names.count(name) > 1), "is there twice")
    return found


def _wrong(path: str, what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"CLAUDE_PRICES: {path} {what}." if path else f"CLAUDE_PRICES {what}.")
