"""The built-in demo model: it says that it is one, replies visibly to the prompt, keeps a human pace, and costs nothing."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from chat.claude.backends.backend import Call, End, Piece, Text, Thinking, ToolCall
from chat.claude.backends.chosen import backend_for, list_models, warm_up
from chat.claude.backends.client import AnthropicBackend
from chat.claude.backends.demo import DemoBackend
from chat.claude.backends.demo_replies import NOTICE, reply_to
from chat.claude.prompt import prompts
from chat.claude.reading import transcript
from chat.claude.reading.transcript import Line, Turn
from chat.markdown import render
from chat.model_choice import DEMO_MODEL
from chat.models import Usage

QUESTIONS = (
    "How do I plan a birthday party?",
    "Compare apples and bananas",
    "Write a Python function that sorts badgers",
    "Give me some ideas for dinner",
    "Tell me about lighthouses",
    "Why is the sky blue? Think about it in detail.",
    "Wo liegt eigentlich Zürich?",
    "東京について教えてください",
    "hi",
    "",
    "?!",
    "x" * 20_000,
)
SEARCH = {"name": "search_history", "description": "Searches.", "input_schema": {"type": "object"}}


@pytest.fixture(autouse=True)
def at_full_speed(settings):
    settings.DEMO_WORDS_PER_SECOND = 0


def call(*turns: Turn, **changes: Any) -> Call:
    return Call(DEMO_MODEL, [], transcript.as_messages(transcript.merged(turns)), 8000, [])._replace(**changes)


def said(text: str, speaker: str = "alice") -> Turn:
    """Return a person's message as the context holds it."""
    return transcript.spoken(Line(7, speaker, text, datetime(2026, 11, 23, 9, 50, tzinfo=UTC)))


async def pieces_of(call_: Call) -> list[Piece]:
    return [piece async for piece in DemoBackend().stream(call_)]


def end_of(pieces: list[Piece]) -> End:
    assert isinstance(pieces[-1], End)
    return pieces[-1]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


@pytest.mark.parametrize("question", QUESTIONS)
async def test_every_reply_says_first_that_it_is_a_demo_and_ends_well(question):
    pieces = await pieces_of(call(said(question)))

    text = text_of(pieces)
    assert text.startswith(NOTICE)
    assert "Demo" in NOTICE
    assert pieces[-1] == End("end_turn", [{"type": "text", "text": text}])


@pytest.mark.parametrize("question", QUESTIONS)
async def test_the_same_prompt_gets_the_same_reply_and_everything_is_markdown_that_renders(question):
    assert reply_to(question) == reply_to(question)
    assert "<em>Demo" in render(reply_to(question))


async def test_a_reply_relates_to_the_newest_message_no_matter_who_wrote_before():
    history = [said("Tell me about lighthouses"), Turn("assistant", "They shine."), said("hi", "bob")]

    text = text_of(await pieces_of(call(*history, said("How do badgers\ndig tunnels?", "bob"))))

    assert "How do badgers dig tunnels?" in text
    assert "**badgers**" in text or "**tunnels**" in text
    assert "lighthouse" not in text


async def test_what_looks_like_a_quotation_in_a_prompt_is_part_of_it():
    text = text_of(
        await pieces_of(call(said("> alice said this about lighthouses\n\nWhat do you think of lighthouses?")))
    )

    assert "alice said this about lighthouses" in text


@pytest.mark.parametrize(
    ("question", "mark"),
    [
        ("Write a Python function that sorts badgers", "\n```python\ndef "),
        ("Compare apples and bananas", "\n| --- | --- | --- |"),
        ("How do I bake bread?", "\n1. "),
        ("Give me a list of cities", "\n- "),
    ],
)
def test_what_is_asked_for_is_in_the_reply(question, mark):
    text = reply_to(question)

    assert "\n## " in text
    assert mark in text or mark.replace("def ", "") in text


def test_replies_to_different_prompts_differ():
    replies = {reply_to(f"Tell me about number {number} and lighthouses").partition("\n## ")[2] for number in range(40)}

    assert len(replies) >= 20


def test_markup_of_a_person_stays_text():
    hostile = "look **here** [link](https://example.org) `code` | table | <script>alert(1)</script> @bob &amp; # _x_"

    html = render(reply_to(hostile))

    assert "<a " not in html
    assert "<script" not in html
    assert "<strong>here" not in html


async def test_it_keeps_the_pace_that_is_set(settings):
    prompt = said("hi")
    words = len([piece for piece in await pieces_of(call(prompt)) if isinstance(piece, Text)])
    settings.DEMO_WORDS_PER_SECOND = 200

    began = time.monotonic()
    await pieces_of(call(prompt))

    assert words > 20
    assert time.monotonic() - began > words / 200 * 0.6


