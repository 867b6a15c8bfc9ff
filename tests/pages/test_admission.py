"""Requests wait before Django: a flood of sign-ins, or clients that read nothing, take nothing from anyone else."""

import asyncio
import select
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import httpx
import pytest
from django.test import Client

from accounts.client_address import network_of
from chat.realtime import database
from config import settings
from config.admission import Admission
from tests.servers.pages import CSRF
from tests.servers.raw_socket import small_connection
from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Profile, Site, SiteBuilder
from tests.servers.tabs import Tabs, session_cookie

FLOOD: Final = 60
_BUSY: Final = "Too many people are signing in right now. Try again in a few seconds."


@pytest.fixture(scope="module", params=[UVICORN_POSTGRES, UVICORN_SQLITE], ids=str)
def site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[Site]:
    profile: Profile = request.param
    # Its own address for each stranger; any traceback in the log fails the test.
    with site_builder.running(profile, TRUSTED_PROXIES=1) as site:
        yield site


def asker(site: Site, address: str = "198.51.100.7", **headers: str) -> httpx.AsyncClient:
    given = {**CSRF, "X-Forwarded-For": address, "Accept": "text/html", **headers}
    return httpx.AsyncClient(
        base_url=site.processes[0].origin, trust_env=False, verify=False, timeout=60, headers=given
    )


async def sign_in(site: Site, address: str, **headers: str) -> httpx.Response:
    async with asker(site, address, **headers) as client:
        return await client.post("/accounts/login/", data={"login": f"stranger-{address}", "password": "a wrong guess"})


async def test_a_flood_of_sign_ins_from_everywhere_costs_the_people_inside_nothing(site: Site) -> None:
    tabs = Tabs(site)
    alice, bob = site.people.create("alice", "bob")
    room = await tabs.make_room(alice, bob)
    tab = await tabs.in_room(alice, room)
    key = site.people.sign_in(bob)
    flood = [asyncio.create_task(sign_in(site, f"203.0.113.{number}")) for number in range(FLOOD)]
    pages = 0
    async with asker(site, **session_cookie(key)) as client:
        while not all(task.done() for task in flood):
            assert (await client.get(f"/rooms/{room}/")).status_code == 200
            await tab.request("create_message", room=room, content="still here")
            pages += 1
    responses = [await task for task in flood]
    statuses = Counter(response.status_code for response in responses)
    assert set(statuses) == {200, 503} and statuses[200] >= 1, statuses
    assert pages >= 3
    for response in responses:
        if response.status_code == 503:
            assert int(response.headers["Retry-After"]) > 0
            assert _BUSY in response.text
            assert response.headers["Content-Type"].startswith("text/html")
    await tabs.close_all()


async def test_a_flood_from_one_address_leaves_another_its_turn(site: Site) -> None:
    flood = [asyncio.create_task(sign_in(site, "192.0.2.5")) for _ in range(FLOOD)]
    await asyncio.sleep(0.2)
    assert (await sign_in(site, "198.51.100.8")).status_code == 200
    await asyncio.gather(*flood)


async def test_a_program_is_told_so_in_the_protocol_s_error(site: Site) -> None:
    flood = [asyncio.create_task(sign_in(site, f"192.0.2.{n}", Accept="application/json")) for n in range(FLOOD)]
    refused = [response for response in await asyncio.gather(*flood) if response.status_code == 503]
    assert refused
    error = refused[0].json()["error"]
    assert (error["code"], error["message"], error["retryAfter"]) == ("UNAVAILABLE", _BUSY, 5000)


async def test_clients_that_read_nothing_hold_no_connection_to_the_database(site: Site) -> None:
    tabs = Tabs(site)
    alice, bob = site.people.create("alice", "bob")
    room = await tabs.make_room(alice, bob)
    tab = await tabs.in_room(alice, room)
    for _ in range(40):
        await tab.request("create_message", room=room, content="many words " * 500)
    key = site.people.sign_in(alice)
    stuck = [await _ask_and_never_read(site, key, room, number) for number in range(30)]
    for connection in stuck:
        await asyncio.to_thread(_has_begun, connection)
    async with asker(site, **session_cookie(site.people.sign_in(bob))) as client:
        assert (await client.get(f"/rooms/{room}/data")).status_code in (200, 404)
        assert (await client.get("/rooms/")).status_code == 200
    for connection in stuck:
        connection.close()
    await tabs.close_all()


def _has_begun(connection: socket.socket) -> None:
    """Return when the beginning of a response has come, without reading it."""
    assert select.select([connection], [], [], 30)[0], "nothing came"


