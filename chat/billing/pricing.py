"""What calls cost, in whole millionths of a US dollar, rounded up. The prices are `settings.CLAUDE_PRICES`.

A price in dollars per million tokens is a price in millionths of a dollar per token: nothing is converted.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.model_choice import is_demo_model
from chat.models import Usage

MICROUSD_PER_USD: Final = 1_000_000
# Anthropic also names a model by its name and the day it was published.
_DATED: Final = re.compile(r"-[0-9]{8}\Z")
# Searches of the web are priced by the thousand.
_SEARCHES_PRICED: Final = 1_000
PAGE_TOKENS: Final = 8_000
"""The most that Claude reads of a page of the web, about."""
_SEARCH_TOKENS: Final = 8_000

# Where a model's prices hold those for longer prompts: `config.prices` reads them.
_BANDS: Final = "above"

# What a call has used: the first fields of `Usage`, or all of them.
Tokens = tuple[int, ...]


class Price(NamedTuple):
    """US dollars per million tokens; of searches of the web, per thousand."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_read: Decimal
    cache_write_1h: Decimal
    web_search: Decimal


class Period(NamedTuple):
    """The prices of a model from a day on, each with the length of prompt above which it holds: from 0 upwards."""

    since: date
    bands: list[tuple[int, Price]]


_NOTHING: Final = Price(*[Decimal(0)] * len(Price._fields))


def models() -> list[str]:
    """Return the models that have a price of their own."""
    return list(settings.CLAUDE_PRICES)


def has_price(model: str) -> bool:
    """Whether a model has a price of its own, by its name or by its name and date."""
    return model in settings.CLAUDE_PRICES or _DATED.sub("", model) in settings.CLAUDE_PRICES


def price_of(model: str, prompt_tokens: int = 0, day: date | None = None) -> Price:
    """Return the price of a call by the length of its prompt, on a day (UTC): today, if none is given.

    A model without a price costs as much as the dearest: a limit must not leak.
    """
    if is_demo_model(model):
        return _NOTHING
    day = day or datetime.now(UTC).date()
    table: dict[str, dict[date, dict[str, Any]]] = settings.CLAUDE_PRICES
    known = table.get(model) or table.get(_DATED.sub("", model))
    if known is not None:
        return _in_band(_on(known, day), prompt_tokens)
    return _dearest(_in_band(_on(prices, day), prompt_tokens) for prices in table.values())


def periods_of(model: str) -> list[Period]:
    """Return a priced model's prices of today and of the days to come on which they will change."""
    today = datetime.now(UTC).date()
    by_day = settings.CLAUDE_PRICES[model]
    now = max(since for since in by_day if since <= today)
    return [
        Period(since, [(above, _in_band(prices, above + 1)) for above in (0, *prices[_BANDS])])
        for since, prices in by_day.items()
        if since >= now
    ]


def cost_of(model: str, *calls: Tokens, day: date | None = None) -> int:
    """Return what calls cost together. Each has a price of its own by the length of its prompt."""
    return _microusd(sum((_amount(model, Usage(*call), day) for call in calls), Decimal(0)))


def reservation_for(
    model: str, reading_tokens: int = 0, writing_tokens: int = 0, web_uses: tuple[int, int] = (0, 0)
) -> int:
    """Return the most that one call may cost: all it may read, at the dearest rate for reading, and all it may write.

    web_uses: how often it may search the web, and open a page of it.
    reading_tokens, writing_tokens: what it will read and may write, where that is more than a context and a reply.
    """
    searches, pages = web_uses
    reading = max(reading_tokens, settings.CLAUDE_CONTEXT_TOKENS)
    reading += searches * _SEARCH_TOKENS + pages * PAGE_TOKENS
    writing = max(writing_tokens, settings.CLAUDE_REPLY_TOKENS)
    price = _dearest_upto(model, reading)
    # No call of ours asks the cache to keep anything for an hour.
    searched = searches * price.web_search * MICROUSD_PER_USD / _SEARCHES_PRICED
    return _microusd(reading * _reading_rate(price) + writing * price.output + searched)


def reading_again(model: str, reading_tokens: int) -> int:
    """Return the most that it may cost to read a prompt once more, as after each search of the web within a call."""
    return _microusd(reading_tokens * _reading_rate(_dearest_upto(model, reading_tokens)))


def _reading_rate(price: Price) -> Decimal:
    return max(price.input, price.cache_write, price.cache_read)


def _dearest_upto(model: str, reading: int) -> Price:
    # A shorter prompt than is feared may lie in a band that costs more.
    lengths = [0, reading, *(above + 1 for above in _thresholds() if above < reading)]
    return _dearest(price_of(model, length) for length in lengths)


def _on(by_day: dict[date, dict[str, Any]], day: date) -> dict[str, Any]:
    return by_day[max(since for since in by_day if since <= day)]


def _in_band(prices: dict[str, Any], prompt_tokens: int) -> Price:
    reached = [own for above, own in prices[_BANDS].items() if prompt_tokens > above]
    rates = {**prices, **(reached[-1] if reached else {})}
    return Price(**{name: rates[name] for name in Price._fields})


def _thresholds() -> set[int]:
    periods = (prices for by_day in settings.CLAUDE_PRICES.values() for prices in by_day.values())
    return {above for prices in periods for above in prices[_BANDS]}


def _dearest(prices: Iterable[Price]) -> Price:
    return Price(*(max(rates) for rates in zip(*prices, strict=True)))


def _amount(model: str, used: Usage, day: date | None) -> Decimal:
    price = price_of(model, used.prompt_tokens, day)
    for_an_hour = used.cache_creation_1h_input_tokens
    return (
        used.input_tokens * price.input
        + used.output_tokens * price.output
        + (used.cache_creation_input_tokens - for_an_hour) * price.cache_write
        + for_an_hour * price.cache_write_1h
        + used.cache_read_input_tokens * price.cache_read
        + used.web_search_requests * price.web_search * MICROUSD_PER_USD / _SEARCHES_PRICED
    )


def _microusd(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
