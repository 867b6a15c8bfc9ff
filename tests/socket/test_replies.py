"""Claude's replies over real sockets, with the real SDK and the fake: prompts, streams, queue, stop, versions, continue."""

import asyncio
from collections.abc import Iterator

import pytest
import pytest_asyncio

from fake_claude import FakeClaude, Held, Normal, Slow
from tests.servers.events import assert_gapless
from tests.servers.sessions import end_of, is_about, make_session, site_with_claude, streamed, until, words_of
from tests.servers.sites import CLUSTER, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.stopwatch import stopwatch
from tests.servers.tabs import Tabs

STORY = ("Once upon a time there was a room in which everyone heard the same words. " * 5).strip()


@pytest.fixture(params=[UVICORN_SQLITE, CLUSTER], ids=str, scope="module")
def claude_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    with site_with_claude(site_builder, request.param) as running:
        yield running


@pytest.fixture
def site(claude_site: tuple[Site, FakeClaude]) -> Site:
    return claude_site[0]


@pytest.fixture
def fake(claude_site: tuple[Site, FakeClaude]) -> Iterator[FakeClaude]:
    yield claude_site[1]
    claude_site[1].default = Normal()
    claude_site[1].release()


class Table:
    """alice and bob, each in a process of their own where there are two, in one session."""

    def __init__(self, session: str, alice: SocketClient, bob: SocketClient) -> None:
        self.session = session
        self.alice = alice
        self.bob = bob

    async def ask(self, prompt: str, tab: SocketClient | None = None) -> str:
        """Send a prompt and return the id of the message that replies to it."""
        asked = await (tab or self.alice).request("execute", session=self.session, prompt=prompt)
        assert asked["message"]["content"] == prompt
        return str(asked["reply"]["id"])


@pytest_asyncio.fixture
async def table(site: Site, open_tab: Tabs) -> Table:
    alice, bob = site.people.create("alice", "bob")
    session = await make_session(open_tab, alice, bob)
    first, last = site.processes[0], site.processes[-1]
    return Table(
        session,
        await open_tab.in_room(alice, session, process=first),
        await open_tab.in_room(bob, session, process=last),
    )


async def test_a_reply_streams_to_every_tab_and_ends_as_a_row(table: Table, fake: FakeClaude) -> None:
    fake.default = Normal(STORY, pieces=50, pause_s=0.005)
    reply = await table.ask("Tell me a story")
    for tab in (table.alice, table.bob):
        ended = await end_of(tab, reply)
        assert ended["content"] == STORY == streamed(tab, reply)
        assert ended["reply"]["state"] == "complete"
        assert ended["reply"]["stopReason"] == "end_turn"
        assert ended["reply"]["usage"]["outputTokens"] > 0
        assert_gapless(tab, table.session)
    types = [frame["type"] for frame in table.bob.frames if is_about(frame, reply)]
    assert types[:2] == ["stream_start", "message_updated"] and types[-1] == "stream_end"
    assert set(types[2:-1]) == {"stream_delta"}


async def test_only_the_requester_hears_the_request_id(table: Table, fake: FakeClaude) -> None:
    await table.alice.send("execute", id="mine", payload={"session": table.session, "prompt": "Hello"})
    response = await table.alice.frame(lambda frame: frame.get("requestId") == "mine", "the response")
    reply = response["data"]["reply"]["id"]
    assert response["type"] == "execute", "the response must come before the stream that carries its id"
    await end_of(table.alice, reply)
    await end_of(table.bob, reply)
    mine = [frame for frame in table.alice.frames if is_about(frame, reply) and frame["type"].startswith("stream_")]
    assert mine and all(frame.get("requestId") == "mine" for frame in mine)
    assert not any("requestId" in frame for frame in table.bob.frames if is_about(frame, reply))


async def test_the_same_prompt_sent_twice_gets_one_reply(table: Table, fake: FakeClaude) -> None:
    first = await table.alice.request("execute", session=table.session, prompt="Once", clientId="once-" + table.session)
    again = await table.alice.request("execute", session=table.session, prompt="Once", clientId="once-" + table.session)
    assert (again["message"]["id"], again["reply"]["id"]) == (first["message"]["id"], first["reply"]["id"])
    error = await table.alice.refusal(
        "execute", session=table.session, prompt="Twice", clientId="once-" + table.session
    )
    assert error["code"] == "CONFLICT"


async def test_a_message_in_a_session_is_a_prompt(table: Table, fake: FakeClaude) -> None:
    posted = await table.bob.post(table.session, "Hello, all")
    started = await table.alice.expect("stream_start")
    assert started["message"]["reply"]["prompt"] == posted["id"]
    assert started["requestedBy"]["username"] == posted["author"]["username"]
    await end_of(table.alice, started["message"]["id"])


