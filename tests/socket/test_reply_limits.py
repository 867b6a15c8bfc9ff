"""Limits under concurrency: of money and of what waits. What a limit allows runs, the rest is refused."""

import asyncio
import json

import pytest

from fake_claude import FakeClaude, Held
from fake_claude.requests import prompt_of
from tests.servers.sessions import claude_settings, end_of, make_session
from tests.servers.sites import CLUSTER, UVICORN_SQLITE, SiteBuilder
from tests.servers.tabs import Tabs

# A dollar a token, a reservation of 3 + 2 tokens: the limit allows five of those.
PRICE = {"input": 1_000_000, "output": 1_000_000, "cache_write": 1_000_000, "cache_read": 1_000_000}
LIMIT_USD = 25_000


@pytest.mark.parametrize(
    ("limit", "names"), [("SPEND_USER_DAY_USD", ["alice"]), ("SPEND_MONTH_USD", ["alice", "bob", "carol", "dave"])]
)
async def test_of_twenty_parallel_prompts_exactly_those_run_that_the_limit_allows(
    site_builder: SiteBuilder, limit: str, names: list[str]
) -> None:
    settings = {
        "CLAUDE_PRICES": json.dumps({"claude-sonnet-5-5": PRICE}),
        "CLAUDE_CONTEXT_TOKENS": "3000",
        "CLAUDE_REPLY_TOKENS": "2000",
        limit: str(LIMIT_USD),
    }
    with (
        FakeClaude(default=Held(text="a b c", pieces=3, after=1)) as fake,
        site_builder.running(CLUSTER, **settings, **claude_settings(fake)) as site,
    ):
        tabs = Tabs(site)
        people = site.people.create(*names) * (20 // len(names))
        sessions = [await make_session(tabs, person) for person in people]
        # The tabs stand in both processes in turn, everyone's too.
        opened = [
            await tabs.in_room(person, session, process=site.processes[number // len(names) % 2])
            for number, (person, session) in enumerate(zip(people, sessions, strict=True))
        ]
        responses = await asyncio.gather(
            *(
                tab.ask("execute", session=session, prompt="at once")
                for tab, session in zip(opened, sessions, strict=True)
            )
        )
        granted = [(tab, a["data"]["reply"]["id"]) for tab, a in zip(opened, responses, strict=True) if a["success"]]
        refused = [response["error"]["code"] for response in responses if not response["success"]]
        assert len(granted) == 5 and refused == ["QUOTA_EXCEEDED"] * 15
        assert await fake.until(lambda fake: sum(seen.deltas > 0 for seen in fake.requests) == len(granted))
        assert max(map(sum, site.people.tell("counters").values())) == LIMIT_USD * 1_000_000, "all is reserved"
        fake.release()
        for tab, reply in granted:
            assert (await end_of(tab, reply))["reply"]["state"] == "complete"
        assert [seen.body["max_tokens"] for seen in fake.requests] == [2000] * 5, (
            "what was reserved is all they may write"
        )
        bills = [line for _tab, reply in granted for line in site.people.bill(reply)]
        assert [line["state"] for line in bills] == ["settled"] * 5
        spent = sum(line["cost_microusd"] for line in bills)
        assert site.people.tell("counters")["all ever"] == [0, spent] and 0 < spent <= LIMIT_USD * 1_000_000
        await tabs.close_all()


async def test_no_more_prompts_wait_in_a_room_than_the_limit_allows(site_builder: SiteBuilder) -> None:
    with (
        FakeClaude(default=Held(text="a b c", pieces=3, after=1)) as fake,
        site_builder.running(CLUSTER, PROMPTS_PER_ROOM="3", **claude_settings(fake)) as site,
    ):
        tabs = Tabs(site)
        (alice,) = site.people.create("alice")
        session = await make_session(tabs, alice)
        opened = [await tabs.in_room(alice, session) for _ in range(6)]
        responses = await asyncio.gather(*(tab.ask("execute", session=session, prompt="at once") for tab in opened))
        waiting = [response["data"] for response in responses if response["success"]]
        assert len(waiting) == 3
        assert [a["error"]["code"] for a in responses if not a["success"]] == ["REQUEST_FAILED"] * 3
        tab = opened[0]
        refused = await tab.refusal("create_message", room=session, content="One more")
        assert (
            refused["message"]
            == "Claude has 3 prompts to reply to here already. Let it reply to some, or take one back."
        )
        prompts = [row for row in (await tab.request("get_messages", room=session))["messages"] if "reply" not in row]
        assert len([row for row in prompts if row["kind"] == "text"]) == 3  # what is refused is not stored
        last = max((response["message"] for response in waiting), key=lambda message: message["seq"])
        await tab.request("delete_message", message=last["id"])
        await tab.request("execute", session=session, prompt="in its place")
        fake.release()
        await tabs.close_all()


async def test_one_person_s_prompts_leave_room_for_those_of_others(site_builder: SiteBuilder) -> None:
    with (
        FakeClaude(default=Held(text="a b c", pieces=3, after=1)) as fake,
        site_builder.running(UVICORN_SQLITE, PROMPTS_PER_PERSON="3", **claude_settings(fake)) as site,
    ):
        tabs = Tabs(site)
        alice, bob = site.people.create("alice", "bob")
        session = await make_session(tabs, alice, bob)
        opened = [await tabs.in_room(alice, session) for _ in range(6)]
        responses = await asyncio.gather(*(tab.ask("execute", session=session, prompt="at once") for tab in opened))
        assert sum(response["success"] for response in responses) == 3
        refused = await opened[0].refusal("create_message", room=session, content="One more")
        assert refused["code"] == "REQUEST_FAILED"
        assert (
            refused["message"]
            == "Claude has 3 prompts of yours to reply to here already. Let it reply to some, or take one back."
        )
        bobs = await tabs.in_room(bob, session)
        assert (await bobs.ask("execute", session=session, prompt="my turn"))["success"]
        fake.release()
        await tabs.close_all()


async def test_the_next_person_waits_for_one_reply_and_not_for_all_of_another_s(site_builder: SiteBuilder) -> None:
    with (
        FakeClaude(default=Held(text="a b c", pieces=3, after=1)) as fake,
        site_builder.running(UVICORN_SQLITE, REPLIES_AT_ONCE="1", **claude_settings(fake)) as site,
    ):
        tabs = Tabs(site)
        alice, bob = site.people.create("alice", "bob")
        session = await make_session(tabs, alice, bob)
        tab, bobs = await tabs.in_room(alice, session), await tabs.in_room(bob, session)
        for number in range(8):
            await tab.request("execute", session=session, prompt=f"a{number}")
        assert await fake.until(lambda fake: len(fake.requests) == 1)
        response = await bobs.request("execute", session=session, prompt="b0")
        fake.default = Held(text="d e f", pieces=3, after=99)
        fake.release()
        assert (await end_of(bobs, response["reply"]["id"]))["reply"]["state"] == "complete"
        assert [prompt_of(seen.body).rpartition("> ")[2] for seen in fake.requests][:2] == ["a0", "b0"]
        await tabs.close_all()
