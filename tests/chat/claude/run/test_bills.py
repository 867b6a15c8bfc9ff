"""What a reply costs by what Anthropic says it has used: over HTTP, from the fake's stream to the bill."""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.billing import pricing
from chat.models import ChargeState
from config.prices import priced
from fake_claude import Blocks, FakeClaude, Normal
from fake_claude.exchange import Exchange
from fake_claude.lookups import web_search
from fake_claude.replies import text
from tests.chat.claude.desk import open_desk
from tests.reports.prices import BILLS, RATES, SONNET, Bill

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Telling(Blocks):
    """Says that it has used this, whatever was sent."""

    usage: dict[str, Any] = field(default_factory=dict)

    async def respond(self, exchange: Exchange) -> None:
        nothing = {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        exchange.usage = {**nothing, **self.usage}
        await super().respond(exchange)

    def input_of(self, usage: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
        return usage


@pytest.mark.parametrize("bill", BILLS, ids=str)
async def test_a_reply_costs_what_anthropic_bills_for_it(bill: Bill, fake: FakeClaude) -> None:
    searches = [block for number in range(bill.searches) for block in web_search(f"question {number}")]
    fake.default = Telling((*searches, text("That much.")), usage=bill.usage)
    async with open_desk() as desk:
        await desk.set_up(claude_model=bill.model)
        reply = await desk.ask("What does it cost?")
        (charge,) = await desk.charges()

    said = charge.output_tokens * pricing.price_of(bill.model, charge.usage.prompt_tokens).output
    assert (charge.state, charge.cost_microusd) == (ChargeState.SETTLED, math.ceil(bill.cost + float(said)))
    assert reply.cost_microusd == charge.cost_microusd
    assert (reply.usage, charge.web_search_requests) == (charge.usage, bill.searches)


async def test_searches_of_a_reply_that_pauses_are_all_on_its_bill(fake: FakeClaude) -> None:
    then = Telling((*web_search("more"), text("Found.")))
    fake.will(Blocks((*web_search("one"), *web_search("two")), then=then, stop_reason="pause_turn"))
    async with open_desk() as desk:
        reply = await desk.ask("Look it up.")
    assert (reply.text, reply.web_search_requests) == ("Found.", 3)
    assert reply.cost_microusd >= 30_000


@pytest.mark.parametrize(("days", "cost"), [(0, 9_000), (-30, 9_000), (1, 1_000)])
async def test_the_price_of_the_day_counts(days: int, cost: int, fake: FakeClaude, settings: Any) -> None:
    day = (timezone.now() + timedelta(days=days)).date().isoformat()
    free = {**RATES, "output": 0, "cache_read": 0}
    settings.CLAUDE_PRICES = priced({SONNET: {**free, "from": {day: {**free, "input": 9}}}}, "")
    fake.default = Telling((text("Hello."),), usage={"input_tokens": 1_000})
    async with open_desk() as desk:
        assert (await desk.ask("What does it cost?")).cost_microusd == cost


async def test_a_limit_counts_searches_that_were_made(fake: FakeClaude, settings: Any) -> None:
    fake.will(Telling((*web_search("one"), text("Found."))))
    settings.SPEND_USER_DAY_USD = pricing.reservation_for(SONNET) / pricing.MICROUSD_PER_USD + 0.005
    fake.default = Normal("Hello.")
    async with open_desk() as desk:
        first = await desk.ask("Look it up.")
        assert first.cost_microusd > 10_000
        with pytest.raises(Exception, match="limit for Claude for today"):
            await desk.post("And now?")
