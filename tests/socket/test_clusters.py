"""Several processes: one dies or is restarted, and nothing is lost, doubled or left hanging."""

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from tests.servers.events import assert_gapless
from tests.servers.server_process import ServerProcess
from tests.servers.sites import CLUSTER, UVICORN_SQLITE, Profile, Site, SiteBuilder
from tests.servers.socket_client import Frame, SocketClient
from tests.servers.tabs import Tabs
from tests.socket.presence import until_online

DRAIN_SECONDS = 10
MESSAGES = 300
STORED_BEFORE_CRASH = 20
STORED_WITHIN_SECONDS = 15


@pytest.fixture(scope="module")
def module_cluster(site_builder: SiteBuilder) -> Iterator[Site]:
    with site_builder.running(CLUSTER) as site:
        yield site


@pytest.fixture
def cluster(module_cluster: Site) -> Iterator[Site]:
    """Two processes, of which a test may do away with the second."""
    yield module_cluster
    for process in module_cluster.processes:
        process.thaw()
        if not process.is_running:
            process.start()


async def test_messages_in_flight_at_a_crash_are_stored_once_after_a_resend(cluster: Site) -> None:
    alice, bob = cluster.people.create("alice", "bob")
    survivor, victim = cluster.processes
    open_tab = Tabs(cluster)
    room = await open_tab.make_room(alice, bob)
    bobs = await open_tab.in_room(bob, room, process=survivor)
    ids = await post_until_killed(await open_tab(alice, process=victim), room, victim)
    again = await open_tab(alice, process=survivor)
    for number in range(MESSAGES):
        message = await again.post(room, f"number {number}", clientId=f"{room}-{number}")
        assert message["id"] == ids.get(f"{room}-{number}", message["id"])
    stored = [row["content"] for row in cluster.people.messages(room)]
    assert sorted(stored) == sorted(f"number {number}" for number in range(MESSAGES))
    while len([f for f in bobs.frames if f["type"] == "new_message"]) < MESSAGES:
        await bobs.expect("new_message", seconds=15)
    heard = [f["data"]["message"]["content"] for f in bobs.frames if f["type"] == "new_message"]
    assert heard == stored
    assert_gapless(bobs, room)
    await open_tab.close_all()


async def post_until_killed(tab: SocketClient, room: str, victim: ServerProcess) -> dict[str, str]:
    """Post without waiting, kill the process in the middle, and return the ids that came back, by client id.

    The second half is sent to a process that stands still: on a quick machine all would be confirmed before the crash.
    """
    for number in range(MESSAGES):
        if number == MESSAGES // 2:
            async with asyncio.timeout(STORED_WITHIN_SECONDS):
                while len(responses_of(tab)) < STORED_BEFORE_CRASH:  # noqa: ASYNC110 - frames have no event
                    await asyncio.sleep(0.005)
            victim.freeze()
        await tab.send("create_message", id=f"{room}-{number}", room=room, content=f"number {number}")
    victim.kill()
    await tab.wait_closed()
    responses = responses_of(tab)
    assert 0 < len(responses) < MESSAGES, "the crash came too early or too late to prove anything"
    return {frame["requestId"]: frame["data"]["message"]["id"] for frame in responses}


def responses_of(tab: SocketClient) -> list[Frame]:
    return [frame for frame in tab.frames if frame["type"] == "create_message"]


@pytest.mark.parametrize("profile", [UVICORN_SQLITE, CLUSTER], ids=str)
async def test_a_server_that_is_told_to_stop_says_so_and_closes_1012(
    site_builder: SiteBuilder, profile: Profile
) -> None:
    with site_builder.running(profile, DRAIN_SECONDS=1.5) as site:
        alice, bob = site.people.create("alice", "bob")
        leaving = site.processes[-1]
        open_tab = Tabs(site)
        room = await open_tab.make_room(alice, bob)
        tabs = [await open_tab.in_room(person, room, process=leaving) for person in (alice, bob, alice, bob)]
        begun = time.monotonic()
        leaving.send_signal(signal.SIGTERM)
        waits = [(await tab.expect("server_draining", seconds=3))["reconnectAfter"] for tab in tabs]
        assert all(wait >= 0 for wait in waits) and len(set(waits)) > 1, "not all come back in the same moment"
        for tab in tabs:
            assert (await tab.wait_closed(DRAIN_SECONDS))[0] == 1012
        await asyncio.to_thread(leaving.wait, begun + DRAIN_SECONDS - time.monotonic())
        if len(site.processes) > 1:
            bobs = await open_tab.in_room(bob, room, process=site.processes[0])
            online = (await bobs.request("list_presence", room=room))["online"]
            assert online == [{**bob.ref, "tabs": 1}], "a process that leaves takes its people off the list"
        await open_tab.close_all()


async def test_a_frozen_process_delays_only_its_own_people(cluster: Site) -> None:
    alice, bob, carol = cluster.people.create("alice", "bob", "carol")
    healthy, frozen = cluster.processes
    open_tab = Tabs(cluster)
    room = await open_tab.make_room(alice, bob, carol)
    alices = await open_tab.in_room(alice, room, process=healthy)
    bobs = await open_tab.in_room(bob, room, process=healthy)
    carols = await open_tab.in_room(carol, room, process=frozen)
    frozen.freeze()
    for number in range(30):
        await asyncio.wait_for(alices.post(room, f"number {number}"), 5)
    await bobs.expect_message("number 29")
    await until_online(alices, room, {alice.username: 1, bob.username: 1}, tries=200)  # it is missed
    frozen.thaw()
    await carols.expect_message("number 29", seconds=15)
    assert_gapless(carols, room)
    await alices.post(room, "live")
    await carols.expect_message("live")
    await open_tab.close_all()


async def test_the_people_of_a_process_that_was_killed_are_gone_soon(cluster: Site) -> None:
    alice, bob = cluster.people.create("alice", "bob")
    open_tab = Tabs(cluster)
    survivor, victim = cluster.processes
    room = await open_tab.make_room(alice, bob)
    alices = await open_tab.in_room(alice, room, process=survivor)
    bobs = await open_tab.in_room(bob, room, process=victim)
    await alices.expect("user_joined", user=bob.ref)
    victim.kill()
    assert (await bobs.wait_closed())[0] == 1006
    await until_online(alices, room, {alice.username: 1}, tries=200)
    assert alices.unread("user_left", user=bob.ref) or alices.unread("presence", room=room)
    await alices.post(room, "still here")
    victim.start()
    await open_tab.in_room(bob, room, process=victim)
    await until_online(alices, room, {alice.username: 1, bob.username: 1})
    await open_tab.close_all()