async def test_without_a_pace_it_gives_way_to_others():
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(others())
    pieces = await pieces_of(call(said("Tell me everything about lighthouses, in detail")))
    other.cancel()

    assert turns >= len(pieces) // 20 - 1 > 1


async def test_it_counts_words_as_tokens_and_ends_at_the_limit():
    pieces = await pieces_of(call(said("Tell me about lighthouses"), max_tokens=20))

    usages = [piece for piece in pieces if isinstance(piece, Usage)]
    assert usages[0].input_tokens > 10
    assert usages[-1].output_tokens == 20
    assert len(text_of(pieces)) == 80
    assert end_of(pieces).stop_reason == "max_tokens"


async def test_thoughts_come_first_where_they_are_asked_for_and_say_what_they_are():
    thoughtful = await pieces_of(call(said("Why is the sky blue?")))
    plain = await pieces_of(call(said("Tell me about lighthouses")))

    kinds = [type(piece) for piece in thoughtful if isinstance(piece, Text | Thinking)]
    assert kinds == sorted(kinds, key=lambda kind: kind is Text)
    assert "demo" in "".join(piece.text for piece in thoughtful if isinstance(piece, Thinking))
    assert not any(isinstance(piece, Thinking) for piece in plain)


@pytest.mark.parametrize("length", [1, 60, 130, 200, 301])
async def test_it_goes_on_where_it_was_cut_off(length):
    prompt = said("How do I plan a birthday party?")
    whole = text_of(await pieces_of(call(prompt)))
    so_far = whole[:length]

    pieces = await pieces_of(call(prompt, Turn("assistant", so_far.strip()), Turn("user", prompts.go_on(so_far))))

    assert so_far + text_of(pieces) == whole


async def test_it_goes_on_after_more_than_the_context_holds_and_after_what_it_never_said():
    prompt = said("Tell me everything about lighthouses, in detail")
    whole = text_of(await pieces_of(call(prompt)))

    kept = [Turn("assistant", whole[100:400].strip()), Turn("user", prompts.go_on(whole[:400]))]
    assert text_of(await pieces_of(call(prompt, *kept))) == whole[400:]

    strange = [Turn("assistant", "Lighthouses? No idea."), Turn("user", prompts.go_on("Lighthouses? No idea."))]
    assert text_of(await pieces_of(call(prompt, *strange))).strip() == NOTICE


async def test_a_search_is_shown_where_the_tool_is_allowed_and_its_result_is_quoted():
    prompt = said("Search for what bob said about badgers")
    first = call(prompt, tools=[SEARCH])

    pieces = await pieces_of(first)

    use = next(piece for piece in pieces if isinstance(piece, ToolCall))
    assert (use.name, use.input) == ("search_history", {"query": "badgers"})
    assert end_of(pieces).stop_reason == "tool_use"
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "[3] @bob:\n> badgers are nice"}
    turns = [{"role": "assistant", "content": end_of(pieces).content}, {"role": "user", "content": [result]}]
    text = text_of(await pieces_of(first._replace(messages=[*first.messages, *turns])))
    assert text.startswith(NOTICE)
    assert "`search_history`" in text
    assert "badgers are nice" in text


async def test_nothing_is_searched_where_the_tool_is_not_allowed():
    pieces = await pieces_of(call(said("Search for what bob said about badgers")))

    assert not any(isinstance(piece, ToolCall) for piece in pieces)
    assert "badgers" in text_of(pieces)


async def test_it_can_be_closed_at_any_time(settings):
    settings.DEMO_WORDS_PER_SECOND = 1
    pieces = DemoBackend().stream(call(said("Tell me about lighthouses")))
    await anext(pieces)

    await pieces.aclose()

    assert [piece async for piece in pieces] == []


# --- Which backend ----------------------------------------------------------------------------------------------------


async def test_the_demo_replies_for_the_demo_model_only():
    assert isinstance(backend_for("demo"), DemoBackend)
    assert isinstance(backend_for("claude-sonnet-5-5"), AnthropicBackend)
    assert backend_for("demo") is backend_for("demo")
    assert backend_for("claude-sonnet-5-5") is backend_for("claude-opus-5-5")


async def test_without_a_key_the_demo_is_the_only_model_and_nothing_is_loaded(settings):
    settings.CLAUDE_BACKEND, settings.ANTHROPIC_API_KEY = "auto", ""

    await warm_up()

    assert [model.id for model in await list_models()] == ["demo"]


async def test_with_a_key_anthropic_is_asked_for_its_models(fake):
    assert "claude-sonnet-5-5" in [model.id for model in await list_models()]
