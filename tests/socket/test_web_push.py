"""Web push from running servers: who is away is told, once, whichever process the others are in; who is here is not."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import httpx
import pytest

from accounts import vapid
from tests.accounts.browsers import Keys, subscription
from tests.servers.pages import change_password, deactivate_by_admin, sign_out
from tests.servers.people import Person
from tests.servers.push_service import PushService, Received, push_service
from tests.servers.sites import CLUSTER, UVICORN_SQLITE, Profile, Site, SiteBuilder, assert_no_traceback
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, cookie_with_csrf, http
from tests.socket.presence import until_online

URL: Final = "/api/push-subscription"
# How long a push that must not come is given to come after one that must.
_LATE_SECONDS: Final = 0.2
PASSWORD: Final = "correct horse battery staple"


class Pushing(NamedTuple):
    site: Site
    service: PushService


@pytest.fixture(scope="module", params=[CLUSTER], ids=str)
def pushing(
    request: pytest.FixtureRequest, site_builder: SiteBuilder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pushing]:
    with push_service(tmp_path_factory.mktemp("push")) as service:
        settings: dict[str, Any] = {**service.settings(vapid.new_private_key()), "PUSH_INTERVAL_SECONDS": 2}
        with site_builder.running(cast(Profile, request.param), **settings) as site:
            yield Pushing(site, service)


@pytest.fixture
def site(pushing: Pushing) -> Iterator[Site]:
    marks = pushing.site.log_marks()
    yield pushing.site
    assert_no_traceback(pushing.site.log_text(marks))


@pytest.fixture
def service(pushing: Pushing) -> PushService:
    return pushing.service


class Browser:
    """A browser of someone's that asked to be told when they are away."""

    def __init__(self, site: Site, service: PushService, person: Person) -> None:
        self.key = site.people.sign_in(person)
        self.path = f"/{secrets.token_hex(8)}"
        self._service = service
        self._site = site
        shown, self._keys = subscription(service.origin + self.path)
        response = self.ask("POST", json=shown)
        assert response.status_code == 204, response.text

    def ask(self, method: str, **options: Any) -> httpx.Response:
        with http(self._site.next_process()) as client:
            return client.request(method, URL, headers=cookie_with_csrf(self.key), **options)

    async def heard(self, count: int = 1) -> list[str]:
        """Return the bodies of what it was sent once there are so many, decrypted."""
        received = await asyncio.to_thread(self._service.wait_for, self.path, count)
        return [each.read_by(self._keys)["body"] for each in received]

    def received(self) -> list[Received]:
        return self._service.at(self.path)

    @property
    def keys(self) -> Keys:
        return self._keys


async def everything(witness: Browser, text: str) -> None:
    """Wait until the round that told the witness is over for everyone."""
    until = asyncio.get_running_loop().time() + 15
    while text not in [each.read_by(witness.keys)["body"] for each in witness.received()]:
        assert asyncio.get_running_loop().time() < until, "the witness was not told"
        await asyncio.sleep(0.05)
    await asyncio.sleep(_LATE_SECONDS)


async def author_in(open_tab: Tabs, alice: Person, *others: Person) -> tuple[SocketClient, str]:
    room = await open_tab.make_room(alice, *others)
    return await open_tab.in_room(alice, room), room


