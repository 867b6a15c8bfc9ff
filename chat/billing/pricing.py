"""What tokens cost, in whole millionths of a US dollar, rounded up. The prices are `settings.CLAUDE_PRICES`.

A price in dollars per million tokens is a price in millionths of a dollar per token: nothing is converted.
"""

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.model_choice import is_demo_model

MICROUSD_PER_USD: Final = 1_000_000
# Anthropic also names a model by its name and the day it was published.
_DATED: Final = re.compile(r"-[0-9]{8}\Z")

# Where a model's prices hold those for longer prompts: `config.prices` reads them.
_BANDS: Final = "above"

# Input, output, written to the cache, read from the cache: the order of `chat.claude.backends.backend.Usage`.
Tokens = tuple[int, int, int, int]


class Price(NamedTuple):
    """US dollars per million tokens, in the order of `Tokens`."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_read: Decimal


_NOTHING: Final = Price(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def models() -> list[str]:
    """Return the models that have a price of their own."""
    return list(settings.CLAUDE_PRICES)


def has_price(model: str) -> bool:
    """Whether a model has a price of its own, by its name or by its name and date."""
    return model in settings.CLAUDE_PRICES or _DATED.sub("", model) in settings.CLAUDE_PRICES


def price_of(model: str, prompt_tokens: int = 0) -> Price:
    """Return the price of a call by the length of its prompt. A model without a price costs as much as the dearest: a
    limit must not leak.
    """
    if is_demo_model(model):
        return _NOTHING
    table: dict[str, dict[str, Any]] = settings.CLAUDE_PRICES
    known = table.get(model) or table.get(_DATED.sub("", model))
    if known is not None:
        return _in_band(known, prompt_tokens)
    return _dearest(_in_band(rates, prompt_tokens) for rates in table.values())


def bands_of(model: str) -> list[tuple[int, Price]]:
    """Return a priced model's prices, each with the length of prompt above which it holds: from 0 upwards."""
    rates = settings.CLAUDE_PRICES[model]
    return [(above, _in_band(rates, above + 1)) for above in (0, *rates.get(_BANDS, ()))]


def cost_of(model: str, *calls: Tokens) -> int:
    """Return what calls cost together. Each has a price of its own by the length of its prompt."""
    return _microusd(sum((_amount(model, call) for call in calls), Decimal(0)))


def reservation_for(model: str, reading_tokens: int = 0, writing_tokens: int = 0) -> int:
    """Return the most that one call may cost: all it may read, at the dearest rate for reading, and all it may write.

    reading_tokens, writing_tokens: what it will read and may write, where that is more than a context and an answer.
    """
    reading = max(reading_tokens, settings.CLAUDE_CONTEXT_TOKENS)
    writing = max(writing_tokens, settings.CLAUDE_REPLY_TOKENS)
    # A shorter prompt than is feared may lie in a band that costs more.
    lengths = [0, reading, *(above + 1 for above in _thresholds() if above < reading)]
    price = _dearest(price_of(model, length) for length in lengths)
    return _microusd(reading * max(price.input, price.cache_write, price.cache_read) + writing * price.output)


def _in_band(rates: dict[str, Any], prompt_tokens: int) -> Price:
    reached = [own for above, own in rates.get(_BANDS, {}).items() if prompt_tokens > above]
    return Price(**(reached[-1] if reached else {name: rates[name] for name in Price._fields}))


def _thresholds() -> set[int]:
    return {above for rates in settings.CLAUDE_PRICES.values() for above in rates.get(_BANDS, ())}


def _dearest(prices: Iterable[Price]) -> Price:
    return Price(*(max(rates) for rates in zip(*prices, strict=True)))


def _amount(model: str, call: Tokens) -> Decimal:
    prompt_tokens = call[0] + call[2] + call[3]
    return sum((count * rate for count, rate in zip(call, price_of(model, prompt_tokens), strict=True)), Decimal(0))


def _microusd(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
