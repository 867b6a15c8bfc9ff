"""A process's calendar clock jumps by an hour, to and fro: people stay connected, order is kept, a reply goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_claude import FakeClaude, Slow
from tests.faults.clock_server import set_shift
from tests.servers.people import People
from tests.servers.server_process import ServerProcess, environment
from tests.servers.sessions import claude_settings, end_of, make_session, words_of
from tests.servers.sites import SETTINGS, UVICORN_POSTGRES, Site, SiteBuilder, assert_no_traceback
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, ticket_for
from tests.socket.refusals import refusal

HOUR = 3600.0
# Buckets that a wrong clock could empty, and time-outs that it could end.
LIMITS = {"MESSAGES_PER_MINUTE": "300", "FRAMES_PER_SECOND": "50", "HEARTBEAT_INTERVAL_SECONDS": "1"}
WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"


class ShiftedProcess(ServerProcess):
    def __init__(self, env: dict[str, str], directory: Path) -> None:
        super().__init__("uvicorn", env, directory / "server.log")
        self.clock = directory / "clock"
        set_shift(self.clock, 0)

    def command(self) -> list[str]:
        return ["tests.faults.clock_server", str(self.clock)]


@contextmanager
def site_with_clock(builder: SiteBuilder, directory: Path, settings: dict[str, str]) -> Iterator[tuple[Site, Path]]:
    """A site with its database on another machine, and the file that sets its process's clock."""
    places = {"DATABASE_URL": builder.database_url("postgres"), "MEDIA_ROOT": str(directory / "media")}
    redis = {"REDIS_URL": builder.redis.url, "REDIS_PREFIX": directory.name}
    env = environment({**SETTINGS, **LIMITS, **places, **redis, **settings})
    process = ShiftedProcess(env, directory)
    site = Site(UVICORN_POSTGRES, [process], People(env, directory / "people.log"), env, directory, builder.redis)
    try:
        process.start()
        yield site, process.clock
    finally:
        site.stop()
    assert_no_traceback(site.log_text())


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_clock_that_jumps_puts_nobody_out(site_builder: SiteBuilder, tmp_path: Path, jump: float) -> None:
    with (
        FakeClaude(default=Slow(WORDS, pause_s=0.25)) as fake,
        site_with_clock(site_builder, tmp_path, claude_settings(fake)) as (site, clock),
    ):
        alice, bob = site.people.create("alice", "bob")
        tabs = Tabs(site)
        session = await make_session(tabs, alice, bob)
        alices = await tabs.by_session(site.people.sign_in(alice))
        await alices.request("join_room", room=session)
        bobs = await tabs.in_room(bob, session)
        old_ticket = ticket_for(site.processes[0], bob)
        await _say(alices, bobs, session, "before")
        asked = await alices.request("execute", session=session, prompt="Count", clientId="count")
        await words_of(bobs, asked["reply"]["id"])
        set_shift(clock, jump)
        await words_of(bobs, asked["reply"]["id"])
        await _say(alices, bobs, session, "in another hour")
        refused = await refusal(site.processes[0], query=f"?token={old_ticket}")
        assert refused.status == 401, "a ticket of another hour"
        newcomer = await tabs.by_ticket(ticket_for(site.processes[0], bob))
        assert (await newcomer.request("join_room", room=session))["room"]["slug"] == session
        ends = [await end_of(tab, asked["reply"]["id"]) for tab in (alices, bobs)]
        assert [end["reply"]["state"] for end in ends] == ["complete", "complete"]
        assert ends[0]["content"] == ends[1]["content"] == WORDS
        set_shift(clock, 0)
        await _say(alices, bobs, session, "after")
        people = (await alices.request("list_presence", room=session))["online"]
        assert {person["username"] for person in people} == {alice.username, bob.username}
        found = (await newcomer.request("get_messages", room=session))["messages"]
        said = [each["content"] for each in found if each["kind"] == "text" and "reply" not in each]
        assert said == ["before", "Count", "in another hour", "after"]
        assert [each["seq"] for each in found] == sorted(each["seq"] for each in found)
        await tabs.close_all()


async def _say(speaker: SocketClient, listener: SocketClient, room: str, text: str) -> None:
    await speaker.post(room, text)
    await listener.expect_message(text)