async def _ask_and_never_read(site: Site, key: str, room: str, number: int) -> socket.socket:
    connection = await small_connection(site.processes[0])
    request = (
        f"GET /rooms/{room}/ HTTP/1.1\r\nHost: 127.0.0.1:{site.processes[0].port}\r\n"
        f"X-Forwarded-For: 203.0.113.{number}\r\nCookie: sessionid={key}\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(connection, request.encode())
    return connection


# --- Without a server -----------------------------------------------------------------------------------------------

Scope = dict[str, Any]


class Visitor:
    """A request whose client may go away while it waits."""

    def __init__(self, address: str = "203.0.113.9", path: str = "/rooms/", method: str = "GET") -> None:
        self.scope: Scope = {"type": "http", "method": method, "path": path, "headers": [], "client": (address, 1)}
        self.gone = asyncio.Event()
        self.sent: list[Any] = []
        self._has_asked = False

    async def receive(self) -> Any:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


def slow_pages(until: asyncio.Event, seen: list[str]) -> Callable[..., Awaitable[None]]:
    async def application(scope: Scope, receive: Any, send: Any) -> None:
        seen.append((await receive())["type"])
        if seen[-1] == "http.disconnect":
            return
        await until.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    return application


async def test_the_line_before_passwords_is_as_long_as_the_setting_says(settings: Any) -> None:
    settings.PASSWORDS_WAITING = 2
    until, seen = asyncio.Event(), list[str]()
    pages = Admission(slow_pages(until, seen))
    visitors = [Visitor(f"203.0.113.{number}", "/accounts/login/", "POST") for number in range(5)]
    runs = [asyncio.create_task(pages(each.scope, each.receive, each.send)) for each in visitors]
    await asyncio.sleep(0.01)
    assert (pages.passwords.served, pages.passwords.waiting, pages.pages.served) == (1, 2, 1)
    until.set()
    await asyncio.gather(*runs)
    assert sorted(each.sent[0]["status"] for each in visitors) == [200, 200, 200, 503, 503]


async def test_pictures_that_take_long_leave_most_places_to_pages() -> None:
    until, seen = asyncio.Event(), list[str]()
    pages = Admission(slow_pages(until, seen))
    uploads = [Visitor(f"203.0.113.{number % 4}", "/rooms/launch/attachments", "POST") for number in range(12)]
    runs = [asyncio.create_task(pages(each.scope, each.receive, each.send)) for each in uploads]
    await asyncio.sleep(0.01)
    assert (pages.uploads.served, pages.uploads.waiting, pages.pages.served, pages.pages.waiting) == (2, 10, 2, 0)
    visitor = Visitor("203.0.113.1")  # the same address as one that uploads
    runs.append(asyncio.create_task(pages(visitor.scope, visitor.receive, visitor.send)))
    await asyncio.sleep(0.01)
    assert (len(seen), pages.pages.waiting) == (3, 0)
    until.set()
    await asyncio.gather(*runs)
    assert [each.sent[0]["status"] for each in uploads] == [200] * 12


async def test_a_client_that_goes_away_while_it_waits_leaves_the_line(settings: Any) -> None:
    settings.PAGES_AT_ONCE = 1
    until, seen = asyncio.Event(), list[str]()
    pages = Admission(slow_pages(until, seen))
    first, second = Visitor("203.0.113.1"), Visitor("203.0.113.2")
    runs = [asyncio.create_task(pages(each.scope, each.receive, each.send)) for each in (first, second)]
    await asyncio.sleep(0.01)
    assert (pages.pages.served, pages.pages.waiting) == (1, 1)
    second.gone.set()
    await runs[1]
    assert (pages.pages.served, pages.pages.waiting) == (1, 0)
    assert (seen, second.sent) == (["http.request", "http.disconnect"], [])
    until.set()
    await runs[0]
    assert [message["type"] for message in first.sent] == ["http.response.start", "http.response.body"]
    assert pages.pages.served == 0


async def test_the_place_is_free_before_the_client_has_read_the_response(settings: Any) -> None:
    settings.PAGES_AT_ONCE = 1
    until, seen = asyncio.Event(), list[str]()
    until.set()
    pages = Admission(slow_pages(until, seen))
    visitor, never = Visitor(), asyncio.Event()

    async def send_to_a_client_that_reads_nothing(_message: Any) -> None:
        await never.wait()

    run = asyncio.create_task(pages(visitor.scope, visitor.receive, send_to_a_client_that_reads_nothing))
    for _ in range(200):
        await asyncio.sleep(0.01)
        if seen and pages.pages.served == 0:
            break
    assert (len(seen), pages.pages.served) == (1, 0)
    run.cancel()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("203.0.113.1", "203.0.113.2", False),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.2", False),
        ("unknown", "unknown", True),
    ],
)
def test_a_home_s_ipv6_addresses_count_as_one(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same


@pytest.mark.django_db
def test_an_unknown_static_file_takes_nothing_that_others_wait_for(
    client: Client, django_user_model: Any, django_assert_num_queries: Any
) -> None:
    """Static files wait in no line: with a session, sixty that do not exist would take all connections of the pool."""
    client.force_login(django_user_model.objects.create_user("alice", "", "x"))
    with django_assert_num_queries(0):
        for accept in ("*/*", "text/html"):
            assert client.get(f"{settings.STATIC_URL}nowhere.js", headers={"Accept": accept}).status_code == 404


def test_each_thread_that_uses_the_database_has_a_connection_of_its_own() -> None:
    """With fewer in the pool, pages could take those of the socket: they would wait, and fail after five seconds."""
    threads = (database.WriterThread, database.CheckerThread, database.PushThreads)
    assert sum(each.at_most for each in threads) == settings._OTHER_DATABASE_THREADS
