"""The bill of a reply, however it ended: each attempt once, nothing left reserved, and the counters are its sum."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from fake_claude import BadKey, Cut, FakeClaude, Held, Mode, Normal, Silent, Slow
from tests.servers.sessions import end_of, make_session, site_with_claude, until, words_of
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

TEXT = "one two three four five six seven eight nine ten"


@pytest.fixture(params=[CLUSTER], ids=str)
def claude_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    with site_with_claude(site_builder, request.param) as running:
        yield running


@pytest.fixture
def site(claude_site: tuple[Site, FakeClaude]) -> Site:
    return claude_site[0]


@pytest.fixture
def fake(claude_site: tuple[Site, FakeClaude]) -> FakeClaude:
    return claude_site[1]


class Desk:
    """alice's session, and a tab of hers."""

    def __init__(self, site: Site, session: str, tab: SocketClient) -> None:
        self.site, self.session, self.tab = site, session, tab

    async def ask(self, fake: FakeClaude, mode: Mode, prompt: str = "Say something") -> str:
        fake.default = mode
        return str((await self.tab.request("execute", session=self.session, prompt=prompt))["reply"]["id"])

    def assert_all_is_settled(self, *replies: str) -> list[dict[str, Any]]:
        """Return the bills' lines: nothing of them is open, and all counters are their sum."""
        lines = [line for reply in replies for line in self.site.people.bill(reply)]
        assert {line["state"] for line in lines} <= {"settled", "released"}
        spent = sum(line["cost_microusd"] for line in lines)
        counters = self.site.people.tell("counters")
        assert len(counters) == 7, "of ever; of alice, her room and everyone, each in a day and a month"
        assert all(counter == [0, spent] for counter in counters.values()), (counters, lines)
        return lines


@pytest_asyncio.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    tabs = Tabs(site)
    (alice,) = site.people.create("alice")
    session = await make_session(tabs, alice)
    yield Desk(site, session, await tabs.in_room(alice, session, process=site.processes[-1]))
    await tabs.close_all()


async def test_every_end_settles_its_attempt_and_what_never_ran_is_released(desk: Desk, fake: FakeClaude) -> None:
    complete = await desk.ask(fake, Normal(TEXT))
    await end_of(desk.tab, complete)
    cut = await desk.ask(fake, Cut(text=TEXT, pieces=10, after=5))
    await end_of(desk.tab, cut)
    fake.default = Normal(" and on.")
    await desk.tab.request("continue_reply", message=cut)
    whole = await end_of(desk.tab, cut)
    await desk.tab.request("retry_reply", message=complete)
    await end_of(desk.tab, complete)
    refused = await desk.ask(fake, BadKey())
    await end_of(desk.tab, refused)
    stopped = await desk.ask(fake, Slow(TEXT * 50, pause_s=0.02))
    await words_of(desk.tab, stopped, 3)
    waiting = await desk.ask(fake, Normal(TEXT))
    await desk.tab.request("stop_reply", message=waiting)
    await desk.tab.request("stop_reply", message=stopped)
    ended = await end_of(desk.tab, stopped)

    lines = desk.assert_all_is_settled(complete, cut, refused, stopped, waiting)
    assert [line["state"] for line in lines] == ["settled"] * 6 + ["released"]
    assert [line["attempt"] for line in lines] == [1, 1, 1, 2, 1, 1, 1]
    assert [line["cost_microusd"] > 0 for line in lines] == [True, True, True, True, False, True, False]
    assert whole["reply"]["cost"] == lines[2]["cost_microusd"] + lines[3]["cost_microusd"]
    assert ended["reply"]["cost"] == lines[5]["cost_microusd"]
    assert lines[5]["output_tokens"] >= len(ended["content"]) // 4 > 0


async def test_one_that_is_stopped_before_its_first_word_costs_what_it_may_have_read(
    desk: Desk, fake: FakeClaude
) -> None:
    reply = await desk.ask(fake, Silent(), "word " * 500)
    assert await fake.until(lambda fake: bool(fake.requests), 60)
    await desk.tab.request("stop_reply", message=reply)
    ended = await end_of(desk.tab, reply)
    assert await fake.until(lambda fake: fake.requests[0].closed_at is not None)
    (line,) = desk.assert_all_is_settled(reply)
    assert 500 < line["input_tokens"] == ended["reply"]["usage"]["inputTokens"] < 4000
    assert line["output_tokens"] == 0 < line["cost_microusd"] < line["reserved_microusd"]


@pytest.mark.parametrize("mode", [Silent(), Held(text=TEXT, pieces=10, after=5)], ids=["unknown", "known"])
async def test_one_whose_process_dies_costs_what_is_known_or_else_what_was_reserved(
    desk: Desk, fake: FakeClaude, mode: Mode
) -> None:
    site = desk.site
    reply = await desk.ask(fake, mode)
    assert await fake.until(lambda fake: bool(fake.requests), 60)
    if isinstance(mode, Held):
        await until(lambda: site.people.tell("reply_of", message=reply)["text"], "a checkpoint")
    victim = next(process for process in site.processes if "reply.started" in process.log_text(0))
    victim.kill()
    victim.start()
    await until(lambda: site.people.tell("reply_of", message=reply)["state"] == "interrupted", "interrupted", 20)
    (line,) = desk.assert_all_is_settled(reply)
    if isinstance(mode, Held):
        assert line["input_tokens"] > 0 and 0 < line["cost_microusd"] < line["reserved_microusd"]
    else:
        assert line["cost_microusd"] == line["reserved_microusd"] > 0