async def test_in_a_room_claude_replies_when_it_is_mentioned(site: Site, open_tab: Tabs, fake: FakeClaude) -> None:
    alice, bob = site.people.create("alice", "bob")
    room = await open_tab.make_room(alice, bob)
    tab = await open_tab.in_room(alice, room)
    await tab.post(room, "No one asks anybody")
    await tab.post(room, "@claude what do you say?")
    started = await tab.expect("stream_start")
    assert started["message"]["author"]["username"] == "claude"
    await end_of(tab, started["message"]["id"])
    assert len([frame for frame in tab.frames if frame["type"] == "stream_start"]) == 1


async def test_prompts_wait_for_their_turn_in_the_same_order_for_all(table: Table, fake: FakeClaude) -> None:
    fake.default = Held(text=STORY, after=3)
    first = await table.ask("first")
    await words_of(table.bob, first)
    second = await table.ask("second", table.bob)
    third = await table.ask("third")
    joined = await (table.bob).request("get_messages", room=table.session)
    states = {m["id"]: m["reply"]["state"] for m in joined["messages"] if "reply" in m}
    assert states == {first: "running", second: "queued", third: "queued"}
    fake.default = Normal("Short.")
    fake.release()
    for reply in (first, second, third):
        for tab in (table.alice, table.bob):
            assert (await end_of(tab, reply))["reply"]["state"] == "complete"
    orders = [
        [f["data"]["message"]["id"] for f in tab.frames if f["type"] == "stream_end"]
        for tab in (table.alice, table.bob)
    ]
    assert orders == [[first, second, third]] * 2


async def test_a_waiting_prompt_can_be_withdrawn_and_edited_by_its_author(table: Table, fake: FakeClaude) -> None:
    fake.default = Held(text=STORY, after=2)
    running = await table.ask("running")
    await words_of(table.alice, running)
    withdrawn = await table.alice.request("execute", session=table.session, prompt="withdrawn")
    edited = await table.bob.request("execute", session=table.session, prompt="before")
    await table.alice.request("delete_message", message=withdrawn["message"]["id"])
    await table.bob.request("edit_message", message=edited["message"]["id"], content="after")
    fake.default = Normal()
    fake.release()
    assert (await end_of(table.bob, edited["reply"]["id"]))["reply"]["state"] == "complete"
    page = await table.bob.request("get_messages", room=table.session)
    rows = {message["id"]: message for message in page["messages"]}
    assert "deletedAt" in rows[withdrawn["message"]["id"]] and "deletedAt" in rows[withdrawn["reply"]["id"]]
    last = fake.requests[-1].body["messages"][-1]
    assert "after" in str(last) and "before" not in str(last)
    assert not any("withdrawn" in str(seen.body["messages"][-1]) for seen in fake.requests)


async def test_stopping_closes_the_upstream_and_names_the_stopper(table: Table, fake: FakeClaude) -> None:
    fake.default = Slow(STORY * 20, pause_s=0.02)
    reply = await table.ask("a long one")
    await words_of(table.bob, reply, 3)
    upstream = fake.requests[-1]
    with stopwatch() as watch:
        response = await table.bob.request("stop_reply", message=reply)
        assert response["state"] == "stopped"
        await until(lambda: upstream.closed_at is not None, "the fake saw its client go")
    assert upstream.closed_at is not None and watch.at(upstream.closed_at) < 1
    ends = [await end_of(tab, reply) for tab in (table.alice, table.bob)]
    assert ends[0]["content"] == ends[1]["content"] == streamed(table.alice, reply) != ""
    assert ends[0]["reply"]["stoppedBy"]["username"] == table.bob.welcome["user"]["username"]
    assert ends[0]["reply"]["usage"]["inputTokens"] > 0


async def test_retry_makes_a_version_and_all_are_kept(table: Table, fake: FakeClaude) -> None:
    fake.will(Normal("The first reply."), Normal("The second reply."))
    reply = await table.ask("Which one?")
    await end_of(table.alice, reply)
    await table.bob.request("retry_reply", message=reply)
    ended = await end_of(table.alice, reply)
    assert (ended["content"], ended["reply"]["version"], ended["reply"]["versions"]) == ("The second reply.", 2, 2)
    shown = await table.alice.request("show_version", message=reply, version=1)
    assert shown["message"]["content"] == "The first reply." and shown["message"]["reply"]["versions"] == 2
    told = await table.bob.expect(
        "message_updated", where=lambda data: data["message"]["content"] == "The first reply."
    )
    assert told["message"]["id"] == reply and "The first reply." in told["message"]["html"]


