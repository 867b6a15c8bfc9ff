"""A process that stood still while access ended delivers nothing of what was made more than a second later.

What came meanwhile waits in the kernel's buffers, before the word that ended the access or behind it; it must not go out
before someone has looked. A frame tells when it was made.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.event_streams import EventStream
from tests.servers.pages import change_password, deactivate_by_admin, delete_by_admin, sign_out
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

PROMISED_SECONDS = 1.0
FROZEN_SECONDS = 3.0
POST_PAUSE_SECONDS = 0.2
SETTLED_SECONDS = 15
LEFT, SIGNED_OUT, DEACTIVATED = 0, 4100, 4101
HEAD_CHECK_SECONDS = 1
PASSWORD = "correct horse 1"

Way = Callable[["Scene"], Any]


class Scene:
    """alice works at one process; bob's tab, and his stream of server-sent events, are at the other."""

    def __init__(self, site: Site, open_tab: Tabs) -> None:
        self.site, self.open_tab = site, open_tab
        self.near, self.far = site.processes
        self.alice, self.bob = site.people.create("alice", "bob")

    async def set_up(self, *, by_session: bool = False) -> None:
        self.room = await self.open_tab.make_room(self.alice, self.bob)
        self.alices = await self.open_tab.in_room(self.alice, self.room, process=self.near)
        if by_session:
            self.key = self.site.people.sign_in(self.bob)
            self.bobs = await self.open_tab.by_session(self.key, process=self.far)
            await self.bobs.request("join_room", room=self.room)
        else:
            self.bobs = await self.open_tab.in_room(self.bob, self.room, process=self.far)
        self.witness = await self.open_tab.in_room(self.alice, self.room, process=self.far)
        self.watching = await self.open_tab(self.bob, process=self.far)
        await self.watching.request("list_rooms")
        self.stream = await EventStream.open(self.far, self.room, self.bob)
        await self.alices.post(self.room, "before")
        await self.bobs.expect_message("before")

    async def post_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        number = 0
        while time.monotonic() < until:
            number += 1
            await self.alices.post(self.room, f"after {number}, @{self.bob.username}")
            await self.alices.request("typing", room=self.room, typing=True)
            await asyncio.sleep(POST_PAUSE_SECONDS)

    async def freeze_and(self, lose: Way) -> float:
        """Freeze bob's process, take his access, write, and let it go on. Return when he lost it, by the calendar."""
        self.far.freeze()
        try:
            lost_at = time.time()
            found = lose(self)
            if found is not None:
                await found
            await self.post_for(FROZEN_SECONDS)
        finally:
            self.far.thaw()
        # What comes to bob's process after all that was written meanwhile: then it has delivered that, too.
        await self.alices.post(self.room, "settled")
        await self.witness.expect_message("settled", seconds=SETTLED_SECONDS)
        return lost_at


def late(tab: SocketClient, room: str, lost_at: float) -> list[tuple[float, str]]:
    """Return what a tab has heard of a room that was made more than the promised second after."""
    heard = [(frame["timestamp"] / 1000 - lost_at, frame) for frame in tab.frames]
    return [
        (round(after, 2), frame["type"])
        for after, frame in heard
        if after > PROMISED_SECONDS and frame["type"] not in ("left", "ping") and room in str(frame.get("data", {}))
    ]


async def removes(scene: Scene) -> None:
    await scene.alices.request("remove_member", room=scene.room, user=scene.bob.id)


def revokes_the_token(scene: Scene) -> None:
    for token_id in scene.site.people.tell("token_ids", username=scene.bob.username):
        delete_by_admin(scene.site, "accounts/apitoken", str(token_id), scene.near)


def deactivates(scene: Scene) -> None:
    deactivate_by_admin(scene.site, scene.bob, scene.near)


def signs_out(scene: Scene) -> None:
    sign_out(scene.near, scene.key)


def changes_the_password(scene: Scene) -> None:
    change_password(scene.near, scene.site.people.sign_in(scene.bob), PASSWORD, "battery staple 2")


WAYS: list[tuple[Way, int]] = [
    (removes, LEFT),
    (revokes_the_token, SIGNED_OUT),
    (deactivates, DEACTIVATED),
    (signs_out, SIGNED_OUT),
    (changes_the_password, SIGNED_OUT),
]


@pytest.mark.parametrize("profile", [CLUSTER], ids=str)
@pytest.mark.parametrize(("lose", "code"), WAYS, ids=[way.__name__ for way, _ in WAYS])
async def test_who_loses_access_while_their_process_is_frozen_gets_nothing_that_was_made_later(
    site: Site, open_tab: Tabs, lose: Way, code: int
) -> None:
    scene = Scene(site, open_tab)
    by_session = lose in (signs_out, changes_the_password)
    if lose is changes_the_password:
        site.people.tell("set_password", username=scene.bob.username, password=PASSWORD)
    await scene.set_up(by_session=by_session)
    lost_at = await scene.freeze_and(lose)
    if code:
        assert (await scene.bobs.wait_closed(SETTLED_SECONDS))[0] == code
    else:
        await scene.bobs.expect("left", room=scene.room, seconds=SETTLED_SECONDS)
        assert [frame["data"]["room"] for frame in scene.bobs.frames if frame["type"] == "left"] == [scene.room]
    assert late(scene.bobs, scene.room, lost_at) == []
    if not by_session:
        assert late(scene.watching, scene.room, lost_at) == []
        events = await scene.stream.rest()
        made = [(event.frame["timestamp"] / 1000 - lost_at, event.type) for event in events]
        assert [(after, type_) for after, type_ in made if after > 1 and type_ not in ("left", "closed")] == []
    scene.stream.close()


@pytest.mark.parametrize("lose", [removes, revokes_the_token], ids=lambda way: way.__name__)
@pytest.mark.parametrize("is_frozen", [True, False], ids=["frozen", "running"])
async def test_without_redis_access_ends_with_the_next_head_check(
    site_builder: SiteBuilder, lose: Way, is_frozen: bool
) -> None:
    """A third person writes at bob's own process, which needs no Redis to deliver."""
    redis = site_builder.private_redis()
    settings = {"HEAD_CHECK_SECONDS": HEAD_CHECK_SECONDS, "ACCESS_CHECK_SECONDS": 60}
    with site_builder.running(CLUSTER, redis=redis, noisy_logger="channels_redis.pubsub", **settings) as site:
        open_tab = Tabs(site)
        scene = Scene(site, open_tab)
        await scene.set_up()
        beside = await open_tab.in_room(scene.alice, scene.room, process=scene.far)
        redis.kill()
        if is_frozen:
            lost_at = await scene.freeze_and(lose)
        else:
            lost_at = time.time()
            found = lose(scene)
            if found is not None:
                await found
            lost_at = time.time()
        while time.time() < lost_at + HEAD_CHECK_SECONDS + 2 * PROMISED_SECONDS:
            await beside.post(scene.room, "beside")
            await asyncio.sleep(POST_PAUSE_SECONDS)
        made = [after for after, _type in late(scene.bobs, scene.room, lost_at)]
        assert [after for after in made if after > HEAD_CHECK_SECONDS + PROMISED_SECONDS] == []
        scene.stream.close()
        await open_tab.close_all()
    redis.stop()
