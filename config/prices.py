"""Reads the prices of CLAUDE_PRICES. A typing error there would make the limits worthless: it must not go unnoticed."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

RATES: Final = ("input", "output", "cache_write", "cache_read")
# Other prices for long prompts: {"above": {"100000": {"input": ...}}}. All tokens of a call with more tokens of prompt than
# that, what the cache gives and takes included, cost so.
BANDS: Final = "above"
# More would be a mistake: no call reads as much.
_MOST_TOKENS: Final = 10**9

Rates = dict[str, Any]
Prices = dict[str, Rates]


def priced(built_in: Mapping[str, Mapping[str, Any]], override: str) -> Prices:
    """Return the built-in prices, with whole models replaced or added by the JSON of the environment."""
    try:
        # As text: 0.1 read as a binary fraction is a little more than 0.1, and would round up to another millionth.
        own = json.loads(override or "{}", parse_float=str, parse_int=str)
    except ValueError as error:
        raise ImproperlyConfigured(f"CLAUDE_PRICES is no JSON: {error}.") from error
    if not isinstance(own, dict):
        raise ImproperlyConfigured("CLAUDE_PRICES must be an object: a model's name, and its prices.")
    return {model: _of_model(model, rates) for model, rates in {**built_in, **own}.items()}


def _of_model(model: str, rates: object) -> Rates:
    if not isinstance(rates, Mapping) or BANDS not in rates:
        return _rates(model, rates)
    plain = {name: rate for name, rate in rates.items() if name != BANDS}
    bands = rates[BANDS]
    if not isinstance(bands, Mapping) or not bands:
        raise ImproperlyConfigured(
            f"CLAUDE_PRICES: {BANDS} of {model} must be an object: a number of tokens, and its prices."
        )
    found = sorted(
        ((_threshold(model, above), _rates(model, own)) for above, own in bands.items()), key=lambda band: band[0]
    )
    if len(dict(found)) < len(found):
        raise ImproperlyConfigured(f"CLAUDE_PRICES: {BANDS} of {model} names a number of tokens twice.")
    return {**_rates(model, plain), BANDS: dict(found)}


def _threshold(model: str, above: object) -> int:
    text = str(above)
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) <= _MOST_TOKENS):
        raise ImproperlyConfigured(
            f"CLAUDE_PRICES: {BANDS} of {model} needs a whole number of tokens, not {text[:20]!r}."
        )
    return int(text)


def _rates(model: str, rates: object) -> dict[str, Decimal]:
    if not isinstance(rates, Mapping) or set(rates) != set(RATES):
        raise ImproperlyConfigured(f"CLAUDE_PRICES: {model} needs exactly {', '.join(RATES)}.")
    try:
        found = {name: Decimal(str(rates[name])) for name in RATES}
    except InvalidOperation as error:
        raise ImproperlyConfigured(f"CLAUDE_PRICES: a price of {model} is no number.") from error
    if not all(rate.is_finite() and rate >= 0 for rate in found.values()):
        raise ImproperlyConfigured(f"CLAUDE_PRICES: a price of {model} is below 0 or infinite.")
    return found
