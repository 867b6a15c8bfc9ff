"""Replies that say nothing: what `tests.reports.blank_replies` holds."""

from typing import Any

import pytest

from accounts.visible import has_ink
from chat.billing import pricing
from fake_claude import FakeClaude, Normal, StopReason, WithThinking
from fake_claude.requests import tool_results_of
from tests.chat.claude.desk import open_desk
from tests.reports.blank_replies import CASES, ROUNDS, Case, insatiable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_reply_that_says_nothing_says_why_and_is_retried_in_its_place(case: Case, fake: FakeClaude) -> None:
    fake.will(case.mode(), Normal("Here it is."))
    async with open_desk() as desk:
        first = await desk.ask("Well?")
        again = await desk.retry(first)

    assert (first.state, first.stop_reason, first.error) == ("complete", case.stop_reason, case.said)
    assert (again.state, again.text, again.error) == ("complete", "Here it is.", "")
    assert again.version == (2 if has_ink(first.text) else 1)
    assert again.thinking == ""


async def test_after_thoughts_that_filled_the_room_a_retry_may_write_more_and_sets_that_aside(fake: FakeClaude) -> None:
    fake.default = StopReason("max_tokens", text="", thinking="Hm. " * 20)
    async with open_desk() as desk:
        reply = await desk.ask("Well?")
        for _ in range(3):
            reply = await desk.retry(reply)
        charges = await desk.charges()

    usual = fake.requests[0].body["max_tokens"]
    assert [seen.body["max_tokens"] for seen in fake.requests] == [usual, 2 * usual, 4 * usual, 4 * usual]
    reserved = [pricing.reservation_for(reply.model, 0, times * usual) for times in (1, 2, 4, 4)]
    assert [charge.reserved_microusd for charge in charges] == reserved


async def test_other_retries_may_write_as_much_as_usual(fake: FakeClaude) -> None:
    fake.will(WithThinking("", "Hm."), StopReason("max_tokens", text="One two"))
    async with open_desk() as desk:
        await desk.retry(await desk.retry(await desk.ask("Well?")))

    assert len({seen.body["max_tokens"] for seen in fake.requests}) == 1


async def test_the_last_round_reads_the_last_results_and_replies(fake: FakeClaude) -> None:
    fake.will(insatiable())
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Who is here?")

    bodies: list[dict[str, Any]] = [seen.body for seen in fake.requests]
    assert len(bodies) == ROUNDS
    assert [body.get("tool_choice") for body in bodies] == [None] * (ROUNDS - 1) + [{"type": "none"}]
    assert bodies[-1]["tools"], "earlier uses need their definitions"
    assert len(reply.tools) == len([body for body in bodies if tool_results_of(body)]) == ROUNDS - 1
    assert (reply.state, reply.stop_reason) == ("complete", "end_turn")
    assert reply.text.startswith("The tool says: ")
