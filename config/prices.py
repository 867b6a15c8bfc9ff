"""Reads the prices of CLAUDE_PRICES. A typing error there would make the limits worthless: it must not go unnoticed."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.exceptions import ImproperlyConfigured

RATES: Final = ("input", "output", "cache_write", "cache_read")

Prices = dict[str, dict[str, Decimal]]


def priced(built_in: Mapping[str, Mapping[str, str]], override: str) -> Prices:
    """Return the built-in prices, with whole models replaced or added by the JSON of the environment."""
    try:
        # As text: 0.1 read as a binary fraction is a little more than 0.1, and would round up to another millionth.
        own = json.loads(override or "{}", parse_float=str, parse_int=str)
    except ValueError as error:
        raise ImproperlyConfigured(f"CLAUDE_PRICES is no JSON: {error}.") from error
    if not isinstance(own, dict):
        raise ImproperlyConfigured("CLAUDE_PRICES must be an object: a model's name, and its prices.")
    return {model: _rates(model, rates) for model, rates in {**built_in, **own}.items()}


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
