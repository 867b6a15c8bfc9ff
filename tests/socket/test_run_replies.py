"""A dedicated runner beside the server processes: it runs the replies while it lives, and they do when it is gone."""

import asyncio
import signal
import subprocess
import sys
import time

from tests.servers.fake_claude import Slow
from tests.servers.processes import REPOSITORY
from tests.servers.sessions import end_of, make_session, site_with_claude, words_of
from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs

STORY = ("word " * 200).strip()
# Until the server processes have heard of the runner, and until they have missed it.
HEARD_SECONDS = 3
TOLD_WITHIN_SECONDS = 10


def launch(site: Site) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", "run_replies"]
    return subprocess.Popen(
        command, env=site.env, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


async def start_runner(site: Site) -> "subprocess.Popen[str]":
    runner = launch(site)
    assert runner.stdout is not None
    line = await asyncio.to_thread(runner.stdout.readline)
    while "Running replies" not in line:
        assert line, "run_replies ended at its start"
        line = await asyncio.to_thread(runner.stdout.readline)
    await asyncio.sleep(HEARD_SECONDS)
    return runner


async def test_the_server_processes_leave_the_replies_to_it_and_take_over_when_it_dies(
    site_builder: SiteBuilder,
) -> None:
    with site_with_claude(site_builder, UVICORN_POSTGRES) as (site, fake):
        fake.default = Slow(STORY, pause_s=0.01)
        runner = await start_runner(site)
        try:
            tabs = Tabs(site)
            alice, bob = site.people.create("alice", "bob")
            session = await make_session(tabs, alice, bob)
            tab = await tabs.in_room(alice, session)
            first = (await tab.request("execute", session=session, prompt="one"))["reply"]["id"]
            assert (await end_of(tab, first, 30))["content"] == STORY
            assert "reply.started" not in site.log_text(), "a server process ran it"
            second = (await tab.request("execute", session=session, prompt="two"))["reply"]["id"]
            await words_of(tab, second, 30)
            late = await tabs.in_room(bob, session)
            joined = next(f["data"] for f in late.frames if f["type"] == "joined")
            assert joined["streams"][0]["messageId"] == second and joined["streams"][0]["text"]
            runner.kill()
            killed_at = time.monotonic()
            ended = await end_of(tab, second, TOLD_WITHIN_SECONDS + 5)
            assert ended["reply"]["state"] == "interrupted" and ended["content"]
            assert time.monotonic() - killed_at < TOLD_WITHIN_SECONDS
            await tab.request("continue_reply", message=second)
            assert (await end_of(tab, second, 30))["reply"]["state"] == "complete"
            assert "reply.started" in site.log_text()
            await tabs.close_all()
        finally:
            runner.kill()
            runner.wait()


async def test_told_to_end_it_keeps_what_was_said(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, UVICORN_POSTGRES) as (site, fake):
        fake.default = Slow(STORY, pause_s=0.02)
        runner = await start_runner(site)
        tabs = Tabs(site)
        (alice,) = site.people.create("alice")
        session = await make_session(tabs, alice)
        tab = await tabs.in_room(alice, session)
        reply = (await tab.request("execute", session=session, prompt="one"))["reply"]["id"]
        await words_of(tab, reply, 5)
        runner.send_signal(signal.SIGTERM)
        ended = await end_of(tab, reply, TOLD_WITHIN_SECONDS)
        assert ended["reply"]["state"] == "interrupted" and STORY.startswith(ended["content"]) and ended["content"]
        assert await asyncio.to_thread(runner.wait, 10) == 0
        await tabs.close_all()


def test_without_redis_it_says_what_is_missing(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE) as site:
        command = [sys.executable, "manage.py", "run_replies"]
        done = subprocess.run(command, env=site.env, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "REDIS_URL is not set" in done.stderr
