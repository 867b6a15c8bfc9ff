"""The client against a fake of Anthropic's API: what arrives, and how a call is closed."""

import asyncio
import time
from collections import Counter

import pytest

from chat.claude.backends.backend import End, Text, Thinking, ToolCall
from chat.claude.backends.client import AnthropicBackend
from chat.models import Usage
from fake_claude import (
    BadRequest,
    Held,
    Huge,
    Normal,
    Silent,
    Slow,
    SplitUtf8,
    StopReason,
    Tiny,
    ToolUse,
    WithThinking,
)
from tests.chat.claude.calls import PROMPT, Frames, call, opened, pieces_of, text_block, text_delta, text_of
from tests.chat.claude.conftest import KEY

# --- What arrives ----------------------------------------------------------------------------------------------


async def test_a_reply_arrives_piece_by_piece_and_ends_with_its_reason_and_its_blocks(fake, backend):
    fake.will(Normal("One two three four.", pieces=4))

    pieces = await pieces_of(backend)

    assert len([piece for piece in pieces if isinstance(piece, Text)]) == 4
    assert text_of(pieces) == "One two three four."
    assert pieces[-1] == End("end_turn", [{"type": "text", "text": "One two three four."}])


async def test_the_key_goes_out_as_a_bearer_and_the_prompt_with_its_cache_points_as_given(fake, backend):
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]

    await pieces_of(backend, call(system=system))

    seen = fake.requests[0]
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body["system"] == system
    assert seen.body["messages"] == call().messages
    assert (seen.body["model"], seen.body["max_tokens"], seen.body["stream"]) == ("claude-sonnet-5-5", 1000, True)
    assert "tools" not in seen.body


async def test_usage_is_cumulative_a_later_one_replaces_an_earlier_one(fake, backend):
    pieces = await pieces_of(backend, call("word " * 40))

    usages = [piece for piece in pieces if isinstance(piece, Usage)]
    assert len(usages) == 2
    assert usages[0].input_tokens == usages[1].input_tokens > 40
    assert usages[0].output_tokens < usages[1].output_tokens