async def test_editing_a_prompt_that_has_a_reply_branches(table: Table, fake: FakeClaude) -> None:
    fake.will(Normal("About cats."), Normal("About dogs."))
    asked = await table.alice.request("execute", session=table.session, prompt="cats?")
    prompt, reply = asked["message"]["id"], asked["reply"]["id"]
    await end_of(table.alice, reply)
    await table.alice.request("edit_message", message=prompt, content="dogs?")
    assert (await end_of(table.bob, reply, 15))["content"] == "About cats."
    assert (await end_of(table.bob, reply, 15))["content"] == "About dogs."
    for reader, shown in ((table.bob, "dogs?"), (table.alice, "cats?")):  # its author alone brings a prompt's text back
        await reader.request("show_version", message=reply, version=1)
        page = await table.alice.request("get_messages", room=table.session)
        assert [m["content"] for m in page["messages"] if m["id"] in (prompt, reply)] == [shown, "About cats."]


async def test_a_stopped_reply_continues_in_the_same_message(table: Table, fake: FakeClaude) -> None:
    fake.will(Slow("one two three four five six seven eight nine ten " * 20, pause_s=0.02), Normal(" and the rest."))
    reply = await table.ask("count")
    await words_of(table.alice, reply, 3)
    await table.alice.request("stop_reply", message=reply)
    half = (await end_of(table.bob, reply))["content"]
    await table.bob.request("continue_reply", message=reply)
    whole = await end_of(table.bob, reply)
    assert whole["content"] == half + " and the rest."
    assert whole["reply"]["version"] == 1 and whole["reply"]["attempt"] == 2
    turns = fake.requests[-1].body["messages"]
    assert turns[-2]["role"] == "assistant" and turns[-1]["role"] == "user", "prefill is refused by current models"
    assert streamed(table.alice, reply) == whole["content"]


async def test_a_late_joiner_gets_a_keyframe_and_misses_nothing(
    site: Site, table: Table, open_tab: Tabs, fake: FakeClaude
) -> None:
    fake.default = Slow(STORY * 4, pause_s=0.01)
    reply = await table.ask("a long one")
    await words_of(table.bob, reply, 5)
    late = await open_tab(site.people.create("carol")[0], process=site.processes[-1])
    await table.alice.request("add_member", room=table.session, user=late.welcome["user"]["username"])
    joined = await late.request("join_room", room=table.session)
    (keyframe,) = joined["streams"]
    assert keyframe["messageId"] == reply and keyframe["n"] > 0 and keyframe["state"] == "running"
    ended = await end_of(late, reply, 30)
    later = [f["data"] for f in late.frames if f["type"] == "stream_delta" and f["data"]["n"] > keyframe["n"]]
    assert [delta["n"] for delta in later] == list(range(keyframe["n"] + 1, keyframe["n"] + 1 + len(later)))
    assert keyframe["text"] + "".join(delta["text"] for delta in later) == ended["content"]


async def test_an_outsider_can_neither_ask_nor_hear_nor_stop(
    site: Site, table: Table, open_tab: Tabs, fake: FakeClaude
) -> None:
    fake.default = Held(text=STORY, after=2)
    reply = await table.ask("ours")
    await words_of(table.alice, reply)
    mallory = await open_tab(site.people.create("mallory")[0])
    for request in (
        {"type": "execute", "session": table.session, "prompt": "let me in"},
        {"type": "stop_reply", "message": reply},
        {"type": "retry_reply", "message": reply},
        {"type": "continue_reply", "message": reply},
        {"type": "show_version", "message": reply, "version": 1},
        {"type": "get_stream", "message": reply},
    ):
        assert (await mallory.refusal(**request))["code"] == "NOT_FOUND"
    fake.release()
    await end_of(table.alice, reply)
    assert not [frame for frame in mallory.frames if frame["type"].startswith("stream_")]


async def test_a_member_removed_in_mid_stream_hears_nothing_more(table: Table, fake: FakeClaude) -> None:
    fake.default = Slow(STORY * 20, pause_s=0.02)
    reply = await table.ask("a long one")
    await words_of(table.bob, reply, 3)
    await table.alice.request("remove_member", room=table.session, user=table.bob.welcome["user"]["username"])
    await table.bob.wait(1)
    heard = len(table.bob.frames)
    await words_of(table.alice, reply, 20)
    assert [f for f in table.bob.frames[heard:] if f["type"].startswith("stream_")] == []
    await table.alice.request("stop_reply", message=reply)


async def test_the_last_tab_closing_does_not_stop_a_reply(
    site: Site, table: Table, open_tab: Tabs, fake: FakeClaude
) -> None:
    fake.default = Slow(STORY, pause_s=0.02)
    reply = await table.ask("go on without us")
    await words_of(table.alice, reply)
    await asyncio.gather(table.alice.close(), table.bob.close())
    await until(lambda: fake.requests[-1].ended, "the fake has said all")
    rows = {row["id"]: row for row in site.people.messages(table.session)}
    await until(
        lambda: {str(row["id"]): row for row in site.people.messages(table.session)}[reply]["content"] != "", "stored"
    )
    rows = {str(row["id"]): row for row in site.people.messages(table.session)}
    assert rows[reply]["content"] == STORY
