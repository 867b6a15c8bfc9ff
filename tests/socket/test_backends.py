"""What replies with a key and without: Claude or the demo, which says in each reply that it is one and costs nothing."""

import pytest

from fake_claude import FakeClaude, Normal
from tests.servers.sessions import end_of, make_session, streamed
from tests.servers.sites import UVICORN_SQLITE, SiteBuilder
from tests.servers.socket_client import Data
from tests.servers.tabs import Tabs


async def replies(site_builder: SiteBuilder, fake: FakeClaude, key: str, backend: str) -> tuple[list[Data], list[str]]:
    """Ask in a site with these settings; return the reply as each of two tabs has it, and as each has heard it."""
    settings = {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": fake.url, "CLAUDE_BACKEND": backend}
    with site_builder.running(UVICORN_SQLITE, DEMO_WORDS_PER_SECOND="0", SPEND_DAY_USD="1", **settings) as site:
        tabs = Tabs(site)
        alice, bob = site.people.create("alice", "bob")
        session = await make_session(tabs, alice, bob)
        opened = [await tabs.in_room(person, session) for person in (alice, bob)]
        asked = await opened[0].request("execute", session=session, prompt="Write a list")
        reply = asked["reply"]["id"]
        ends = [await end_of(tab, reply, 30) for tab in opened]
        heard = [streamed(tab, reply) for tab in opened]
        await tabs.close_all()
    return ends, heard


@pytest.mark.parametrize(("key", "backend"), [("", "auto"), ("test-key", "demo")])
async def test_the_demo_says_that_it_is_one_in_every_tab_sends_nothing_and_costs_nothing(
    site_builder: SiteBuilder, key: str, backend: str
) -> None:
    with FakeClaude() as fake:
        ends, heard = await replies(site_builder, fake, key, backend)
        assert fake.paths == []
    first, other = ends
    assert first == other and heard == [first["content"]] * 2
    assert (first["reply"]["state"], first["reply"]["demo"], first["reply"]["model"]) == ("complete", True, "demo")
    assert "demo" in first["content"].splitlines()[0].lower() and first["reply"]["cost"] == 0


async def test_with_a_key_claude_replies(site_builder: SiteBuilder) -> None:
    with FakeClaude(default=Normal("I am Claude.")) as fake:
        ends, _heard = await replies(site_builder, fake, "test-key", "auto")
    for ended in ends:
        assert (ended["content"], ended["reply"]["demo"], ended["reply"]["cost"] > 0) == ("I am Claude.", False, True)


async def test_where_there_must_be_a_key_nothing_pretends_without_one(site_builder: SiteBuilder) -> None:
    with FakeClaude() as fake:
        ends, _heard = await replies(site_builder, fake, "", "anthropic")
        assert fake.paths == []
    for ended in ends:
        assert (ended["reply"]["state"], ended["content"], ended["reply"]["demo"]) == ("failed", "", False)
        assert ended["reply"]["error"] == "Claude is not available. The administrators can see why."
