"""What a request's body may cost: bytes, time, and who may send a large one; and how long reading a response may take."""

import asyncio
import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client

from accounts.models import ApiToken
from chat.server.opening import Refusal
from config.body_limit import Bodies, limited
from config.slow_readers import impatient
from tests.pages.conftest import Seat
from tests.servers.people import Person
from tests.servers.raw_socket import small_connection
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs

# Credentials are looked up on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

UPLOAD_PATH: Final = "/rooms/launch/attachments"
FORM_PATH: Final = "/accounts/login/"
# More than a stranger may send.
LARGE: Final = 70_000


class Told:
    """An ASGI client that sends some pieces of a body and keeps what it is told."""

    def __init__(self, path: str, pieces: list[bytes], **headers: str) -> None:
        self.scope = {
            "type": "http",
            "path": path,
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        self.unread = list(pieces)
        self.pause = 0.0
        self.responses: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self.pause)
        piece = self.unread.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.unread)}

    async def send(self, message: Mapping[str, Any]) -> None:
        self.responses.append(dict(message))

    async def ask(self, application: Callable[..., Any] | None = None) -> int:
        await (application or limited(_reader))(self.scope, self.receive, self.send)
        return int(self.responses[0]["status"])

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.responses[1]["body"])["error"]
        return found