async def test_what_is_read_from_the_cache_is_counted_as_such(fake, backend):
    system = [{"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}]

    first = await pieces_of(backend, call(system=system))
    second = await pieces_of(backend, call(system=system))

    written = [piece for piece in first if isinstance(piece, Usage)][-1]
    read = [piece for piece in second if isinstance(piece, Usage)][-1]
    assert written.cache_creation_input_tokens > 1024
    assert written.cache_read_input_tokens == 0
    assert read.cache_read_input_tokens == written.cache_creation_input_tokens
    assert read.cache_creation_input_tokens == 0


async def test_a_summary_of_the_thinking_is_asked_for_and_comes_before_the_text_with_its_signature(fake, backend):
    fake.will(WithThinking("Yes.", thinking="Both sides have a point."))

    pieces = await pieces_of(backend)

    assert fake.requests[0].body["thinking"] == {"type": "adaptive", "display": "summarized"}
    words = [piece for piece in pieces if isinstance(piece, Thinking | Text)]
    assert isinstance(words[0], Thinking)
    assert isinstance(words[-1], Text)
    assert "".join(piece.text for piece in words if isinstance(piece, Thinking)) == "Both sides have a point."
    end = pieces[-1]
    assert isinstance(end, End)
    thinking, text = end.content
    assert thinking["signature"]
    assert (thinking["type"], thinking["thinking"]) == ("thinking", "Both sides have a point.")
    assert text == {"type": "text", "text": "Yes."}


async def test_a_model_that_cannot_be_asked_for_its_thinking_replies_without_and_is_not_asked_again(fake, backend):
    fake.will(BadRequest(message="thinking.type: adaptive is not supported by this model"))

    assert text_of(await pieces_of(backend)) == f"You wrote: {PROMPT}"
    assert text_of(await pieces_of(backend)) == f"You wrote: {PROMPT}"

    assert ["thinking" in seen.body for seen in fake.requests] == [True, False, False]


async def test_a_tools_input_is_put_together_and_its_round_goes_back_as_the_api_wants_it(fake, backend):
    tools = [{"name": "search_history", "description": "Searches.", "input_schema": {"type": "object"}}]
    asked = {"query": "Zürich “late”", "limit": 3, "nested": {"a": [1, None, "\N{PARTY POPPER}"]}}
    fake.will(ToolUse("search_history", asked, text="I look.", thinking="Where was it?", more=(("list_members", {}),)))

    pieces = await pieces_of(backend, call(tools=tools))

    uses = [piece for piece in pieces if isinstance(piece, ToolCall)]
    assert [(use.name, use.input) for use in uses] == [("search_history", asked), ("list_members", {})]
    end = pieces[-1]
    assert isinstance(end, End)
    assert end.stop_reason == "tool_use"
    assert [block["type"] for block in end.content] == ["thinking", "text", "tool_use", "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": f"about {use.name}"} for use in uses]
    history = [*call().messages, {"role": "assistant", "content": end.content}, {"role": "user", "content": results}]
    # The fake refuses, as the real service does, what does not fit together.
    second = await pieces_of(backend, call(messages=history, tools=tools))
    assert text_of(second) == "The tool says: about search_history / about list_members"


async def test_a_use_of_a_tool_that_max_tokens_has_cut_off_is_neither_run_nor_sent_back(fake, backend):
    start = {"type": "content_block_start", "index": 1}
    block = {"type": "tool_use", "id": "toolu_1", "name": "search_history", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": '{"query": "hal'}
    fake.will(
        Frames(
            ("content_block_start", {"type": "content_block_start", "index": 0, "content_block": text_block("")}),
            ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": text_delta("I look.")}),
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            ("content_block_start", {**start, "content_block": block}),
            ("content_block_delta", {"type": "content_block_delta", "index": 1, "delta": delta}),
            ("content_block_stop", {"type": "content_block_stop", "index": 1}),
            stop_reason="max_tokens",
        )
    )

    pieces = await pieces_of(backend)

    assert not any(isinstance(piece, ToolCall) for piece in pieces)
    assert pieces[-1] == End("max_tokens", [text_block("I look.")])


@pytest.mark.parametrize(
    "reason", ["max_tokens", "refusal", "stop_sequence", "model_context_window_exceeded", "reason_of_tomorrow"]
)
async def test_every_reason_to_stop_comes_through(fake, backend, reason):
    fake.will(StopReason(reason, text="So far."))

    assert (await pieces_of(backend))[-1] == End(reason, [text_block("So far.")])


async def test_a_reply_without_words_has_no_block_that_the_api_would_refuse(fake, backend):
    fake.will(StopReason("refusal", text=""))

    assert (await pieces_of(backend))[-1] == End("refusal", [])


async def test_characters_that_arrive_byte_by_byte_are_whole(fake, backend):
    fake.will(SplitUtf8("Grüße, \N{PARTY POPPER} 東京."))

    assert text_of(await pieces_of(backend)) == "Grüße, \N{PARTY POPPER} 東京."


async def test_what_no_database_takes_does_not_come_through(fake, backend):
    fake.will(Frames(*opened(text_delta("a\x00b\ud83d c"), text_delta("\N{PARTY POPPER}"))))

    pieces = await pieces_of(backend)

    assert text_of(pieces) == "ab\N{REPLACEMENT CHARACTER} c\N{PARTY POPPER}"
    end = pieces[-1]
    assert isinstance(end, End)
    assert end.content == [text_block("ab\N{REPLACEMENT CHARACTER} c\N{PARTY POPPER}")]


async def test_one_huge_delta_arrives_whole(fake, backend):
    fake.will(Huge(2_000_000))

    assert len(text_of(await pieces_of(backend))) == 2_000_000


async def test_ten_thousand_tiny_deltas_arrive_whole(fake, backend):
    fake.will(Tiny(10_000))

    assert text_of(await pieces_of(backend)) == "a " * 10_000


async def test_a_burst_of_deltas_lets_others_run_meanwhile(fake, backend):
    fake.will(Normal("warm"), Tiny(1_500))
    await pieces_of(backend)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(others())
    pieces, turn_of_each = [], []
    async for piece in backend.stream(call()):
        pieces.append(piece)
        turn_of_each.append(turns)
    other.cancel()

    assert text_of(pieces) == "a " * 1_500
    # What was read at once holds hundreds of deltas; no one waits for more than some of them.
    assert max(Counter(turn_of_each).values()) <= 60


async def test_a_hundred_replies_stream_together_without_a_mix_up(fake, backend):
    fake.default = Slow(pause_s=0.01)

    async def ask(number: int) -> str:
        return text_of(await pieces_of(backend, call(f"question {number} of many")))

    replies = await asyncio.gather(*(ask(number) for number in range(100)))

    assert replies == [f"You wrote: question {number} of many" for number in range(100)]


async def test_a_connection_serves_the_next_call_too(fake, backend):
    await pieces_of(backend)
    await pieces_of(backend)

    assert fake.requests[0].connection == fake.requests[1].connection


async def test_events_of_tomorrow_are_passed_over(fake, backend):
    fake.will(Frames(("weather", {"type": "weather", "sun": True}), *opened(text_delta("Still here."))))

    assert text_of(await pieces_of(backend)) == "Still here."


# --- Closing ---------------------------------------------------------------------------------------------------------


async def test_closing_the_generator_closes_the_connection_at_once(fake, backend):
    fake.will(Held(after=2, text="a b c d"))
    pieces = backend.stream(call())
    async for piece in pieces:
        if isinstance(piece, Text) and piece.text == "b ":
            break

    closing = time.monotonic()
    await pieces.aclose()

    assert await fake.until(lambda fake: fake.requests[0].closed_at is not None)
    assert fake.requests[0].closed_at - closing < 0.5
    assert not fake.requests[0].ended


@pytest.mark.parametrize("mode", [Silent(), Held(after=2, text="a b c d")])
async def test_cancelling_the_task_that_listens_closes_the_connection_at_once(fake, backend, mode):
    fake.will(mode)
    listening = asyncio.create_task(pieces_of(backend))
    assert await fake.until(lambda fake: bool(fake.requests))

    stopping = time.monotonic()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening

    assert await fake.until(lambda fake: fake.requests[0].closed_at is not None)
    assert fake.requests[0].closed_at - stopping < 0.5


async def test_stopping_one_call_while_the_client_is_made_leaves_the_others(fake, backend):
    first = asyncio.create_task(pieces_of(backend))
    second = asyncio.create_task(pieces_of(backend))
    await asyncio.sleep(0)
    first.cancel()

    assert text_of(await second) == f"You wrote: {PROMPT}"


async def test_after_close_the_backend_makes_itself_a_new_client(fake, backend):
    await pieces_of(backend)
    await backend.close()
    await backend.close()

    assert text_of(await pieces_of(backend)) == f"You wrote: {PROMPT}"


def test_each_event_loop_has_a_client_of_its_own(fake):
    backend = AnthropicBackend()

    async def ask() -> str:
        try:
            return text_of(await pieces_of(backend))
        finally:
            await backend.close()

    assert asyncio.run(ask()) == asyncio.run(ask()) == f"You wrote: {PROMPT}"


# --- Models and warming up ---------------------------------------------------------------------------------------------


async def test_the_models_are_listed(fake, backend):
    listed = await backend.list_models()
    assert [model.id for model in listed] == ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"]


async def test_warming_up_sends_nothing_and_never_raises(fake, backend, settings):
    await backend.warm_up()
    settings.ANTHROPIC_BASE_URL = "http://[broken"
    await backend.warm_up()
    settings.ANTHROPIC_API_KEY = ""
    await backend.warm_up()

    assert fake.paths == []
