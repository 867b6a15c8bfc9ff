"""REPLIES_AT_ONCE: a process that has its hands full leaves further replies waiting, and takes them up afterwards."""

import asyncio

from fake_claude import Held
from tests.servers.sessions import end_of, make_session, site_with_claude, words_of
from tests.servers.sites import UVICORN_SQLITE, SiteBuilder
from tests.servers.tabs import Tabs

QUIET_SECONDS = 0.2


async def test_further_replies_wait_until_one_has_ended(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, UVICORN_SQLITE, REPLIES_AT_ONCE=1, REPLY_POLL_SECONDS="0.02") as (site, fake):
        fake.default = Held(text="a b c", pieces=3, after=1)
        (alice,) = site.people.create("alice")
        tabs = Tabs(site)
        replies = []
        for _ in range(2):
            session = await make_session(tabs, alice)
            tab = await tabs.in_room(alice, session)
            response = await tab.request("execute", session=session, prompt="at once")
            replies.append((tab, response["reply"]["id"]))
        await words_of(*replies[0])
        await asyncio.sleep(QUIET_SECONDS)
        assert len(fake.requests) == 1
        fake.default = Held(text="d e f", pieces=3, after=99)
        fake.release()
        for tab, reply in replies:
            assert (await end_of(tab, reply))["reply"]["state"] == "complete"
        await tabs.close_all()
