"""Claude looks things up on the web: over HTTP, with the fake of Anthropic's API."""

import itertools
from typing import Any

import pytest

from fake_claude import Blocks, FakeClaude, Normal
from fake_claude.lookups import web_search
from fake_claude.replies import text
from tests.chat.claude.desk import open_desk
from tests.reports.web_lookups import PAUSES, Paused

pytestmark = pytest.mark.django_db(transaction=True)


def _sent(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "cache_control"}


@pytest.mark.parametrize("paused", PAUSES, ids=str)
async def test_blocks_of_anthropics_tools_go_back_as_they_came(paused: Paused, fake: FakeClaude) -> None:
    now = Blocks((*paused.rest, *web_search("more")), then=Normal("Now."), stop_reason="pause_turn")
    fake.will(Blocks(paused.first, then=now, stop_reason=paused.stop_reason))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Look it up.")

    assert reply.state == "complete" and reply.text.endswith("Now.") and len(fake.requests) == 3
    turns = [turn for turn in fake.requests[-1].body["messages"] if turn["role"] == "assistant"]
    sent = [_sent(block) for turn in turns for block in turn["content"]]
    assert sent[: len(paused.first)] == list(paused.first)
    assert sent[len(paused.first) :][: len(paused.rest)] == list(paused.rest)


async def test_what_follows_a_pause_belongs_to_the_turn_that_paused(fake: FakeClaude) -> None:
    searches = [web_search(f"part {number}") for number in range(3)]
    last: Any = Normal("All found.")
    for search in reversed(searches):
        last = Blocks(tuple(search), then=last, stop_reason="pause_turn")
    fake.will(last)
    async with open_desk() as desk:
        reply = await desk.ask("Look it up.")

    assert (reply.text, reply.stop_reason) == ("All found.", "end_turn")
    turns = fake.requests[-1].body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"]
    assert turns[-1]["content"] == list(itertools.chain(*searches))


async def test_ten_pauses_in_a_row_end_at_the_limit_of_rounds(fake: FakeClaude) -> None:
    last: Any = Normal("Never said.")
    for number in range(10):
        last = Blocks((text(f"Part {number}."), *web_search(f"part {number}")), then=last, stop_reason="pause_turn")
    fake.will(last)
    async with open_desk() as desk:
        reply = await desk.ask("Look it up.")

    assert (reply.state, reply.stop_reason, reply.error) == ("complete", "tool_limit", "")
    assert reply.text.startswith("Part 9.") and len(fake.requests) <= 10
