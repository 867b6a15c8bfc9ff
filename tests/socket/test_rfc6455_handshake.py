"""Handshakes by hand, as no library would send them: each gets one HTTP response, and the server goes on."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence

import pytest

from tests.servers.people import Person
from tests.servers.sites import UVICORN_SQLITE, Site
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.parametrize("profile", [UVICORN_SQLITE], ids=str)

RESPONSE_SECONDS = 10
KEY = base64.b64encode(b"sixteen bytes...").decode()
# RFC 6455, 1.3.
ACCEPT = base64.b64encode(
    hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
).decode()
HEADERS = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


async def response(site: Site, person: Person, lines: Sequence[str], start: str = "GET /ws HTTP/1.1") -> str:
    """Send a handshake of these header lines and return the head of the response; empty when the server hung up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.processes[0].port)
    try:
        writer.write("\r\n".join([start, *lines, f"Authorization: Bearer {person.token}", "", ""]).encode())
        return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), RESPONSE_SECONDS)).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""
    finally:
        writer.transport.abort()


def changed(**changes: str | None) -> list[str]:
    """Return the header lines of a good handshake with these changed (`_` for `-`), or left out when None."""
    headers: dict[str, str | None] = {**HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return [f"{name}: {value}" for name, value in headers.items() if value is not None]


async def test_a_good_handshake_is_accepted_without_extensions(site: Site, alice: Person) -> None:
    offered = changed(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    head = await response(site, alice, offered)
    assert head.startswith("HTTP/1.1 101 ")
    assert f"sec-websocket-accept: {ACCEPT}".lower() in head.lower()
    assert "sec-websocket-extensions" not in head.lower()


BROKEN = {
    "an old version": (changed(Sec_WebSocket_Version="8"), "400"),
    "a version that is none": (changed(Sec_WebSocket_Version="x"), "400"),
    "no version": (changed(Sec_WebSocket_Version=None), "400"),
    "no key": (changed(Sec_WebSocket_Key=None), "400"),
    "a short key": (changed(Sec_WebSocket_Key="c2hvcnQ="), "400"),
    "a key that is no base64": (changed(Sec_WebSocket_Key="!" * 24), "400"),
    "two keys": ([*changed(), f"Sec-WebSocket-Key: {KEY}"], "400"),
}


@pytest.mark.parametrize(("lines", "status"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_handshake_is_refused(
    site: Site, open_tab: Tabs, alice: Person, lines: list[str], status: str
) -> None:
    head = await response(site, alice, lines)
    assert head.split(" ")[1] == status, head
    await (await open_tab(alice)).fence()


@pytest.mark.parametrize("start", ["POST /ws HTTP/1.1", "GET /ws/../ws HTTP/1.1", "GET /no HTTP/1.1"])
async def test_another_method_version_or_path_opens_nothing(
    site: Site, open_tab: Tabs, alice: Person, start: str
) -> None:
    head = await response(site, alice, changed(), start)
    assert head == "" or head.split(" ")[1] in ("400", "403", "404", "405", "426", "505"), head
    await (await open_tab(alice)).fence()


async def test_a_head_without_an_end_is_cut_off(site: Site, open_tab: Tabs, alice: Person) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.processes[0].port)
    writer.write(b"GET /ws HTTP/1.1\r\n")
    received = b""
    try:
        for _ in range(200):
            writer.write(b"X-Flood: " + b"x" * 16_000 + b"\r\n")
            await asyncio.wait_for(writer.drain(), RESPONSE_SECONDS)
        received = await asyncio.wait_for(reader.read(), RESPONSE_SECONDS)
    except ConnectionError:
        pass
    writer.transport.abort()
    assert b" 101 " not in received and b" 200 " not in received
    await (await open_tab(alice)).fence()
