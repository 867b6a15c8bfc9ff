"""Every way in which a call of the model fails: the end state, the text kept, the same in all tabs, and a way on."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.servers.events import assert_gapless
from tests.servers.fake_claude import (
    BadKey,
    Cut,
    ErrorInStream,
    FakeClaude,
    Garbage,
    Mode,
    NoCredit,
    NoMessageStop,
    Normal,
    Overloaded,
    Reset,
    SplitUtf8,
    Stall,
    StopReason,
    Tiny,
    TooManyRequests,
    WithThinking,
)
from tests.servers.sessions import end_of, make_session, site_with_claude, streamed
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

READ_SECONDS = 1
TEXT = "one two three four five six seven eight nine ten"


@pytest.fixture(scope="module")
def claude_site(site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    with site_with_claude(site_builder, UVICORN_SQLITE, CLAUDE_READ_SECONDS=READ_SECONDS) as running:
        yield running


@pytest.fixture
def site(claude_site: tuple[Site, FakeClaude]) -> Site:
    return claude_site[0]


@pytest.fixture
def fake(claude_site: tuple[Site, FakeClaude]) -> Iterator[FakeClaude]:
    yield claude_site[1]
    claude_site[1].default = Normal()


@pytest_asyncio.fixture
async def tabs(site: Site) -> AsyncIterator[list[SocketClient]]:
    """Two tabs of two people in one session."""
    open_tab = Tabs(site)
    alice, bob = site.people.create("alice", "bob")
    session = await make_session(open_tab, alice, bob)
    yield [await open_tab.in_room(person, session) for person in (alice, bob)]
    await open_tab.close_all()


def session_of(tab: SocketClient) -> str:
    return str(next(f["data"]["room"]["slug"] for f in tab.frames if f["type"] == "joined"))


async def ask(tab: SocketClient, prompt: str = "Say something") -> str:
    asked = await tab.request("execute", session=session_of(tab), prompt=prompt)
    return str(asked["reply"]["id"])


@pytest.mark.parametrize(
    "mode",
    [
        ErrorInStream(text=TEXT, pieces=10, after=5),
        Cut(text=TEXT, pieces=10, after=5),
        Reset(text=TEXT, pieces=10, after=5),
        Stall(text=TEXT, pieces=10, after=5),
        Garbage(text=TEXT, pieces=10, after=5),
        NoMessageStop(text=TEXT, pieces=10, after=5),
    ],
    ids=lambda mode: type(mode).__name__,
)
async def test_what_breaks_in_mid_stream_is_interrupted_with_its_text_and_continues(
    tabs: list[SocketClient], fake: FakeClaude, mode: Mode
) -> None:
    fake.default = mode
    reply = await ask(tabs[0])
    for tab in tabs:
        ended = await end_of(tab, reply, READ_SECONDS + 8)
        assert ended["reply"]["state"] == "interrupted"
        assert ended["content"] == streamed(tab, reply) != "" and TEXT.startswith(ended["content"])
        assert ended["reply"]["error"]
        assert_gapless(tab, session_of(tab))
    failed = [frame for frame in tabs[0].frames if frame["type"] == "error"]
    assert [frame["error"]["code"] for frame in failed] == ["STREAM_ERROR"]
    assert "requestId" in failed[0], "the requester's pending call ends too"
    fake.default = Normal(" and on.")
    await tabs[1].request("continue_reply", message=reply)
    assert (await end_of(tabs[0], reply))["content"].endswith(" and on.")


@pytest.mark.parametrize("mode", [BadKey(), NoCredit(), Overloaded()], ids=lambda mode: type(mode).__name__)
async def test_what_fails_before_the_stream_says_so_and_can_be_retried(
    site: Site, tabs: list[SocketClient], fake: FakeClaude, mode: Mode
) -> None:
    fake.default = mode
    reply = await ask(tabs[0])
    for tab in tabs:
        ended = await end_of(tab, reply)
        assert (ended["reply"]["state"], ended["content"]) == ("failed", "")
        assert ended["reply"]["error"] and "test-key" not in str(ended)
    await tabs[1].post(session_of(tabs[0]), "chat goes on")
    fake.default = Normal("Better now.")
    await end_of(
        tabs[0], (await tabs[0].expect("stream_start", where=lambda d: d["message"]["id"] != reply))["message"]["id"]
    )
    await tabs[1].request("retry_reply", message=reply)
    ended = await end_of(tabs[0], reply)
    assert (ended["content"], ended["reply"]["version"]) == ("Better now.", 1)


async def test_too_many_requests_are_tried_again_by_themselves(tabs: list[SocketClient], fake: FakeClaude) -> None:
    fake.will(TooManyRequests(retry_after=0.1), Overloaded(), Normal("At last."))
    reply = await ask(tabs[0])
    assert (await end_of(tabs[1], reply))["content"] == "At last."


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "model_context_window_exceeded"])
async def test_other_stop_reasons_are_complete_and_labelled(
    tabs: list[SocketClient], fake: FakeClaude, reason: str
) -> None:
    fake.default = StopReason(text=TEXT, stop_reason=reason)
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply)
    assert (ended["reply"]["state"], ended["reply"]["stopReason"]) == ("complete", reason)


async def test_thinking_is_streamed_apart_from_the_text(tabs: list[SocketClient], fake: FakeClaude) -> None:
    fake.default = WithThinking(text="The answer.", thinking="Let me see.")
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply)
    assert (ended["content"], ended["reply"]["thinking"]) == ("The answer.", "Let me see.")
    heard = "".join(frame["data"].get("thinking", "") for frame in tabs[1].frames if frame["type"] == "stream_delta")
    assert heard == "Let me see."


async def test_characters_cut_in_two_arrive_whole(tabs: list[SocketClient], fake: FakeClaude) -> None:
    fake.default = SplitUtf8()
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply)
    assert ended["content"] == streamed(tabs[1], reply) == SplitUtf8().text


async def test_the_text_of_a_reply_is_not_sent_again_and_again(tabs: list[SocketClient], fake: FakeClaude) -> None:
    """At most twice the text and 4 KB: once as deltas, once with the end."""
    fake.default = Tiny(10_000)
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply, 30)
    assert ended["content"] == streamed(tabs[1], reply)
    size = len(ended["content"].encode())
    deltas = [f["data"]["text"] for f in tabs[1].frames if f["type"] == "stream_delta"]
    assert len(deltas) < 200, "10,000 pieces were not collected"
    ends = [
        f["data"]["message"] for f in tabs[1].frames if f["type"] in ("stream_start", "message_updated", "stream_end")
    ]
    texts = deltas + [message[name] for message in ends for name in ("content", "html") if name in message]
    assert sum(len(text.encode()) for text in texts) <= 2 * size + 4096


async def test_a_bad_key_is_explained_to_the_administrators_only(
    site: Site, tabs: list[SocketClient], fake: FakeClaude
) -> None:
    fake.default = BadKey()
    reply = await ask(tabs[0])
    ended = await end_of(tabs[0], reply)
    assert "401" not in ended["reply"]["error"] and "key" not in ended["reply"]["error"]
    detail = site.manage(
        "shell", "-c", f"from chat.models import Reply; print(Reply.objects.get(message={reply}).error_detail)"
    )
    assert "authentication" in detail and "test-key" not in detail