async def test_who_is_away_reads_what_mentions_them(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    browser = Browser(site, service, bob)
    tab, room = await author_in(open_tab, alice, bob)
    await tab.post(room, "not for anybody")
    posted = await tab.post(room, f"@{bob.username} the **tide** turns at 9")
    assert await browser.heard() == [f"@{bob.username} the tide turns at 9"]
    (received,) = browser.received()
    shown = received.read_by(browser.keys)
    assert shown["title"] == f"{alice.username} in A room"
    assert shown["url"] == f"/rooms/{room}/?seq={posted['seq']}"
    assert b"tide" not in received.body
    log = site.log_text()
    assert browser.path not in log
    assert "the tide" not in log


async def test_who_has_a_tab_open_in_any_process_is_not_told(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person, carol: Person
) -> None:
    here, witness = Browser(site, service, bob), Browser(site, service, carol)
    room = await open_tab.make_room(alice, bob, carol)
    tabs = [await open_tab.in_room(alice, room, process=process) for process in site.processes]
    # In another room: what counts is that he has a tab, and the other processes hear of both at once.
    lobby = await open_tab.make_room(alice, bob)
    bobs = await open_tab.in_room(bob, lobby, process=site.processes[-1])
    for tab in tabs:
        await tab.request("join_room", room=lobby)
    for tab in tabs:
        await until_online(tab, lobby, {alice.username: len(tabs), bob.username: 1})
    for number, tab in enumerate(tabs):
        await tab.post(room, f"@{bob.username} @{carol.username} {number}")
    await everything(witness, f"@{bob.username} @{carol.username} {len(tabs) - 1}")
    assert here.received() == []
    await bobs.close()
    for tab in tabs:
        await until_online(tab, lobby, {alice.username: len(tabs)})
    await tabs[0].post(room, f"@{bob.username} now")
    assert await here.heard() == [f"@{bob.username} now"]


async def test_one_message_is_told_once_and_to_each_browser(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    browsers = [Browser(site, service, bob) for _ in range(3)]
    tab, room = await author_in(open_tab, alice, bob)
    await tab.post(room, f"@{bob.username} once")
    for browser in browsers:
        await browser.heard()
    await asyncio.sleep(_LATE_SECONDS)
    assert [len(browser.received()) for browser in browsers] == [1, 1, 1]


async def test_a_direct_message_is_told_without_a_mention_and_its_author_is_not(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    bobs, alices = Browser(site, service, bob), Browser(site, service, alice)
    tab = await open_tab(alice)
    made = await tab.request("create_room", kind="direct", name="Two", members=[bob.username])
    room = made["room"]["slug"]
    await tab.request("join_room", room=room)
    await tab.post(room, "between us")
    assert await bobs.heard() == ["between us"]
    assert bobs.received()[0].read_by(bobs.keys)["title"] == alice.username
    await tab.close()
    await asyncio.sleep(_LATE_SECONDS)
    assert alices.received() == []


async def test_a_muted_direct_room_tells_of_mentions_only(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    browser = Browser(site, service, bob)
    bobs = await open_tab(bob)
    tab = await open_tab(alice)
    made = await tab.request("create_room", kind="direct", name="Two", members=[bob.username])
    room = made["room"]["slug"]
    await tab.request("join_room", room=room)
    await bobs.request("mute_room", room=room, muted=True)
    await bobs.request("join_room", room=room)
    await until_online(tab, room, {alice.username: 1, bob.username: 1})
    await bobs.close()
    await until_online(tab, room, {alice.username: 1})
    await tab.post(room, "quiet")
    await tab.post(room, f"@{bob.username} loud")
    assert await browser.heard() == [f"@{bob.username} loud"]


async def test_a_burst_is_told_by_its_first_and_its_newest(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    browser = Browser(site, service, bob)
    room = await open_tab.make_room(alice, bob)
    tab = await open_tab.in_room(alice, room, process=site.processes[0])
    await tab.post(room, f"@{bob.username} first")
    await browser.heard()
    for number in range(20):
        await tab.post(room, f"@{bob.username} {number}")
    assert await browser.heard(2) == [f"@{bob.username} first", f"@{bob.username} 19"]


@pytest.mark.parametrize("end", ["off", "sign_out", "password", "deactivate", "leave"])
async def test_what_ends_it_ends_it_at_once(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person, carol: Person, end: str
) -> None:
    site.people.tell("set_password", username=bob.username, password=PASSWORD)
    browser, witness = Browser(site, service, bob), Browser(site, service, carol)
    tab, room = await author_in(open_tab, alice, bob, carol)
    process = site.next_process()
    if end == "off":
        assert browser.ask("DELETE").status_code == 204
    elif end == "sign_out":
        sign_out(process, browser.key)
    elif end == "password":
        change_password(process, site.people.sign_in(bob), PASSWORD, PASSWORD + "!")
    elif end == "deactivate":
        deactivate_by_admin(site, bob)
    else:
        await tab.request("remove_member", room=room, user=bob.id)
    text = f"@{bob.username} @{carol.username} without you"
    await tab.post(room, text)
    await everything(witness, text)
    assert browser.received() == []


async def test_a_browser_that_its_service_does_not_know_any_more_is_forgotten(
    site: Site, service: PushService, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    browser = Browser(site, service, bob)
    service.statuses[browser.path] = 410
    tab, room = await author_in(open_tab, alice, bob)
    assert site.people.tell("push_subscriptions", username=bob.username) == 1
    await tab.post(room, f"@{bob.username} hello")
    await browser.heard()
    for _ in range(100):
        if site.people.tell("push_subscriptions", username=bob.username) == 0:
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("it was kept")


async def test_a_service_that_hangs_holds_up_no_post(site_builder: SiteBuilder, tmp_path: Path) -> None:
    """A site of its own: it leaves such a service alone for a while."""
    with push_service(tmp_path) as service:
        settings: dict[str, Any] = service.settings(vapid.new_private_key())
        with site_builder.running(UVICORN_SQLITE, **settings) as site:
            alice, bob = site.people.create("alice", "bob")
            open_tab = Tabs(site)
            browsers = [Browser(site, service, bob) for _ in range(4)]  # as many as are sent to at the same time
            for browser in browsers:
                service.delays[browser.path] = 30
            tab, room = await author_in(open_tab, alice, bob)
            await tab.post(room, f"@{bob.username} hello")
            await browsers[0].heard()  # its request waits now
            await tab.post(room, f"@{bob.username} are you there?")
            assert "push." not in site.log_text(), "its response came after the service had been given up"
            await open_tab.close_all()


async def test_only_push_services_are_asked(site: Site, alice: Person) -> None:
    key = site.people.sign_in(alice)
    process = site.next_process()
    for origin in ("https://fcm.googleapis.com", "https://127.0.0.1:1", process.origin, "http://127.0.0.1"):
        shown, _ = subscription(f"{origin}/x")
        with http(process) as client:
            response = client.post(URL, json=shown, headers=cookie_with_csrf(key))
        assert response.status_code == 400, origin
    assert site.people.tell("push_subscriptions", username=alice.username) == 0


async def test_what_waits_is_sent_before_a_process_ends(site_builder: SiteBuilder, service: PushService) -> None:
    settings: dict[str, Any] = {**service.settings(vapid.new_private_key()), "PUSH_INTERVAL_SECONDS": 3600}
    with site_builder.running(UVICORN_SQLITE, **settings) as site:
        alice, bob = site.people.create("alice", "bob")
        open_tab, browser = Tabs(site), Browser(site, service, bob)
        tab, room = await author_in(open_tab, alice, bob)
        await tab.post(room, f"@{bob.username} first")
        await browser.heard()
        await tab.post(room, f"@{bob.username} last")
        await asyncio.to_thread(site.processes[0].stop)
        assert await browser.heard(2) == [f"@{bob.username} first", f"@{bob.username} last"]
