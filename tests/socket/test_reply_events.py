"""Replies that fail, followed by server-sent events alone."""

import pytest

from fake_claude import Cut
from tests.servers.event_streams import EventStream
from tests.servers.sessions import FIRST_WORD_SECONDS, make_session, site_with_claude
from tests.servers.sites import CLUSTER, Profile, SiteBuilder
from tests.servers.tabs import Tabs


@pytest.mark.parametrize("profile", [CLUSTER], ids=str)
async def test_a_reply_that_breaks_off_is_told_once_with_its_text_also_to_those_who_were_away(
    site_builder: SiteBuilder, profile: Profile
) -> None:
    with site_with_claude(site_builder, profile) as (site, fake):
        fake.default = Cut(text="one two three four", pieces=4, after=3)
        alice, bob = site.people.create("alice", "bob")
        open_tab = Tabs(site)
        session = await make_session(open_tab, alice, bob)
        stream = await EventStream.open(site.processes[0], session, bob)
        await stream.expect("joined")
        alices = await open_tab(alice, process=site.processes[-1])
        reply = (await alices.request("execute", session=session, prompt="Count"))["reply"]["id"]
        started = await stream.expect("stream_start", FIRST_WORD_SECONDS)
        failed = await stream.expect("error", FIRST_WORD_SECONDS)
        message = failed.data["message"]
        assert (message["id"], message["reply"]["state"]) == (reply, "interrupted")
        assert "one two three four".startswith(message["content"]) and message["content"]
        stream.close()
        again = await EventStream.open(site.processes[-1], session, bob, headers={"Last-Event-ID": str(started.id)})
        missed = await again.expect("error")
        assert (missed.id, missed.data["message"]["content"]) == (failed.id, message["content"])
        again.close()
        last = await EventStream.open(site.processes[-1], session, bob, headers={"Last-Event-ID": str(failed.id)})
        assert (await last.expect("joined")).data["messages"] == []
        last.close()
        await open_tab.close_all()
