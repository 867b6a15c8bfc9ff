"""Requests and responses at the edges: what `tests.reports.requests_to_claude` holds."""

import itertools
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.names import refuse_reserved_name
from chat.claude.backends.client import AnthropicBackend
from chat.messages import changes
from chat.models import Message, Reply
from chat.realtime.database import in_database
from fake_claude import Blocks, FakeClaude, Normal, ToolUse
from tests.chat.claude.calls import Frames, failure_of, opened, pieces_of, text_delta, text_of
from tests.chat.claude.desk import open_desk
from tests.reports.requests_to_claude import (
    BASE_URLS,
    EMPTY_TURNS,
    FREE,
    HALVES,
    MEMBERS,
    PAUSES,
    REFUSALS,
    RESERVED,
    Refusal,
    asked_twice,
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("stop_reason", "blocks", "error"), EMPTY_TURNS)
async def test_a_use_of_no_tool_ends_the_reply(fake: FakeClaude, stop_reason: str, blocks: Any, error: str) -> None:
    fake.will(Blocks(blocks, stop_reason=stop_reason))
    async with open_desk() as desk:
        reply = await desk.ask("Well?")

    assert (reply.state, reply.stop_reason, reply.error) == ("complete", "end_turn", error)
    assert len(fake.requests) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("blocks", PAUSES)
async def test_after_a_pause_no_empty_turn_is_sent(fake: FakeClaude, blocks: Any) -> None:
    fake.will(asked_twice(blocks), Normal("Now."))
    async with open_desk() as desk:
        reply = await desk.ask("Well?")

    assert (reply.state, reply.text.strip()) == ("complete", "Now.")
    assert all(turn["content"] for seen in fake.requests for turn in seen.body["messages"])


@pytest.mark.parametrize("path", BASE_URLS)
async def test_an_address_may_end_as_it_is_copied(
    fake: FakeClaude, backend: AnthropicBackend, settings: Any, path: str
) -> None:
    settings.ANTHROPIC_BASE_URL = fake.url + path

    assert text_of(await pieces_of(backend))
    assert await backend.list_models()
    assert set(fake.paths) == {"/v1/messages", "/v1/models"}


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_the_person_is_told_who_can_do_something(
    fake: FakeClaude, backend: AnthropicBackend, refusal: Refusal
) -> None:
    fake.default = refusal.mode

    _text, failure = await failure_of(backend)

    assert failure.code == refusal.code
    assert ("administrators" not in failure.sentence) == (refusal.whose == MEMBERS)
    assert len(fake.requests) == 1


@pytest.mark.parametrize(("deltas", "text"), HALVES)
async def test_a_character_split_over_deltas_is_one(
    fake: FakeClaude, backend: AnthropicBackend, deltas: Any, text: str
) -> None:
    fake.will(Frames(*opened(*map(text_delta, deltas))))

    assert text_of(await pieces_of(backend)) == text


@pytest.mark.parametrize("name", RESERVED)
def test_a_name_that_passes_for_a_reserved_one_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="reserved"):
        refuse_reserved_name(name)


@pytest.mark.parametrize("name", FREE)
def test_other_names_are_free(name: str) -> None:
    refuse_reserved_name(name)


@pytest.mark.django_db(transaction=True)
async def test_results_of_tools_are_read_from_the_cache_in_later_rounds(fake: FakeClaude) -> None:
    rounds = 5
    mode: Any = Normal("Enough.")
    for _ in range(rounds):
        mode = ToolUse("list_members", text="word " * 1000, more=(("list_members", {}),) * 9, then=mode)
    fake.will(mode)
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Who is here?" + " word" * 1000)

    assert reply.text.endswith("Enough.") and len(fake.requests) == rounds + 1
    usages = [seen.exchange.usage for seen in fake.requests]
    for before, now in itertools.pairwise(usages):
        whole = before["cache_read_input_tokens"] + before["cache_creation_input_tokens"]
        assert now["cache_read_input_tokens"] >= whole > 1000
    for seen in fake.requests:
        blocks = [*seen.body["system"], *(block for turn in seen.body["messages"] for block in turn["content"])]
        assert sum("cache_control" in block for block in blocks) <= 4


@pytest.mark.django_db(transaction=True)
async def test_saving_an_unchanged_edit_asks_and_pays_nothing(fake: FakeClaude) -> None:
    fake.default = Normal("Yes.")
    async with open_desk() as desk:
        await desk.ask("Well?")
        prompt = await in_database(lambda: Message.objects.get(content="Well?"))
        edited = await in_database(changes.edit_message, desk.alice, str(prompt.pk), "Well?", "<p>Well?</p>")
        again = await in_database(lambda: Message.objects.get(pk=prompt.pk))
        charges, versions = await desk.charges(), await in_database(Reply.objects.count)

    assert (again.change, again.edited_at, edited.named) == (prompt.change, None, [])
    assert (len(charges), versions, len(fake.requests)) == (1, 1, 1)
