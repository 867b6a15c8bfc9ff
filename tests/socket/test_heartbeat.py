"""The heartbeat: both sides learn soon that the other is gone."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.raw_socket import RawSocket
from tests.servers.sites import DAPHNE_SQLITE, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs
from tests.socket.closings import closing_reason

INTERVAL = 0.4
TIMEOUT = 0.4
PINGED_SECONDS = 15


@pytest.fixture(scope="module", params=[UVICORN_SQLITE, DAPHNE_SQLITE], ids=str)
def quick_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[Site]:
    settings: dict[str, Any] = {"HEARTBEAT_INTERVAL_SECONDS": INTERVAL, "HEARTBEAT_TIMEOUT_SECONDS": TIMEOUT}
    with site_builder.running(request.param, **settings) as site:
        yield site


async def test_a_client_that_ignores_pings_is_closed_4000(quick_site: Site) -> None:
    (alice,) = quick_site.people.create("alice")
    tab = await Tabs(quick_site)(alice, sends_pongs=False)
    assert tab.welcome["heartbeat"] == {"interval": INTERVAL * 1000, "timeout": TIMEOUT * 1000}
    assert await tab.wait_closed(5) == (4000, closing_reason(quick_site, "Pong timeout"))
    pings = [frame for frame in tab.frames if frame["type"] == "ping"]
    assert pings and pings[0]["success"] is True and "requestId" not in pings[0]


async def test_a_client_that_replies_to_pings_stays(quick_site: Site) -> None:
    (alice,) = quick_site.people.create("alice")
    tab = await Tabs(quick_site)(alice)
    async with asyncio.timeout(PINGED_SECONDS):
        while len([frame for frame in tab.frames if frame["type"] == "ping"]) < 3:
            await tab.wait(0.05)
    assert tab.is_open
    await tab.fence()
    await tab.close()


async def test_a_pong_nobody_asked_for_is_no_error(quick_site: Site) -> None:
    (alice,) = quick_site.people.create("alice")
    tab = await Tabs(quick_site)(alice)
    for _ in range(3):
        await tab.send("pong")
    await tab.fence()
    assert not [frame for frame in tab.frames if frame["type"] == "error"]
    await tab.close()


async def test_a_half_open_connection_is_noticed_and_its_person_leaves_the_room(quick_site: Site) -> None:
    alice, bob = quick_site.people.create("alice", "bob")
    tabs = Tabs(quick_site)
    room = await tabs.make_room(alice, bob)
    alices = await tabs.in_room(alice, room)
    silent = await RawSocket.open(quick_site.processes[0], bob)
    silent.send_text(f'{{"type":"join_room","room":"{room}"}}')
    await alices.expect("user_joined", user=bob.ref)
    await alices.expect("user_left", user=bob.ref, seconds=5)
    silent.close()
    await tabs.close_all()
