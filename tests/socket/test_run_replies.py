"""A dedicated runner beside the server processes: it runs the replies while it lives, and they do when it is gone."""

import asyncio
import signal
import subprocess
import sys
import time

from fake_claude import Slow
from tests.servers.processes import REPOSITORY, STOP_SECONDS
from tests.servers.sessions import end_of, make_session, site_with_claude, streamed, until, words_of
from tests.servers.sites import CLUSTER, UVICORN_POSTGRES, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.stopwatch import stopwatch
from tests.servers.tabs import Tabs

STORY = ("word " * 200).strip()
REST = ("more of it " * 50).strip()  # what a continued reply repeats is left out
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
    with site_with_claude(site_builder, CLUSTER) as (site, fake):
        fake.default = Slow(STORY, pause_s=0.01)
        runner = await start_runner(site)
        try:
            tabs = Tabs(site)
            alice, bob = site.people.create("alice", "bob")
            session = await make_session(tabs, alice, bob)
            everywhere = [await tabs.in_room(alice, session, process=process) for process in site.processes]
            tab = everywhere[0]
            first = (await tab.request("execute", session=session, prompt="one"))["reply"]["id"]
            for each in everywhere:
                assert (await end_of(each, first, 30))["content"] == STORY == streamed(each, first)
            assert "reply.started" not in site.log_text(), "a server process ran it"
            second = (await tab.request("execute", session=session, prompt="two"))["reply"]["id"]
            await words_of(tab, second, 30)
            late = await tabs.in_room(bob, session)
            joined = next(f["data"] for f in late.frames if f["type"] == "joined")
            assert joined["streams"][0]["messageId"] == second and joined["streams"][0]["text"]
            runner.kill()
            killed_at = time.monotonic()
            ends = [await end_of(each, second, TOLD_WITHIN_SECONDS + 5) for each in (*everywhere, late)]
            assert time.monotonic() - killed_at < TOLD_WITHIN_SECONDS
            assert ends == ends[:1] * 3
            assert ends[0]["reply"]["state"] == "interrupted" and 0 < len(ends[0]["content"]) < len(STORY)
            fake.default = Slow(REST, pause_s=0.01)
            await late.request("continue_reply", message=second)
            for each in (*everywhere, late):
                whole = await end_of(each, second, 30)
                assert (whole["reply"]["state"], whole["content"]) == ("complete", ends[0]["content"] + REST)
            assert "reply.started" in site.log_text()
            await tabs.close_all()
        finally:
            runner.kill()
            runner.wait(STOP_SECONDS)


async def test_a_member_stops_what_it_runs_from_any_process(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, CLUSTER) as (site, fake):
        fake.default = Slow(STORY * 20, pause_s=0.02)
        runner = await start_runner(site)
        try:
            tabs = Tabs(site)
            alice, bob = site.people.create("alice", "bob")
            session = await make_session(tabs, alice, bob)
            alices, bobs = [
                await tabs.in_room(person, session, process=process)
                for person, process in zip((alice, bob), site.processes, strict=True)
            ]
            reply = (await alices.request("execute", session=session, prompt="one"))["reply"]["id"]
            await words_of(bobs, reply, 3)
            await bobs.close()  # a reload: the tab that stops has heard no delta
            bobs = await tabs.in_room(bob, session, process=site.processes[-1])
            with stopwatch() as watch:
                await bobs.request("stop_reply", message=reply)
                await until(lambda: fake.requests[-1].closed_at is not None, "the fake saw its client go")
            assert watch.at(fake.requests[-1].closed_at or 0) < 1
            ends = [await end_of(tab, reply) for tab in (alices, bobs)]
            assert ends[0] == ends[1] and ends[0]["content"] == streamed(alices, reply) != ""
            assert ends[0]["reply"]["stoppedBy"] == bob.ref
            await tabs.close_all()
        finally:
            runner.kill()
            runner.wait(STOP_SECONDS)


async def test_where_server_processes_run_none_prompts_wait_until_it_is_there(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, UVICORN_POSTGRES, REPLIES_IN_WEB="0") as (site, fake):
        tabs = Tabs(site)
        (alice,) = site.people.create("alice")
        session = await make_session(tabs, alice)
        tab = await tabs.in_room(alice, session)
        replies = [
            (await tab.request("execute", session=session, prompt=prompt))["reply"]["id"] for prompt in ("one", "two")
        ]
        await tab.wait(HEARD_SECONDS)
        assert fake.requests == [] and {site.people.tell("reply_of", message=reply)["state"] for reply in replies} == {
            "queued"
        }
        runner = await start_runner(site)
        try:
            for reply in replies:
                assert (await end_of(tab, reply, 30))["reply"]["state"] == "complete"
            await tabs.close_all()
        finally:
            runner.kill()
            runner.wait(STOP_SECONDS)


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


async def test_it_passes_over_what_the_servers_tell_each_other_of_their_tabs(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, CLUSTER) as (site, _fake):
        runner = await start_runner(site)
        try:
            tabs = Tabs(site)
            alice, bob = site.people.create("alice", "bob")
            session = await make_session(tabs, alice, bob)
            for process in site.processes:
                await tabs.in_room(alice, session, process=process)
            await asyncio.sleep(HEARD_SECONDS)
            await tabs.close_all()
        finally:
            runner.send_signal(signal.SIGTERM)
            said = (await asyncio.to_thread(runner.communicate))[0]
    assert "Traceback" not in said and "hub.bad_layer_message" not in said
