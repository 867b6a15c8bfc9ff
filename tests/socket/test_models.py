"""Choosing a model for a room, on real servers: what Anthropic lists decides, while it can be asked."""

from fake_claude.wire import MODELS
from tests.servers.sessions import end_of, make_session, site_with_claude
from tests.servers.sites import UVICORN_SQLITE, SiteBuilder
from tests.servers.tabs import Tabs

NOBODYS = "claude-sonnet-99"


async def test_only_what_anthropic_lists_may_be_chosen(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, UVICORN_SQLITE) as (site, fake):
        (alice,) = site.people.create("alice")
        open_tab = Tabs(site)
        room = await make_session(open_tab, alice)
        tab = await open_tab.in_room(alice, room)
        # A first reply, so that the SDK is loaded: a response that comes too late counts as none.
        await end_of(tab, (await tab.request("execute", session=room, prompt="hello"))["reply"]["id"], 60)
        error = await tab.refusal("update_room", room=room, claude={"model": NOBODYS})
        assert (error["code"], "Unknown model" in error["message"]) == ("REQUEST_FAILED", True)
        assert "/v1/models" in fake.paths
        response = await tab.request("update_room", room=room, claude={"model": MODELS[-1]})
        assert response["room"]["claude"]["model"] == MODELS[-1]
        await open_tab.close_all()


async def test_a_list_that_cannot_be_fetched_blocks_nobody(site_builder: SiteBuilder) -> None:
    unreachable = {
        "ANTHROPIC_API_KEY": "test-key",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "CLAUDE_BACKEND": "anthropic",
    }
    with site_builder.running(UVICORN_SQLITE, **unreachable) as site:
        (alice,) = site.people.create("alice")
        open_tab = Tabs(site)
        room = await make_session(open_tab, alice)
        tab = await open_tab.in_room(alice, room)
        response = await tab.request("update_room", room=room, claude={"model": NOBODYS})
        assert response["room"]["claude"]["model"] == NOBODYS
        error = await tab.refusal("update_room", room=room, claude={"model": "two words"})
        assert error["code"] == "REQUEST_FAILED"
        await open_tab.close_all()
