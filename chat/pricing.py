"""What tokens cost, in whole millionths of a US dollar, rounded up. The prices are `settings.CLAUDE_PRICES`.

A price in dollars per million tokens is a price in millionths of a dollar per token: nothing is converted.
"""

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final, NamedTuple

from django.conf import settings

from chat.model_choice import is_demo_model

MICROUSD_PER_USD: Final = 1_000_000
# Anthropic also names a model by its name and the day it was published.
_DATED: Final = re.compile(r"-[0-9]{8}\Z")

# Input, output, written to the cache, read from the cache: the order of `chat.claude.backend.Usage`.
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


def price_of(model: str) -> Price:
    """Return a model's price. One that nobody has priced costs as much as the dearest: a limit must not leak."""
    if is_demo_model(model):
        return _NOTHING
    table = {name: Price(**rates) for name, rates in settings.CLAUDE_PRICES.items()}
    known = table.get(model) or table.get(_DATED.sub("", model))
    return known or Price(*(max(rates) for rates in zip(*table.values(), strict=True)))


def cost_of(model: str, usage: Tokens) -> int:
    return _microusd(sum((count * rate for count, rate in zip(usage, price_of(model), strict=True)), Decimal(0)))


def reservation_for(model: str, reading_tokens: int = 0, writing_tokens: int = 0) -> int:
    """Return the most that one call may cost: all it may read, at the dearest rate for reading, and all it may write.

    reading_tokens, writing_tokens: what it will read and may write, where that is more than a context and an answer.
    """
    price = price_of(model)
    rate = max(price.input, price.cache_write, price.cache_read)
    reading = max(reading_tokens, settings.CLAUDE_CONTEXT_TOKENS)
    writing = max(writing_tokens, settings.CLAUDE_REPLY_TOKENS)
    return _microusd(reading * rate + writing * price.output)


def _microusd(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