async def _reader(scope: dict[str, Any], receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


def token_of(seat: Seat) -> dict[str, str]:
    return {"authorization": f"Bearer {ApiToken.issue(seat.user, 'bot')[1]}"}


@pytest.fixture
def token(alice: Seat) -> dict[str, str]:
    return token_of(alice)


@pytest.fixture
def bobs_token(bob: Seat) -> dict[str, str]:
    return token_of(bob)


# --- Bytes ----------------------------------------------------------------------------------------------------------


async def test_a_body_that_says_that_it_is_too_large_is_not_read(settings: Any) -> None:
    settings.UPLOAD_BYTES = 100_000
    client = Told(UPLOAD_PATH, [b"unread"], content_length="200000")
    assert await client.ask() == 413
    assert client.unread == [b"unread"]
    assert (client.error["code"], client.error["message"]) == (
        "VALIDATION_ERROR",
        "A file may have 100,000 bytes at most.",
    )


async def test_a_body_that_does_not_say_its_size_is_read_up_to_the_limit(settings: Any, token: dict[str, str]) -> None:
    settings.UPLOAD_BYTES = 100_000
    client = Told(UPLOAD_PATH, [b"a" * 50_000] * 100, **token)
    assert await client.ask() == 413
    assert len(client.unread) == 97
    assert await Told(UPLOAD_PATH, [b"a" * 50_000] * 2, **token).ask() == 200


async def test_every_other_request_is_a_form_and_has_its_bound(token: dict[str, str]) -> None:
    for path in ("/accounts/login/", "/rooms/launch/attachments/more", "/rooms/attachments", "/"):
        assert await Told(path, [b""], content_length="3000000", **token).ask() == 413, path
        assert await Told(path, [b"a" * 1_000_000] * 3, **token).ask() == 413, path
        assert await Told(path, [b"a" * 1_000_000] * 2, **token).ask() == 200, path


async def test_no_limit_is_no_limit(settings: Any, token: dict[str, str]) -> None:
    settings.UPLOAD_BYTES = settings.BODIES_BYTES = 0
    client = Told(UPLOAD_PATH, [b"a" * 1_000_000] * 20, content_length="20000000", **token)
    assert await client.ask() == 200


# --- Who may send a large one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "status"), [(UPLOAD_PATH, 401), (FORM_PATH, 413)])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer made-up"}, {"cookie": "sessionid=made-up"}])
async def test_a_stranger_s_large_body_is_not_read(path: str, status: int, headers: dict[str, str]) -> None:
    announced = Told(path, [b"unread"], content_length=str(LARGE), **headers)
    assert await announced.ask() == status
    assert announced.unread == [b"unread"]
    in_chunks = Told(path, [b"a" * 30_000] * 10, **headers)
    assert await in_chunks.ask() == status
    assert len(in_chunks.unread) == 7


async def test_a_stranger_signs_in_with_a_body_of_the_usual_size() -> None:
    assert await Told(FORM_PATH, [b"login=alice&password=x"], content_length="22").ask() == 200


async def test_a_member_sends_a_large_one_with_the_session_s_cookie(alice: Seat) -> None:
    cookie = f"sessionid={alice.client.cookies['sessionid'].value}"
    assert await Told(FORM_PATH, [b"a" * LARGE], content_length=str(LARGE), cookie=cookie).ask() == 200


async def test_a_cookie_that_has_been_signed_out_is_a_stranger_s(alice: Seat) -> None:
    cookie = f"sessionid={alice.client.cookies['sessionid'].value}"
    await asyncio.to_thread(_sign_out, alice.client)
    assert await Told(UPLOAD_PATH, [b"a" * LARGE], content_length=str(LARGE), cookie=cookie).ask() == 401


def _sign_out(client: Client) -> None:
    client.post("/accounts/logout/")


async def test_what_all_hold_together_is_bounded_and_a_quarter_of_it_for_one_person(
    settings: Any, token: dict[str, str], bobs_token: dict[str, str]
) -> None:
    settings.BODIES_BYTES = 400_000
    done = asyncio.Event()

    async def keeping(scope: dict[str, Any], receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await done.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    bounded = limited(keeping)
    first = asyncio.create_task(Told(UPLOAD_PATH, [b"a" * LARGE], **token).ask(bounded))
    await asyncio.sleep(0.2)
    second = Told(UPLOAD_PATH, [b"a" * LARGE], **token)
    assert await second.ask(bounded) == 503
    assert (second.error["code"], second.error["retryAfter"]) == ("UNAVAILABLE", 5000)
    others = asyncio.create_task(Told(UPLOAD_PATH, [b"a" * LARGE], **bobs_token).ask(bounded))
    await asyncio.sleep(0.2)
    done.set()
    assert (await first, await others) == (200, 200)
    assert await Told(UPLOAD_PATH, [b"a" * LARGE], **token).ask(bounded) == 200


async def test_a_few_people_together_leave_room_for_the_files_of_others(settings: Any) -> None:
    """With a quarter for each, four accounts that send slowly would refuse every file for ten minutes."""
    settings.BODIES_BYTES = 4_000_000
    bodies = Bodies()
    for mallory in range(10):
        with contextlib.suppress(Refusal):
            for _ in range(1000):
                bodies.hold(mallory, 10_000)
        assert bodies.held < 4_000_000
    bodies.hold(99, 50_000)


# --- Time -----------------------------------------------------------------------------------------------------------


async def test_a_body_that_trickles_is_given_up(settings: Any) -> None:
    settings.BODY_SECONDS, settings.BODY_BYTES_PER_SECOND = 0.2, 1000
    client = Told(FORM_PATH, [b"a"] * 50)
    client.pause = 0.05
    assert await client.ask() == 408
    assert 40 < len(client.unread) < 50
    assert dict(client.responses[0]["headers"])[b"connection"] == b"close"
    assert client.error["message"] == "This request did not arrive in time. Send it again."


async def test_a_body_that_keeps_up_may_take_longer(settings: Any) -> None:
    settings.BODY_SECONDS, settings.BODY_BYTES_PER_SECOND = 0.2, 1000
    client = Told(FORM_PATH, [b"a" * 100] * 10)
    client.pause = 0.05
    assert await client.ask() == 200


async def test_what_django_awaits_after_the_body_has_no_deadline(settings: Any) -> None:
    settings.BODY_SECONDS = 0.05
    client = Told(FORM_PATH, [b"a"])
    heard: list[str] = []

    async def listening(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        client.unread, client.pause = [b""], 0.2
        heard.append((await receive())["type"])
        await _reader(scope, _one_piece, send)

    assert await client.ask(limited(listening)) == 200
    assert heard == ["http.request"]


async def _one_piece() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def test_a_client_that_reads_nothing_is_cut_off(settings: Any) -> None:
    settings.BODY_SECONDS, settings.BODY_BYTES_PER_SECOND = 0.1, 1_000_000
    cut_off = asyncio.Event()
    scope = {"type": "http", "path": "/", "headers": [], "extensions": {"parley.abort": cut_off.set}}

    async def stuck(_message: Mapping[str, Any]) -> None:
        await cut_off.wait()

    await asyncio.wait_for(impatient(_reader)(scope, _one_piece, stuck), 5)
    assert cut_off.is_set()


async def test_a_response_that_takes_long_to_make_is_not_cut_off(settings: Any) -> None:
    settings.BODY_SECONDS, settings.BODY_BYTES_PER_SECOND = 0.1, 1_000_000
    cut_off = asyncio.Event()
    scope = {"type": "http", "path": "/", "headers": [], "extensions": {"parley.abort": cut_off.set}}
    sent: list[Mapping[str, Any]] = []

    async def slow(scope: dict[str, Any], receive: Any, send: Any) -> None:
        for _ in range(4):
            await asyncio.sleep(0.06)
            await send({"type": "http.response.body", "body": b"a", "more_body": True})

    async def take(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await impatient(slow)(scope, _one_piece, take)
    assert (len(sent), cut_off.is_set()) == (4, False)


# --- A real server --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    with site_builder.running(UVICORN_SQLITE, BODY_SECONDS=1, TRUSTED_PROXIES=1) as running:
        yield running


def memory_mb(site: Site) -> float:
    status = Path(f"/proc/{site.processes[0].pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1024


async def test_unfinished_bodies_of_strangers_take_no_memory_and_end_soon(site: Site) -> None:
    port, size, before = site.processes[0].port, 2_400_000, memory_mb(site)
    head = f"POST {FORM_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    most = 0.0

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head)
            for _ in range(size // 24_000):
                writer.write(b"5dc0\r\n" + b"a" * 24_000 + b"\r\n")
                await writer.drain()
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, memory_mb(site))
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    async with asyncio.timeout(30):
        await asyncio.gather(*(one() for _ in range(150)))
    watching.cancel()
    assert most - before < 60


async def test_a_real_server_gives_up_a_body_that_stops(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.processes[0].port)
    writer.write(f"POST {FORM_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nlogin=".encode())
    began = time.monotonic()
    response = await asyncio.wait_for(reader.read(), 10)
    assert response.startswith(b"HTTP/1.1 408 ")
    assert 0.8 < time.monotonic() - began < 6
    writer.close()


async def test_a_real_server_lets_go_of_a_client_that_does_not_read_its_page(site: Site) -> None:
    alice, bob = site.people.create("alice", "bob")
    tabs = Tabs(site)
    room = await tabs.make_room(alice, bob)
    tab = await tabs.in_room(alice, room)
    for _ in range(40):
        await tab.request("create_message", room=room, content="many words " * 500)
    before = open_files(site)
    connection = await _ask(site, bob, room)
    async with asyncio.timeout(20):
        while open_files(site) <= before:  # noqa: ASYNC110 - another process's files know of no event
            await asyncio.sleep(0.02)
    async with asyncio.timeout(20):
        while open_files(site) > before:  # noqa: ASYNC110 - nor do they here
            await asyncio.sleep(0.1)
    connection.close()
    await tabs.close_all()


def open_files(site: Site) -> int:
    """Return how many connections the server has open, beside all else that it has open."""
    descriptors = Path(f"/proc/{site.processes[0].pid}/fd")
    return sum(_target(each).startswith("socket:") for each in descriptors.iterdir())


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""


async def _ask(site: Site, person: Person, room: str) -> socket.socket:
    key = site.people.sign_in(person)
    connection = await small_connection(site.processes[0])
    request = (
        f"GET /rooms/{room}/ HTTP/1.1\r\nHost: 127.0.0.1:{site.processes[0].port}\r\nCookie: sessionid={key}\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(connection, request.encode())
    return connection
