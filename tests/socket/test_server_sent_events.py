"""Streams of server-sent events on real servers: the same rights, limits, order and endings as sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_asyncio

from fake_claude import Held
from tests.servers.event_streams import EventStream, ServerEvent
from tests.servers.pages import deactivate_by_admin, sign_out
from tests.servers.people import Person
from tests.servers.sessions import make_session, site_with_claude
from tests.servers.sites import CLUSTER, DAPHNE_SQLITE, UVICORN_SQLITE, Profile, Site, SiteBuilder
from tests.servers.tabs import Tabs, session_cookie, ticket_for

# A site's first reply waits for the SDK, which a busy machine takes its time to load.
FIRST_WORDS_SECONDS = 60

# Of other streams and tabs in the same test; whether they come before or after a reply's events is no one's business.
COMINGS_AND_GOINGS = {"user_joined", "user_left", "tab_connected", "tab_disconnected"}

Open = Callable[..., Awaitable[EventStream]]


@pytest.fixture(params=[UVICORN_SQLITE, DAPHNE_SQLITE], ids=str)
def profile(request: pytest.FixtureRequest) -> Profile:
    return cast(Profile, request.param)


@pytest_asyncio.fixture
async def open_stream(site: Site) -> AsyncIterator[Open]:
    opened: list[EventStream] = []

    async def opener(room: str, person: Person | None = None, **options: Any) -> EventStream:
        stream = await EventStream.open(site.next_process(), room, person, **options)
        opened.append(stream)
        return stream

    yield opener
    for stream in opened:
        stream.close()


async def assert_ends(stream: EventStream, code: int) -> list[ServerEvent]:
    events = await stream.rest()
    assert events[-1].type == "closed" and events[-1].data["code"] == code
    return events


async def assert_refused(stream: EventStream, status: int, code: str) -> None:
    body = await stream.body()
    assert (stream.status, body["error"]["code"], body["success"]) == (status, code, False)


async def test_a_stream_begins_with_joined_and_goes_on_with_what_happens(
    open_tab: Tabs, open_stream: Open, alice: Person, bob: Person, room: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    await alices.post(room, "before")
    stream = await open_stream(room, bob)
    assert stream.status == 200 and stream.headers["content-type"].startswith("text/event-stream")
    assert "no-store" in stream.headers["cache-control"]
    joined = await stream.next()
    assert joined is not None and joined.type == "joined"
    assert [message["content"] for message in joined.data["messages"]] == ["before"]
    assert joined.id == str(joined.data["change"]) and stream.retry >= 1000
    await alices.expect("user_joined", user=bob.ref)
    await alices.request("typing", room=room, typing=True)
    message = await alices.post(room, "live\nin two lines")
    await alices.request("add_reaction", message=message["id"], emoji="👍")
    typing = await stream.next()
    assert typing is not None and (typing.type, typing.id) == ("typing", None)
    changes = [await stream.next(), await stream.next()]
    assert [event and (event.type, event.id) for event in changes] == [
        ("new_message", str(joined.data["change"] + 1)),
        ("message_updated", str(joined.data["change"] + 2)),
    ]
    stream.close()
    await alices.expect("user_left", user=bob.ref)


@pytest.mark.parametrize("cursor", ["header", "query"])
async def test_who_comes_back_gets_what_was_missed_as_single_events(
    open_tab: Tabs, open_stream: Open, alice: Person, bob: Person, room: str, cursor: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    posted = [await alices.post(room, f"number {number}") for number in range(4)]
    await alices.request("edit_message", message=posted[0]["id"], content="edited")
    change = str(posted[1]["change"])
    how: dict[str, Any] = (
        {"headers": {"Last-Event-ID": change}} if cursor == "header" else {"query": f"?after={change}"}
    )
    stream = await open_stream(room, bob, **how)
    joined = await stream.next()
    assert joined is not None and joined.id is None
    assert joined.data["messages"] == [] and joined.data["reset"] is False
    missed = [await stream.next() for _ in range(3)]
    assert [event and (event.type, event.id) for event in missed] == [
        ("new_message", str(posted[2]["change"])),
        ("new_message", str(posted[3]["change"])),
        ("message_updated", str(posted[3]["change"] + 1)),
    ]
    await alices.post(room, "live")
    live = await stream.expect("new_message")
    assert live.data["message"]["content"] == "live"


@pytest.mark.parametrize("cursor", ["999", "nonsense", "-1"])
async def test_a_cursor_that_cannot_be_honoured_means_a_new_beginning(
    open_tab: Tabs, open_stream: Open, alice: Person, bob: Person, room: str, cursor: str
) -> None:
    await (await open_tab(alice)).post(room, "here")
    stream = await open_stream(room, bob, headers={"Last-Event-ID": cursor})
    joined = await stream.next()
    assert joined is not None and joined.data["reset"] is True and joined.id == "1"
    assert [message["content"] for message in joined.data["messages"]] == ["here"]
    other = await open_stream(room, bob, query="?after=1&epoch=another")
    assert (await other.expect("joined")).data["reset"] is True


async def test_who_may_not_read_gets_no_stream(
    site: Site, open_stream: Open, alice: Person, mallory: Person, room: str
) -> None:
    await assert_refused(await open_stream(room), 401, "UNAUTHORIZED")
    await assert_refused(await open_stream(room, headers={"Authorization": "Bearer x"}), 401, "UNAUTHORIZED")
    await assert_refused(await open_stream(room, mallory), 404, "NOT_FOUND")
    for path in ("no-such-room", "UPPER", f"{room}/more", ""):
        await assert_refused(await open_stream(path, alice), 404, "NOT_FOUND")
    await assert_refused(await open_stream(room, alice, query="?after=x"), 400, "VALIDATION_ERROR")
    refused = await open_stream(room, alice, method="POST", headers={"Content-Length": "0"})
    assert refused.headers["allow"] == "GET"
    await assert_refused(refused, 405, "REQUEST_FAILED")
    assert (await open_stream(room, alice, method="HEAD")).status == 405


async def test_a_cookie_opens_a_stream_only_for_pages_of_our_own(
    site: Site, open_stream: Open, alice: Person, room: str
) -> None:
    cookie = session_cookie(site.people.sign_in(alice))
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        await assert_refused(await open_stream(room, headers={**cookie, **foreign}), 403, "UNAUTHORIZED")
    for own in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": site.processes[0].origin}):
        stream = await open_stream(room, headers={**cookie, **own})
        assert stream.status == 200 and "access-control-allow-origin" not in stream.headers


async def test_a_ticket_opens_one_stream(site: Site, open_stream: Open, alice: Person, room: str) -> None:
    ticket = ticket_for(site.processes[0], alice)
    assert (await open_stream(room, query=f"?token={ticket}")).status == 200
    await assert_refused(await open_stream(room, query=f"?token={ticket}"), 401, "UNAUTHORIZED")


async def test_a_stream_of_an_open_room_makes_a_member(
    open_tab: Tabs, open_stream: Open, alice: Person, mallory: Person, open_room: str
) -> None:
    alices = await open_tab.in_room(alice, open_room)
    assert (await (await open_stream(open_room, mallory)).expect("joined")).data["role"] == "member"
    await alices.expect("member_updated", user=mallory.ref)


async def test_signing_out_ends_a_stream_and_keeps_its_client_away(
    site: Site, open_stream: Open, alice: Person, room: str
) -> None:
    key = site.people.sign_in(alice)
    stream = await open_stream(room, headers=session_cookie(key))
    await stream.expect("joined")
    sign_out(site.processes[0], key)
    await assert_ends(stream, 4100)
    await assert_refused(await open_stream(room, headers=session_cookie(key)), 401, "UNAUTHORIZED")


async def test_a_deactivated_person_and_a_removed_member_hear_the_end(
    site: Site, open_tab: Tabs, open_stream: Open, alice: Person, bob: Person, carol: Person, room: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    await alices.request("add_member", room=room, user=carol.id)
    bobs, carols = await open_stream(room, bob), await open_stream(room, carol)
    await bobs.expect("joined")
    await carols.expect("joined")
    await alices.request("remove_member", room=room, user=bob.id)
    events = await assert_ends(bobs, 1000)
    assert events[-2].type == "left"
    await assert_refused(await open_stream(room, bob), 404, "NOT_FOUND")
    deactivate_by_admin(site, carol)
    await assert_ends(carols, 4101)


async def test_a_silent_stream_shows_that_it_lives(site_builder: SiteBuilder, profile: Profile) -> None:
    with site_builder.running(profile, SSE_KEEPALIVE_SECONDS=0.1, SOCKETS_PER_USER=1) as site:
        (alice,) = site.people.create("alice")
        room = await Tabs(site).make_room(alice)
        async with asyncio.timeout(15):  # her socket is going
            while True:
                stream = await EventStream.open(site.processes[0], room, alice)
                if stream.status == 200:
                    break
                await asyncio.sleep(0.05)
        await stream.expect("joined")
        with pytest.raises(TimeoutError):
            await stream.next(seconds=1)
        assert stream.comments and set(stream.comments) == {"keepalive"}
        await assert_refused(await EventStream.open(site.processes[0], room, alice), 429, "RATE_LIMITED")
        stream.close()


async def test_a_restart_says_goodbye_and_ends_the_body(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE) as site:
        (alice,) = site.people.create("alice")
        stream = await EventStream.open(site.processes[0], await Tabs(site).make_room(alice), alice)
        await stream.expect("joined")
        stopping = asyncio.create_task(asyncio.to_thread(site.processes[0].stop))
        events = await assert_ends(stream, 1012)
        await stopping
        assert "server_draining" in [event.type for event in events]


async def test_one_who_never_reads_is_cut_off_and_nobody_else_feels_it(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE, OUTBOX_BYTES=100_000) as site:
        alice, bob = site.people.create("alice", "bob")
        open_tab = Tabs(site)
        room = await open_tab.make_room(alice, bob)
        alices = await open_tab.in_room(alice, room)
        silent = await EventStream.open(site.processes[0], room, bob, small_buffers=True)
        silent.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await alices.expect("user_joined", user=bob.ref)
        for _ in range(800):
            if alices.unread("user_left", user=bob.ref):
                break
            await alices.post(room, "x" * 15_000)
        await alices.expect("user_left", user=bob.ref)
        before = site.log_marks()
        while "stream.closed" not in site.log_text(before):  # noqa: ASYNC110 - the server's log knows of no event
            await asyncio.sleep(0.2)
        await open_tab.close_all()


@pytest.mark.parametrize("profile", [CLUSTER], ids=str)
async def test_streams_in_all_processes_hear_the_same_in_order(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    streams = [await EventStream.open(process, room, bob) for process in site.processes]
    for stream in streams:
        await stream.expect("joined")
    tabs = [await open_tab(alice, process=process) for process in site.processes]
    await asyncio.gather(*(tabs[number % 2].post(room, f"number {number}") for number in range(20)))
    for stream in streams:
        ids = [int((await stream.expect("new_message")).id or 0) for _ in range(20)]
        assert ids == list(range(ids[0], ids[0] + 20))
        stream.close()


class Follower:
    """What a program shows of one reply that it follows by streams alone: joined, stream_start, deltas, stream_end."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.n = 0
        self.text = ""
        self.types: list[str] = []
        self.durable: list[int] = []
        self.end: dict[str, Any] = {}

    async def hear(self, stream: EventStream, until: Callable[[], bool]) -> None:
        while not until():
            event = await stream.next(FIRST_WORDS_SECONDS)
            assert event is not None, "the stream ended on its own"
            if event.type not in COMINGS_AND_GOINGS:
                self.types.append(event.type)
            if event.id is not None:
                self.cursor = event.id
                self.durable.append(int(event.id))
            if event.type == "joined":
                self._take(event.data["streams"])
            elif event.type == "stream_delta":
                # One that the keyframe holds already may follow it; what comes after is without a gap.
                assert event.id is None and event.data["n"] <= self.n + 1, "a delta was lost"
                if event.data["n"] == self.n + 1:
                    self.n, self.text = self.n + 1, self.text + event.data["text"]
            elif event.type == "stream_end":
                self.end = event.data["message"]

    def _take(self, keyframes: list[dict[str, Any]]) -> None:
        """Go on from where the reply stands; it may be further than what was heard, never behind."""
        for keyframe in keyframes:
            assert keyframe["n"] >= self.n and keyframe["text"].startswith(self.text)
            self.n, self.text = keyframe["n"], keyframe["text"]


