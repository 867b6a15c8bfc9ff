"""Redis fails in every way there is: messages go on being stored and confirmed, and everyone catches up afterwards."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import redis as redis_client

from tests.servers.events import assert_gapless
from tests.servers.private_redis import PrivateRedis
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, ticket_for

PROMISED_SECONDS = 15
RESPONSE_SECONDS = 5


@pytest.fixture(scope="module")
def redis(site_builder: SiteBuilder) -> Iterator[PrivateRedis]:
    server = site_builder.private_redis()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cluster(site_builder: SiteBuilder, redis: PrivateRedis) -> Iterator[Site]:
    settings = {"ACCESS_CHECK_SECONDS": 2}
    with site_builder.running(CLUSTER, redis=redis, noisy_logger="channels_redis.pubsub", **settings) as site:
        yield site


class Scene:
    """A room with alice in one process, and bob in the other and beside her."""

    def __init__(self, site: Site, open_tab: Tabs) -> None:
        self.site, self.open_tab = site, open_tab
        self.alice, self.bob = site.people.create("alice", "bob")
        self.near, self.far = site.processes
        self.posted: list[str] = []

    async def set_up(self) -> None:
        self.room = await self.open_tab.make_room(self.alice, self.bob)
        self.writer = await self.open_tab.in_room(self.alice, self.room, process=self.near)
        self.beside = await self.open_tab.in_room(self.bob, self.room, process=self.near)
        self.away = await self.open_tab.in_room(self.bob, self.room, process=self.far)
        await self.post("before")
        await self.away.expect_message("before")
        await self.beside.expect_message("before")

    async def post(self, content: str) -> None:
        """Post; the response must come soon whatever Redis does."""
        await asyncio.wait_for(self.writer.post(self.room, content), RESPONSE_SECONDS)
        self.posted.append(content)

    async def assert_caught_up(self) -> None:
        """Every tab has heard everything, once and in order, within the promised time."""
        until = time.monotonic() + PROMISED_SECONDS
        for tab in (self.writer, self.beside, self.away):
            while contents(tab) != self.posted:
                assert tab.is_open, "a tab was closed"
                assert time.monotonic() < until, f"{contents(tab)} instead of {self.posted}"
                await asyncio.sleep(0.05)
            assert_gapless(tab, self.room)
        assert [row["content"] for row in self.site.people.messages(self.room)] == self.posted

    async def assert_live_again(self) -> None:
        await self.post("live again")
        await self.away.expect_message("live again", seconds=3)
        await self.assert_caught_up()


def contents(tab: SocketClient) -> list[str]:
    return [f["data"]["message"]["content"] for f in tab.frames if f["type"] == "new_message"]


@pytest_asyncio.fixture
async def scene(cluster: Site, redis: PrivateRedis) -> AsyncIterator[Scene]:
    scene = Scene(cluster, Tabs(cluster))
    await scene.set_up()
    yield scene
    redis.thaw()
    if not redis.is_running:
        redis.start()
    await scene.open_tab.close_all()


async def test_redis_is_killed_and_comes_back(scene: Scene, redis: PrivateRedis) -> None:
    redis.kill()
    for number in range(5):
        await scene.post(f"without redis {number}")
    await scene.beside.expect_message("without redis 4")
    newcomer = await scene.open_tab.by_ticket(ticket_for(scene.far, scene.bob), process=scene.far)
    joined = await newcomer.request("join_room", room=scene.room)
    assert [m["content"] for m in joined["messages"]] == scene.posted
    redis.start()
    await scene.assert_caught_up()
    await scene.assert_live_again()


async def test_redis_is_frozen_for_a_while(scene: Scene, redis: PrivateRedis) -> None:
    redis.freeze()
    for number in range(5):
        await scene.post(f"while frozen {number}")
    await scene.beside.expect_message("while frozen 4")
    await asyncio.sleep(3)
    await scene.post("still frozen")
    redis.thaw()
    await scene.assert_caught_up()
    await scene.assert_live_again()


async def test_redis_forgets_its_subscribers(scene: Scene, redis: PrivateRedis) -> None:
    with contextlib.closing(redis_client.Redis.from_url(redis.url)) as client:
        client.client_kill_filter(_type="pubsub")
        client.flushall()
    for number in range(5):
        await scene.post(f"unheard {number}")
    await scene.assert_caught_up()
    await scene.assert_live_again()


async def test_redis_restarts_again_and_again_while_people_write(scene: Scene, redis: PrivateRedis) -> None:
    for turn in range(3):
        await scene.post(f"up {turn}")
        redis.kill()
        await scene.post(f"down {turn}")
        redis.start()
    await scene.assert_caught_up()
    await scene.assert_live_again()


async def test_access_that_ends_while_redis_is_away_has_ended_when_it_is_back(
    scene: Scene, redis: PrivateRedis
) -> None:
    """The process that was not told finds it in the database, as it finds the messages."""
    redis.kill()
    await scene.writer.request("remove_member", room=scene.room, user=scene.bob.id)
    redis.start()
    await scene.away.expect("left", room=scene.room, seconds=PROMISED_SECONDS / 3)
    heard = len(contents(scene.away))
    witness = await scene.open_tab.in_room(scene.alice, scene.room, process=scene.far)
    await scene.writer.post(scene.room, "without bob")
    await witness.expect_message("without bob", seconds=PROMISED_SECONDS)
    await scene.away.fence()
    assert "without bob" not in contents(scene.away) and len(contents(scene.away)) == heard
    assert "without bob" not in contents(scene.beside)
