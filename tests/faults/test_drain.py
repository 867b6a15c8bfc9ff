"""A process that is told to end does so in good order, though its database does not respond any more."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from fake_claude import FakeClaude, Normal
from tests.faults.nemesis import exit_of
from tests.faults.proxy import ProxyThread
from tests.faults.rules.run import DRAINED_WITHIN_SECONDS
from tests.servers.processes import REPOSITORY
from tests.servers.server_process import ServerProcess, environment
from tests.servers.sessions import claude_settings, make_session, words_of
from tests.servers.sites import SETTINGS, UVICORN_POSTGRES, SiteBuilder
from tests.servers.tabs import Tabs, session_cookie

RESTART = 1012
# As in production: a shorter one would hide that the parts of a drain add up.
DRAIN_SECONDS = 5
ASKED_SECONDS = 0.2
PAGE_SECONDS = 30
STUBBORN = """
import asyncio
from config import serve
serve.set_up_django(laptop=False)
from chat.realtime.hub import Hub
Hub.stop = lambda hub: asyncio.sleep(60)
serve.main()
"""


@pytest.mark.parametrize("database", ["silent", "gone"])
async def test_without_its_database_a_process_ends_in_time(site_builder: SiteBuilder, database: str) -> None:
    """With a reply and a message at work, and a page that waits while the database is silent."""
    with (
        FakeClaude(default=Normal(pause_s=0.2)) as fake,
        site_builder.private_postgres() as (postgres, url),
        ProxyThread() as proxies,
    ):
        way = proxies.to(postgres.port)
        settings = {**claude_settings(fake), "DATABASE_URL": url.replace(f":{postgres.port}/", f":{way.port}/")}
        with site_builder.running(UVICORN_POSTGRES, DRAIN_SECONDS=DRAIN_SECONDS, **settings) as site:
            (process,) = site.processes
            (alice,) = site.people.create("alice")
            cookie = session_cookie(site.people.sign_in(alice))
            tabs = Tabs(site)
            session = await make_session(tabs, alice)
            tab = await tabs.in_room(alice, session)
            asked = await tab.request("execute", session=session, prompt="Talk for long", clientId="1")
            await words_of(tab, asked["reply"]["id"])
            if database == "silent":
                way.black_hole(True)
            else:
                postgres.stop()
            post = {"room": session, "content": "Too late", "clientId": "2"}
            await tab.send("create_message", id="late", payload=post)
            async with httpx.AsyncClient(base_url=process.origin, headers=cookie, timeout=PAGE_SECONDS) as client:
                # A page without a database fails at once, and Django logs that with a traceback of its own.
                pages = [asyncio.create_task(client.get("/"))] if database == "silent" else []
                await asyncio.sleep(ASKED_SECONDS)
                seconds, code = await asyncio.to_thread(exit_of, process)
                responses = [(await page).status_code for page in pages]
            closed_with, _reason = await tab.wait_closed()
            is_cut_off = "request.cut_off" in process.log_text()
            way.black_hole(False)  # or other users of the database would wait forever
    assert code == 0
    assert seconds <= DRAINED_WITHIN_SECONDS
    assert closed_with == RESTART
    assert responses == [httpx.codes.SERVICE_UNAVAILABLE] * len(pages)
    assert is_cut_off or database == "gone"


class StubbornProcess(ServerProcess):
    """A server with something in it that does not end."""

    def launch(self) -> None:
        command = [sys.executable, "-c", STUBBORN]
        self.spawn(command, {**self._env, "HOST": "127.0.0.1", "PORT": str(self.port)}, cwd=REPOSITORY)


async def test_what_does_not_let_itself_be_ended_keeps_no_process(site_builder: SiteBuilder, tmp_path: Path) -> None:
    settings = {**SETTINGS, "DATABASE_URL": site_builder.database_url("sqlite"), "MEDIA_ROOT": str(tmp_path)}
    process = StubbornProcess("uvicorn", environment(settings), tmp_path / "server.log")
    process.start()
    try:
        _seconds, code = await asyncio.to_thread(exit_of, process)
    finally:
        process.stop()
    assert code == 0
    assert "process.left_unfinished" in process.log_text()
