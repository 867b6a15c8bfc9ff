"""Claude's tools over real sockets, with the real SDK and the fake: off until a room allows them, bounded, shown to all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from fake_claude import FakeClaude, Normal, ToolUse
from fake_claude.requests import tool_results_of
from tests.servers.sessions import end_of, is_about, make_session, site_with_claude
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

CONTEXT_TOKENS, REPLY_TOKENS = 7500, 1000
USES = 40


@pytest.fixture(scope="module")
def claude_site(site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    settings = {"CLAUDE_CONTEXT_TOKENS": CONTEXT_TOKENS, "CLAUDE_REPLY_TOKENS": REPLY_TOKENS}
    with site_with_claude(site_builder, CLUSTER, **settings) as running:
        yield running


@pytest.fixture
def site(claude_site: tuple[Site, FakeClaude]) -> Site:
    return claude_site[0]


@pytest.fixture
def fake(claude_site: tuple[Site, FakeClaude]) -> FakeClaude:
    claude_site[1].requests.clear()
    return claude_site[1]


@pytest_asyncio.fixture
async def tabs(site: Site, open_tab: Tabs) -> list[SocketClient]:
    """alice's tab in one process and bob's in the other, in one session whose tools are off."""
    alice, bob = site.people.create("alice", "bob")
    session = await make_session(open_tab, alice, bob)
    return [
        await open_tab.in_room(person, session, process=process)
        for person, process in zip((alice, bob), site.processes, strict=True)
    ]


def session_of(tab: SocketClient) -> str:
    return str(next(f["data"]["room"]["slug"] for f in tab.frames if f["type"] == "joined"))


async def allow(tab: SocketClient, *tools: str) -> None:
    await tab.request("update_room", room=session_of(tab), claude={"tools": list(tools)})


async def ask(tab: SocketClient, prompt: str) -> str:
    return str((await tab.request("execute", session=session_of(tab), prompt=prompt))["reply"]["id"])


def tools_heard(tab: SocketClient, reply: str) -> list[dict[str, Any]]:
    deltas = [f["data"] for f in tab.frames if f["type"] == "stream_delta" and is_about(f, reply)]
    return [delta["tool"] for delta in deltas if "tool" in delta]


async def test_a_room_has_no_tools_until_it_allows_them_and_a_use_is_refused(
    tabs: list[SocketClient], fake: FakeClaude
) -> None:
    fake.will(ToolUse("list_members", then=Normal("I may not.")))
    reply = await ask(tabs[0], "Who is here?")
    for tab in tabs:
        ended = await end_of(tab, reply)
        assert ended["content"] == "I may not."
        assert [tool["result"] for tool in ended["reply"]["tools"]] == ["did not work"]
    assert "tools" not in fake.requests[0].body
    (result,) = tool_results_of(fake.requests[1].body).values()
    assert result == "Unknown tool."


async def test_a_use_reads_this_room_alone_and_is_shown_in_every_tab(
    site: Site, tabs: list[SocketClient], open_tab: Tabs, fake: FakeClaude
) -> None:
    (carol,) = site.people.create("carol")
    elsewhere = await open_tab.make_room(carol)
    await (await open_tab.in_room(carol, elsewhere)).post(elsewhere, "the badger is in another room")
    fake.default = Normal("Noted.")
    await end_of(tabs[0], await ask(tabs[0], "the badger is under the bridge"))
    await allow(tabs[0], "search_history")
    fake.will(ToolUse("search_history", {"query": "badger"}, text="I look. ", then=Normal("Under the bridge.")))
    reply = await ask(tabs[1], "Where is it?")
    for tab in tabs:
        ended = await end_of(tab, reply)
        assert ended["content"] == "I look. \n\nUnder the bridge."
        shown = [{"name": "search_history", "input": "query: badger", "result": "1 message found"}]
        assert ended["reply"]["tools"] == shown == tools_heard(tab, reply)
    assert [tool["name"] for tool in fake.requests[-2].body["tools"]] == ["search_history"]
    (result,) = tool_results_of(fake.requests[-1].body).values()
    assert "under the bridge" in result and "another room" not in result
    (line,) = site.people.bill(reply)
    usage = ended["reply"]["usage"]
    assert (line["input_tokens"], line["output_tokens"]) == (usage["inputTokens"], usage["outputTokens"])
    assert ended["reply"]["cost"] == line["cost_microusd"] > 0, "both calls are on the bill, as one attempt"


async def test_many_uses_at_once_give_no_more_than_there_is_room_and_money_for(
    site: Site, tabs: list[SocketClient], fake: FakeClaude
) -> None:
    settings = {"everyMessage": False, "tools": ["search_history"]}
    await tabs[0].request("update_room", room=session_of(tabs[0]), claude=settings)
    for number in range(20):
        await tabs[0].post(session_of(tabs[0]), f"badger {number} " + "lorem ipsum " * 100)
    uses = (("search_history", {"query": "badger", "limit": 20}),) * USES
    fake.will(ToolUse(*uses[0], more=uses[1:], then=ToolUse(*uses[0], more=uses[1:], then=Normal("Enough."))))
    last = await ask(tabs[1], "Tell me everything")
    ended = await end_of(tabs[1], last, 60)
    assert ended["content"] == "Enough." and len(ended["reply"]["tools"]) == 2 * USES
    # Of the requests about this prompt, the last holds all results.
    body = next(seen.body for seen in reversed(fake.requests) if tool_results_of(seen.body))
    results = [
        str(block["content"])
        for turn in body["messages"]
        for block in turn["content"]
        if block["type"] == "tool_result" and not block.get("is_error")
    ]
    assert 1 < len(results) <= 20 and "The rest is left out" in results[-1]
    assert len(json.dumps(results)) < CONTEXT_TOKENS * 4
    (line,) = site.people.bill(last)
    await end_of(tabs[0], one_call := await ask(tabs[0], "Hello"))
    (plain,) = site.people.bill(one_call)
    assert line["reserved_microusd"] > 3 * plain["reserved_microusd"], "a call that brings results reads more"
    assert 0 < line["cost_microusd"] <= line["reserved_microusd"], "more was spent than had been set aside"
