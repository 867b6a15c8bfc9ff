"""Every way in which a call of the model fails: the end state, the text kept, the same in all tabs, and a way on."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from fake_claude import (
    BadKey,
    Cut,
    ErrorInStream,
    FakeClaude,
    Garbage,
    Huge,
    Mode,
    NoCredit,
    NoMessageStop,
    Normal,
    Overloaded,
    Pings,
    Reset,
    ServerError,
    Silent,
    SplitUtf8,
    Stall,
    StopReason,
    Tiny,
    TooManyRequests,
    UnknownModel,
    WithThinking,
)
from tests.servers.events import assert_gapless
from tests.servers.people import Person
from tests.servers.sessions import end_of, is_about, make_session, site_with_claude, streamed
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

READ_SECONDS = 1
# What stands around the words of a delta.
DELTA_ENVELOPE_BYTES = 250
TEXT = "one two three four five six seven eight nine ten"


@pytest.fixture(scope="module", params=[CLUSTER], ids=str)
def claude_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    with site_with_claude(site_builder, request.param, CLAUDE_READ_SECONDS=READ_SECONDS) as running:
        yield running


@pytest.fixture
def site(claude_site: tuple[Site, FakeClaude]) -> Site:
    return claude_site[0]


@pytest.fixture
def fake(claude_site: tuple[Site, FakeClaude]) -> Iterator[FakeClaude]:
    yield claude_site[1]
    claude_site[1].default = Normal()


class Seat(NamedTuple):
    person: Person
    session: str


@pytest_asyncio.fixture
async def seat(site: Site, open_tab: Tabs) -> Seat:
    """bob's, in a session of alice's."""
    alice, bob = site.people.create("alice", "bob")
    return Seat(bob, await make_session(open_tab, alice, bob))


@pytest_asyncio.fixture
async def tabs(site: Site, open_tab: Tabs, seat: Seat) -> list[SocketClient]:
    """Two tabs of bob's in each process."""
    return [await open_tab.in_room(seat.person, seat.session, process=process) for process in site.processes * 2]


async def ends_everywhere(site: Site, tabs: list[SocketClient], reply: str, seconds: float = 15) -> dict[str, Any]:
    """Return the end of a reply, which must be the same in all tabs, in the database, and for who opens it now."""
    first, *others = [await end_of(tab, reply, seconds) for tab in tabs]
    assert all(other == first for other in others)
    page = await tabs[-1].request("get_messages", room=first["room"])
    row = next(message for message in page["messages"] if message["id"] == reply)
    assert {"html": row["html"], **first} == row  # only the end of a stream leaves the formatted text out
    stored = site.people.tell("reply_of", message=reply)
    assert (stored["state"], stored["text"]) == (first["reply"]["state"], first["content"])
    return first


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
        Pings(text=TEXT, pieces=10, after=5),
        Garbage(text=TEXT, pieces=10, after=5),
        NoMessageStop(text=TEXT, pieces=10, after=5),
    ],
    ids=lambda mode: type(mode).__name__,
)
async def test_what_breaks_in_mid_stream_is_interrupted_with_its_text_and_continues(
    site: Site, tabs: list[SocketClient], fake: FakeClaude, mode: Mode
) -> None:
    fake.default = mode
    reply = await ask(tabs[0])
    ended = await ends_everywhere(site, tabs, reply, READ_SECONDS * 5 + 8)
    assert ended["reply"]["state"] == "interrupted" and ended["reply"]["error"]
    assert TEXT.startswith(ended["content"])
    for tab in tabs:
        assert ended["content"] == streamed(tab, reply) != ""
        assert_gapless(tab, session_of(tab))
    failed = [frame for frame in tabs[0].frames if frame["type"] == "error"]
    assert [frame["error"]["code"] for frame in failed] == ["STREAM_ERROR"]
    assert "requestId" in failed[0], "the requester's pending call ends too"
    fake.default = Normal(" and on.")
    await tabs[-1].request("continue_reply", message=reply)
    whole = await ends_everywhere(site, tabs, reply)
    assert whole["content"] == ended["content"] + " and on."
    assert (whole["reply"]["state"], whole["reply"]["attempt"], "error" in whole["reply"]) == ("complete", 2, False)
    fake.default = Normal("Again.")
    await tabs[-1].request("retry_reply", message=reply)
    again = await ends_everywhere(site, tabs, reply)
    assert (again["content"], again["reply"]["version"], again["reply"]["versions"]) == ("Again.", 2, 2)


@pytest.mark.parametrize(
    "mode",
    [
        BadKey(),
        NoCredit(),
        UnknownModel(),
        TooManyRequests(retry_after=0.01),
        Overloaded(),
        ServerError(),
        Silent(),
    ],
    ids=lambda mode: type(mode).__name__,
)
async def test_what_fails_before_the_stream_says_so_and_can_be_retried(
    site: Site, tabs: list[SocketClient], fake: FakeClaude, mode: Mode
) -> None:
    fake.default = mode
    await fails_and_is_retried(site, tabs, fake)


