"""What tokens cost: whole millionths of a dollar, never less than the true price."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from chat.billing import pricing
from chat.model_choice import DEMO_MODEL
from chat.models import TOKEN_KINDS, Charge, Reply, Usage
from config.prices import priced
from tests.reports.prices import CASES, HAIKU, RATES, WRONG, WRONG_BANDS, Case, Wrong

COUNTS = st.integers(min_value=0, max_value=10**9)
CHEAP = {"input": "1", "output": "5", "cache_write": "1.25", "cache_read": "0.10"}
DEAR = {"input": "3", "output": "15", "cache_write": "3.75", "cache_read": "0.30"}


@pytest.fixture
def prices(settings: Any) -> None:
    settings.CLAUDE_PRICES = priced({"cheap": CHEAP, "dear": DEAR}, "")
    settings.CLAUDE_CONTEXT_TOKENS, settings.CLAUDE_REPLY_TOKENS = 30_000, 8_000


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ((1_000_000, 0, 0, 0), 1_000_000),
        ((0, 1_000_000, 0, 0), 5_000_000),
        ((0, 0, 1_000_000, 0), 1_250_000),
        ((0, 0, 0, 1_000_000), 100_000),
        ((0, 0, 0, 0), 0),
        ((0, 0, 0, 1), 1),  # a tenth of a millionth
        ((0, 0, 0, 10), 1),
        ((0, 0, 0, 11), 2),
        ((0, 0, 1, 0), 2),
    ],
)
def test_a_price_is_rounded_up_once_for_the_whole_call(prices: None, usage: pricing.Tokens, cost: int) -> None:
    assert pricing.cost_of("cheap", usage) == cost


@given(usage=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), for_an_hour=COUNTS, searches=st.integers(0, 100))
def test_no_cost_is_below_the_true_price_nor_a_whole_millionth_above(
    usage: tuple[int, int, int, int], for_an_hour: int, searches: int
) -> None:
    read, written, cached, reused = usage
    for_an_hour = min(for_an_hour, cached)
    counts = (read, written, cached - for_an_hour, reused, for_an_hour, searches * 1000)
    for model in pricing.models():
        rates = (Fraction(rate) for rate in pricing.price_of(model, read + cached + reused))
        true = sum((count * rate for count, rate in zip(counts, rates, strict=True)), Fraction(0))
        assert 0 <= pricing.cost_of(model, (*usage, for_an_hour, searches)) - true < 1


def test_a_reservation_covers_every_call_that_keeps_to_its_bounds(prices: None) -> None:
    assert pricing.reservation_for("cheap") == 30_000 * 1.25 + 8_000 * 5
    assert pricing.reservation_for("cheap", 50_000) == 50_000 * 1.25 + 8_000 * 5
    assert pricing.reservation_for("cheap", 10_000) == pricing.reservation_for("cheap")
    for reading in ((30_000, 0, 0), (0, 30_000, 0), (0, 0, 30_000), (10_000, 10_000, 10_000)):
        usage = (reading[0], 8_000, reading[1], reading[2])
        assert pricing.cost_of("cheap", usage) <= pricing.reservation_for("cheap")


def test_an_unknown_model_costs_as_much_as_the_dearest(prices: None) -> None:
    assert pricing.price_of("claude-next") == pricing.price_of("dear")
    assert pricing.reservation_for("claude-next") == pricing.reservation_for("dear")


def test_a_model_named_with_its_day_costs_what_the_model_costs(prices: None) -> None:
    assert pricing.price_of("cheap-20261001") == pricing.price_of("cheap")
    assert pricing.price_of("cheap-but-better") == pricing.price_of("dear")


def test_the_demo_costs_nothing() -> None:
    assert pricing.cost_of(DEMO_MODEL, (10**6, 10**6, 10**6, 10**6)) == pricing.reservation_for(DEMO_MODEL) == 0


def test_the_environment_replaces_and_adds_whole_models() -> None:
    own = {"cheap": DEAR, "other": {"input": 0.1, "output": 2, "cache_write": 0.125, "cache_read": 0}}
    table = priced({"cheap": CHEAP, "dear": DEAR}, json.dumps(own))
    assert list(table) == ["cheap", "dear", "other"]
    assert table["cheap"] == table["dear"]
    assert table["other"][date.min]["input"] == Decimal("0.1"), "exactly: as a binary fraction it would round up"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.named)
def test_a_typing_error_in_the_prices_keeps_parley_from_starting_and_names_the_field(wrong: Wrong) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        priced({"cheap": CHEAP}, wrong.prices)
    assert str(caught.value).startswith("CLAUDE_PRICES") and wrong.named in str(caught.value)
    assert len(str(caught.value)) < 300


def test_prices_as_they_were_written_before_still_count(settings: Any) -> None:
    settings.CLAUDE_PRICES = priced({}, json.dumps({"cheap": CHEAP}))
    assert pricing.cost_of("cheap", (1_000, 1_000, 1_000, 1_000)) == 1_000 + 5_000 + 1_250 + 100
    assert pricing.cost_of("cheap", (0, 0, 1_000, 0, 1_000)) == 2_000, "for an hour: twice the input"
    assert pricing.cost_of("cheap", (0, 0, 0, 0, 0, 1)) == 10_000


def test_a_price_counts_from_its_day_on_with_its_own_bands(settings: Any) -> None:
    dearer = {**CHEAP, "input": "2", "web_search": "5", "above": {"1000": {**CHEAP, "input": "7"}}}
    own = {"cheap": {**CHEAP, "from": {"2027-02-01": CHEAP, "2027-01-01": dearer}}}
    settings.CLAUDE_PRICES = priced({}, json.dumps(own))
    for day, short, long, search in (
        (date(2026, 12, 31), 1_000, 2_000, 10_000),
        (date(2027, 1, 1), 2_000, 14_000, 5_000),
        (date(2027, 1, 31), 2_000, 14_000, 5_000),
        (date(2027, 2, 1), 1_000, 2_000, 10_000),
    ):
        calls: list[pricing.Tokens] = [(1_000, 0, 0, 0), (2_000, 0, 0, 0), (0, 0, 0, 0, 0, 1)]
        assert [pricing.cost_of("cheap", call, day=day) for call in calls] == [short, long, search]
    with time_machine.travel(datetime(2027, 1, 15, tzinfo=UTC), tick=False):
        assert [period.since for period in pricing.periods_of("cheap")] == [date(2027, 1, 1), date(2027, 2, 1)]
        assert [above for above, _ in pricing.periods_of("cheap")[0].bands] == [0, 1000]
        settings.CLAUDE_CONTEXT_TOKENS, settings.CLAUDE_REPLY_TOKENS = 2_000, 0
        assert pricing.reservation_for("cheap") == 14_000


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_call_costs_by_the_length_of_its_own_prompt_and_its_day(case: Case) -> None:
    assert pricing.cost_of(case.model, *case.calls, day=case.day) == case.cost


def test_a_reservation_covers_a_prompt_of_any_length_up_to_what_may_be_read(settings: Any) -> None:
    cheap_when_long = {**RATES, "above": {"20000": {**RATES, "input": "0.5", "cache_write": "0.5"}}}
    settings.CLAUDE_PRICES = {**settings.CLAUDE_PRICES, **priced({}, json.dumps({"odd": cheap_when_long}))}
    settings.CLAUDE_REPLY_TOKENS = 1000
    for model in (HAIKU, "odd", "claude-of-tomorrow"):
        for most in (30_000, 100_000, 100_001, 250_000):
            settings.CLAUDE_CONTEXT_TOKENS = most
            reserved = pricing.reservation_for(model)
            for length in (10, 20_000, 20_001, most // 2, most):
                for call in ((length, 1000, 0, 0), (0, 1000, length, 0), (0, 1000, 0, length)):
                    assert pricing.cost_of(model, call) <= reserved


@pytest.mark.parametrize("bands", WRONG_BANDS, ids=str)
def test_a_typing_error_in_the_prices_of_long_prompts_keeps_parley_from_starting(bands: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="CLAUDE_PRICES"):
        priced({}, json.dumps({"cheap": {**RATES, "above": bands}}))


def test_bands_are_sorted_by_their_length() -> None:
    own = {"cheap": {**RATES, "above": {"200000": {**RATES, "input": 3}, "50000": {**RATES, "input": 2}}}}
    assert list(priced({}, json.dumps(own))["cheap"][date.min]["above"]) == [50_000, 200_000]


def test_what_calls_use_has_one_order() -> None:
    assert Usage._fields[:4] == TOKEN_KINDS
    for row in (Charge(), Reply()):
        assert row.usage == Usage()