@pytest.mark.parametrize("profile", [UVICORN_SQLITE, DAPHNE_SQLITE, CLUSTER], ids=str)
async def test_a_running_reply_is_followed_to_its_end_also_by_who_was_away_in_the_middle(
    site_builder: SiteBuilder, profile: Profile
) -> None:
    story = " ".join(f"word{number}" for number in range(300))
    with site_with_claude(site_builder, profile) as (site, fake):
        fake.default = Held(text=story, pieces=300, pause_s=0.01, after=200)
        alice, bob = site.people.create("alice", "bob")
        open_tab = Tabs(site)
        session = await make_session(open_tab, alice, bob)
        whole, wholes = await EventStream.open(site.processes[0], session, alice), Follower()
        first, bobs = await EventStream.open(site.processes[0], session, bob), Follower()
        await wholes.hear(whole, lambda: wholes.types == ["joined"])
        await bobs.hear(first, lambda: bobs.types == ["joined"])
        # In a cluster, the reply runs in the process of the asker, and is followed from the other one.
        alices = await open_tab(alice, process=site.processes[-1])
        reply = (await alices.request("execute", session=session, prompt="Tell me a story"))["reply"]["id"]
        await bobs.hear(first, lambda: "stream_delta" in bobs.types)
        first.close()
        assert "stream_start" in bobs.types and story.startswith(bobs.text) and 0 < len(bobs.text) < len(story)
        heard = bobs.n
        await wholes.hear(whole, lambda: wholes.n >= heard + 3)

        again = await EventStream.open(site.processes[-1], session, bob, headers={"Last-Event-ID": str(bobs.cursor)})
        bobs.types.clear()
        await bobs.hear(again, lambda: bobs.types == ["joined"])
        assert bobs.n >= heard + 3 and bobs.text != story, "who comes back must be told where the running reply stands"
        fake.release()
        await bobs.hear(again, lambda: bool(bobs.end))
        assert set(bobs.types[1:]) == {"stream_delta", "stream_end"}, "what had been heard came again"
        rows = {str(row["id"]): row["content"] for row in site.people.messages(session)}
        assert bobs.end["id"] == reply and bobs.end["reply"]["state"] == "complete"
        assert bobs.text == bobs.end["content"] == rows[reply] == story

        await wholes.hear(whole, lambda: bool(wholes.end))
        start = wholes.types.index("stream_start")
        # `message_updated` says that it is no longer queued, but running.
        assert set(wholes.types[start + 1 : -1]) <= {"stream_delta", "message_updated"}
        assert wholes.types[-1] == "stream_end"
        assert (wholes.text, wholes.end["content"]) == (story, story), "the deltas alone must make the whole text"
        for follower in (bobs, wholes):
            first_change, *_, last_change = follower.durable
            assert follower.durable == list(range(first_change, last_change + 1)), "a change was lost or doubled"
        assert bobs.cursor == wholes.cursor

        late = await EventStream.open(site.processes[0], session, bob, headers={"Last-Event-ID": str(bobs.cursor)})
        joined = await late.expect("joined")
        assert (joined.data["streams"], joined.data["messages"]) == ([], []), "it has heard everything"
        for stream in (whole, again, late):
            stream.close()
        await open_tab.close_all()
