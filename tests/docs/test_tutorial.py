"""The bot in docs/tutorial.md works as it is printed there."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from tests.docs.settings_read import REPOSITORY
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs

PAGE: Final = (REPOSITORY / "docs/tutorial.md").read_text()
ARRIVAL_SECONDS: Final = 30
LINES_AT_MOST: Final = 40


def bot() -> str:
    (found,) = re.findall(r"^```python bot\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    with site_builder.running(UVICORN_SQLITE) as running:
        yield running


@pytest_asyncio.fixture
async def open_tab(site: Site) -> AsyncIterator[Tabs]:
    tabs = Tabs(site)
    yield tabs
    await tabs.close_all()


def test_the_bot_is_short() -> None:
    assert len(bot().splitlines()) <= LINES_AT_MOST


async def test_the_bot_joins_an_open_room_and_tells_the_time(site: Site, open_tab: Tabs, tmp_path: Path) -> None:
    alice, clock = site.people.create("alice", "clock")
    room = await open_tab.make_room(alice, kind="open")
    script = tmp_path / "bot.py"
    await asyncio.to_thread(script.write_text, bot())
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, site.processes[0].socket_url, clock.token, room,
        stdout=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), ARRIVAL_SECONDS)
        assert line.decode() == f"listening in {room}\n"
        async with await open_tab.in_room(alice, room) as tab:
            asked = await tab.post(room, "!time, please")
            told = await tab.expect("new_message", where=lambda data: "replyTo" in data["message"])
        assert told["message"]["author"]["username"] == clock.username
        assert told["message"]["replyTo"]["id"] == asked["id"]
        assert re.fullmatch(r"\d\d:\d\d", told["message"]["content"])
    finally:
        process.kill()
        await process.wait()