async def test_an_upstream_that_cannot_be_reached_says_so_and_can_be_retried(
    site: Site, tabs: list[SocketClient], fake: FakeClaude
) -> None:
    fake.stop()
    try:
        reply = await ask(tabs[0])
        ended = await ends_everywhere(site, tabs, reply)
    finally:
        fake.start()
    assert ended["reply"]["error"] == "Claude could not be reached. Try again in a moment."
    await tabs[-1].request("retry_reply", message=reply)
    assert (await ends_everywhere(site, tabs, reply))["reply"]["state"] == "complete"


async def fails_and_is_retried(site: Site, tabs: list[SocketClient], fake: FakeClaude) -> None:
    reply = await ask(tabs[0])
    ended = await ends_everywhere(site, tabs, reply)
    assert (ended["reply"]["state"], ended["content"]) == ("failed", "")
    assert ended["reply"]["error"] and "test-key" not in str(ended)
    fake.default = Normal("Better now.")
    await tabs[-1].request("execute", session=session_of(tabs[0]), prompt="The chat goes on")
    later = await tabs[0].expect("stream_start", where=lambda data: data["message"]["id"] != reply)
    await end_of(tabs[0], later["message"]["id"])
    await tabs[-1].request("retry_reply", message=reply)
    again = await ends_everywhere(site, tabs, reply)
    assert (again["content"], again["reply"]["state"], again["reply"]["version"]) == ("Better now.", "complete", 1)


async def test_too_many_requests_are_tried_again_by_themselves(tabs: list[SocketClient], fake: FakeClaude) -> None:
    fake.will(TooManyRequests(retry_after=0.1), Overloaded(), Normal("At last."))
    reply = await ask(tabs[0])
    assert (await end_of(tabs[1], reply))["content"] == "At last."


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "model_context_window_exceeded"])
async def test_other_stop_reasons_are_complete_and_labelled(
    site: Site, tabs: list[SocketClient], fake: FakeClaude, reason: str
) -> None:
    fake.default = StopReason(text=TEXT, stop_reason=reason)
    reply = await ask(tabs[0])
    ended = await ends_everywhere(site, tabs, reply)
    assert ended["content"] == TEXT
    assert (ended["reply"]["state"], ended["reply"]["stopReason"]) == ("complete", reason)


async def test_thinking_is_streamed_apart_from_the_text(tabs: list[SocketClient], fake: FakeClaude) -> None:
    fake.default = WithThinking(text="The reply.", thinking="Let me see.")
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply)
    assert (ended["content"], ended["reply"]["thinking"]) == ("The reply.", "Let me see.")
    heard = "".join(frame["data"].get("thinking", "") for frame in tabs[1].frames if frame["type"] == "stream_delta")
    assert heard == "Let me see."


async def test_characters_cut_in_two_arrive_whole(tabs: list[SocketClient], fake: FakeClaude) -> None:
    fake.default = SplitUtf8()
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply)
    assert ended["content"] == streamed(tabs[1], reply) == SplitUtf8().text


@pytest.mark.parametrize(
    "mode", [Tiny(10_000), Cut(text="words " * 4_000, pieces=10_000, after=9_000)], ids=["complete", "interrupted"]
)
async def test_the_text_of_a_reply_is_not_sent_again_and_again(
    tabs: list[SocketClient], fake: FakeClaude, mode: Mode
) -> None:
    """At most twice the text and 4 KB: once as deltas, once with the end. How often words go out is the pace's matter."""
    fake.default = mode
    reply = await ask(tabs[0])
    ended = await end_of(tabs[1], reply, 30)
    assert ended["content"] == streamed(tabs[1], reply)
    frames = [frame for frame in tabs[1].frames if is_about(frame, reply)]
    deltas = sum(frame["type"] == "stream_delta" for frame in frames)
    assert deltas < 200, "10,000 pieces were not collected"
    sent = sum(len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()) for frame in frames)
    assert sent - deltas * DELTA_ENVELOPE_BYTES <= 2 * len(ended["content"].encode()) + 4096


async def test_one_huge_piece_reaches_every_tab_in_frames_of_bounded_size(
    site: Site, tabs: list[SocketClient], fake: FakeClaude
) -> None:
    """A megabyte in one moment may be more than a tab's outbox takes: words are left out then, and the end brings them."""
    fake.default = Huge(1_000_000)
    reply = await ask(tabs[0])
    ended = await ends_everywhere(site, tabs, reply)
    assert len(ended["content"]) == 1_000_000
    for tab in tabs:
        pieces = [len(frame["data"]["text"]) for frame in tab.frames if frame["type"] == "stream_delta"]
        assert len(pieces) > 1 and max(pieces) <= 16_000


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
