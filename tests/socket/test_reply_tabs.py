"""Three people with two tabs each, one reply of 2,000 deltas, tabs that reload and join at random moments."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from fake_claude import FakeClaude, Slow
from tests.servers.people import Person
from tests.servers.sessions import ENDS, make_session, site_with_claude
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import Frame, SocketClient
from tests.servers.tabs import Tabs

DELTAS = 2000
MOMENTS = 50
STORY = " ".join(f"word{number}" for number in range(DELTAS))
PAUSE_SECONDS = 0.005


@pytest.fixture(params=[CLUSTER], ids=str)
def claude_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    with site_with_claude(site_builder, request.param) as running:
        yield running


class Screen:
    """What a tab shows of one reply: the rules for clients of docs/protocol.md, applied frame by frame."""

    def __init__(self, tab: SocketClient, message_id: str) -> None:
        self.tab = tab
        self.message_id = message_id
        self.n = -1
        self.text = ""
        self.shown: list[str] = []
        self.state = "running"
        self._read = 0

    async def look(self) -> None:
        """Apply what has come; on a gap, ask for a keyframe."""
        while self._read < len(self.tab.frames):
            frame = self.tab.frames[self._read]
            self._read += 1
            if self._hear(frame):
                keyframe = await self.tab.request("get_stream", message=self.message_id)
                self._take(keyframe)
            if not self.shown or self.shown[-1] != self.text:
                self.shown.append(self.text)

    def _hear(self, frame: Frame) -> bool:
        """Return whether a delta is missing."""
        data = frame.get("data") or {}
        if frame["type"] == "joined":
            for keyframe in data["streams"]:
                self._take(keyframe)
            for message in data["messages"]:
                self._row(message)
        elif "message" in data:
            self._row(data["message"])
        elif frame["type"] == "stream_delta" and data["messageId"] == self.message_id:
            if data["n"] == self.n + 1:
                self.n, self.text = data["n"], self.text + data["text"]
            return bool(data["n"] > self.n)
        return False

    def _row(self, message: Frame) -> None:
        if message["id"] != self.message_id:
            return
        self.state = message["reply"]["state"]
        if self.state in ENDS:
            self.text = message["content"]
        elif self.n < 0 and self.state == "queued":
            self.n = 0

    def _take(self, keyframe: Frame) -> None:
        if keyframe["messageId"] == self.message_id and keyframe["n"] > self.n:
            self.n, self.text = keyframe["n"], keyframe["text"]


async def test_every_tab_shows_a_growing_prefix_and_all_end_equal(claude_site: tuple[Site, FakeClaude]) -> None:
    site, fake = claude_site
    fake.default = Slow(STORY, pieces=DELTAS, pause_s=PAUSE_SECONDS)
    tabs, chance = Tabs(site), random.Random(3)
    people: list[Person] = site.people.create("alice", "bob", "carol")
    session = await make_session(tabs, *people)
    opened = [(person, await tabs.in_room(person, session)) for person in people for _ in range(2)]
    asked = await opened[0][1].request("execute", session=session, prompt="a long story")
    reply = str(asked["reply"]["id"])
    screens = [Screen(tab, reply) for _person, tab in opened]
    everything = list(screens)
    seconds = DELTAS * PAUSE_SECONDS
    for _moment in range(MOMENTS):
        await asyncio.sleep(chance.uniform(0, 2 * seconds / MOMENTS))
        at = chance.randrange(len(opened))
        person, old = opened[at]
        if chance.random() < 0.5:
            await old.abort()
        else:
            await old.close()
        fresh = await tabs.in_room(person, session)
        opened[at] = (person, fresh)
        screens[at] = Screen(fresh, reply)
        everything.append(screens[at])
        await asyncio.gather(*(screen.look() for screen in screens))
    async with asyncio.timeout(60):
        while any(screen.state not in ENDS for screen in screens):
            await asyncio.sleep(0.05)
            await asyncio.gather(*(screen.look() for screen in screens))
    rows = {str(row["id"]): row["content"] for row in site.people.messages(session)}
    assert rows[reply] == STORY
    for screen in screens:
        assert screen.text == STORY
    for screen in everything:
        assert all(STORY.startswith(text) for text in screen.shown)
        assert [len(text) for text in screen.shown] == sorted(len(text) for text in screen.shown), "the text shrank"
    assert sum(len(screen.shown) > 1 for screen in everything) > MOMENTS / 5, "hardly any tab saw the text grow"
    await tabs.close_all()
