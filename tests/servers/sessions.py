"""Sites whose Claude is the fake, and what the tests of replies ask of tabs again and again."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fake_claude import FakeClaude
from tests.servers.people import Person, unique
from tests.servers.sites import Profile, Site, SiteBuilder
from tests.servers.socket_client import Data, Frame, SocketClient
from tests.servers.tabs import Tabs

FIRST_WORD_SECONDS = 60
ENDS = ("complete", "stopped", "interrupted", "failed")


def claude_settings(fake: FakeClaude) -> dict[str, str]:
    """Return what makes a site talk to the fake."""
    return {"ANTHROPIC_API_KEY": "test-key", "ANTHROPIC_BASE_URL": fake.url, "CLAUDE_BACKEND": "anthropic"}


@contextmanager
def site_with_claude(builder: SiteBuilder, profile: Profile, **settings: Any) -> Iterator[tuple[Site, FakeClaude]]:
    with FakeClaude() as fake, builder.running(profile, **{**claude_settings(fake), **settings}) as site:
        yield site, fake


async def make_session(tabs: Tabs, owner: Person, *members: Person) -> str:
    """Have the owner create a session with these members; return its slug."""
    tab = await tabs(owner)
    room = unique("session")
    names = [member.username for member in members]
    await tab.request("create_room", kind="session", room=room, name=room, members=names)
    await tab.close()
    return room


def is_about(frame: Frame, message_id: str) -> bool:
    data = frame.get("data") or {}
    return data.get("messageId") == message_id or (data.get("message") or {}).get("id") == message_id


async def end_of(tab: SocketClient, message_id: str, seconds: float = 15) -> Data:
    """Wait for the end of a reply, whichever it is, and return its message."""
    frame = await tab.frame(
        lambda frame: (
            is_about(frame, message_id)
            and frame["type"] in ("stream_end", "error")
            and frame["data"]["message"]["reply"]["state"] in ENDS
        ),
        f"the end of {message_id}",
        seconds,
    )
    return dict(frame["data"]["message"])


async def words_of(tab: SocketClient, message_id: str, count: int = 1) -> None:
    """Wait until so many deltas of a reply have come. A process's first reply waits until the SDK is imported."""
    for _ in range(count):
        await tab.expect("stream_delta", messageId=message_id, seconds=FIRST_WORD_SECONDS)


def streamed(tab: SocketClient, message_id: str) -> str:
    """Return the text that a tab has heard as deltas, which must count without a gap."""
    deltas = [f["data"] for f in tab.frames if f["type"] == "stream_delta" and f["data"]["messageId"] == message_id]
    numbers = [delta["n"] for delta in deltas]
    assert numbers == list(range(1, len(numbers) + 1)), f"deltas were lost or repeated: {numbers}"
    return "".join(delta["text"] for delta in deltas)


async def until(condition: Any, what: str, seconds: float = 10) -> None:
    """Wait for something that no frame tells of."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"not in {seconds} s: {what}"
        await asyncio.sleep(0.02)
