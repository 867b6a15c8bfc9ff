"""Failures inside of streams that have opened: what `tests.reports.failures_in_streams` holds."""

import dataclasses
from typing import Any

import pytest

from chat.billing import pricing
from chat.claude.run import attempts
from chat.models import Charge
from fake_claude import Cut, ErrorInStream, FakeClaude, Mode, Normal, Overloaded
from tests.chat.claude.desk import open_desk
from tests.reports.failures_in_streams import LASTING, PASSING, REPLY, SECOND_ROUND, THEN_A_REPLY, Case

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(attempts, "_FIRST_WAIT_SECONDS", 0)
    settings.CLAUDE_READ_SECONDS = 0.3


@pytest.mark.parametrize("case", [*PASSING, *LASTING], ids=str)
async def test_what_fails_without_a_word_has_failed_after_its_attempts_and_retry_keeps_one_version(
    case: Case, fake: FakeClaude
) -> None:
    fake.default = case.failure
    async with open_desk() as desk:
        failed = await desk.ask("Are you there?")
        count = len(fake.requests)
        fake.default = REPLY
        again = await desk.retry(failed)

    assert (failed.state, failed.error_detail.partition(":")[0], count) == (case.state, case.code, case.requests)
    may_pass = case.state == "failed" and case.code not in ("bad_key", "no_credit", "forbidden", "bad_request")
    assert ("Try again in a moment." in failed.error) == may_pass
    assert (again.state, again.text, again.thinking) == ("complete", "At last.", "")
    assert again.version == (1 if failed.text == "" else 2)


@pytest.mark.parametrize("failures", THEN_A_REPLY)
async def test_nobody_notices_what_passes_in_time(failures: tuple[Mode, ...], fake: FakeClaude) -> None:
    fake.will(*failures, REPLY)
    async with open_desk() as desk:
        reply = await desk.ask("Are you there?")

    assert (reply.state, reply.text, reply.version, reply.attempt) == ("complete", "At last.", 1, 1)
    assert len(fake.requests) == len(failures) + 1
    assert "".join(delta["text"] for delta in desk.deltas) == "At last."


async def test_the_call_with_the_results_of_a_tool_is_tried_again_too(fake: FakeClaude) -> None:
    fake.will(dataclasses.replace(SECOND_ROUND, then=OneAfterTheOther(ErrorInStream(at="start"), Normal("Only you."))))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Who is here?")

    assert (reply.state, reply.text, len(reply.tools)) == ("complete", "Let me look.\n\nOnly you.", 1)
    assert len(fake.requests) == 3


async def test_what_failed_attempts_have_used_is_on_the_bill_and_was_set_aside(fake: FakeClaude) -> None:
    fake.will(ErrorInStream(at="start"), ErrorInStream(at="block"), Normal("At last."))
    async with open_desk() as desk:
        reply = await desk.ask("Are you there?")
        (charge,) = await desk.charges()

    read = fake.requests[-1].exchange.usage
    assert (
        charge.input_tokens == reply.input_tokens == sum(seen.exchange.usage["input_tokens"] for seen in fake.requests)
    )
    assert charge.input_tokens + charge.cache_creation_input_tokens > 2 * read["input_tokens"]
    assert charge.reserved_microusd == 3 * pricing.reservation_for(reply.model)
    assert charge.cost_microusd == pricing.cost_of(reply.model, _tokens(charge))


async def test_an_attempt_that_no_limit_allows_is_not_made(fake: FakeClaude, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = pricing.reservation_for("claude-sonnet-5-5") * 1.5 / pricing.MICROUSD_PER_USD
    fake.default = ErrorInStream(at="start")
    async with open_desk() as desk:
        reply = await desk.ask("Are you there?")

    assert (reply.state, len(fake.requests)) == ("failed", 1)
    assert reply.error == "Claude is overloaded right now. Try again in a moment."


async def test_attempts_that_used_nothing_need_no_more_money(fake: FakeClaude, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = pricing.reservation_for("claude-sonnet-5-5") * 1.5 / pricing.MICROUSD_PER_USD
    fake.will(ErrorInStream(at="first"), Cut(at="first"), Normal("At last."))
    async with open_desk() as desk:
        reply = await desk.ask("Are you there?")

    assert (reply.state, reply.text) == ("complete", "At last.")


async def test_three_attempts_are_the_most_however_they_fail(fake: FakeClaude) -> None:
    fake.default = OneAfterTheOther(*[Overloaded(), ErrorInStream(at="start")] * 5)
    async with open_desk() as desk:
        reply = await desk.ask("Are you there?")

    assert (reply.state, len(fake.requests)) == ("failed", 3)


class OneAfterTheOther(Mode):
    def __init__(self, *modes: Mode) -> None:
        self._modes = list(modes)

    async def respond(self, exchange: Any) -> None:
        await self._modes.pop(0).respond(exchange)


def _tokens(charge: Charge) -> pricing.Tokens:
    return (
        charge.input_tokens,
        charge.output_tokens,
        charge.cache_creation_input_tokens,
        charge.cache_read_input_tokens,
    )
