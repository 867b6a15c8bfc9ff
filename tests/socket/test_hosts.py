"""A server has its names. What was sent to another one is refused, on the socket and in streams as for pages.

A page of another site whose name leads to our address (DNS rebinding) is, to its browser, on the same site as we are.
"""

import asyncio

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs, http, ticket_for

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
FOREIGN = {
    "another name": ["evil.example"],
    "another name with our port": ["evil.example:{port}"],
    "our name as its suffix": ["evil-127.0.0.1"],
    "our name as its beginning": ["127.0.0.1.evil.example"],
    "our name as its user": ["127.0.0.1@evil.example"],
    "an empty one": [""],
    "none": [],
    "a path in it": ["127.0.0.1/evil"],
    "two that differ": ["127.0.0.1:{port}", "evil.example"],
    "a port that is none": ["127.0.0.1:port"],
    "letters that Latin has not": ["127.0.0.1\u00e9"],
}


async def status_of(port: int, head: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode("latin-1"))
        line = await asyncio.wait_for(reader.readline(), 20)
        return int(line.split()[1])
    finally:
        writer.close()


@pytest.mark.parametrize("hosts", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_foreign_host_opens_no_socket_and_no_stream(
    site: Site, open_tab: Tabs, alice: Person, room: str, hosts: list[str]
) -> None:
    port = site.processes[0].port
    shown = "".join(f"Host: {host.format(port=port)}\r\n" for host in hosts)
    bearer = f"Authorization: Bearer {alice.token}\r\n"
    ticket = ticket_for(site.processes[0], alice)
    assert await status_of(port, f"GET /ws HTTP/1.1\r\n{shown}{UPGRADE}{bearer}\r\n") in (400, 403)
    assert await status_of(port, f"GET /ws?token={ticket} HTTP/1.1\r\n{shown}{UPGRADE}\r\n") in (400, 403)
    assert await status_of(port, f"GET /stream/{room} HTTP/1.1\r\n{shown}{bearer}\r\n") == 400
    assert (await open_tab.by_ticket(ticket)).welcome["user"] == alice.ref, "the ticket was not spent"


async def test_our_own_names_open_a_socket_at_any_port(site: Site, alice: Person) -> None:
    process = site.processes[0]
    bearer = f"Authorization: Bearer {alice.token}\r\n"
    for host in (f"127.0.0.1:{process.port}", "localhost", "LOCALHOST:8443", "[::1]:1"):
        assert await status_of(process.port, f"GET /ws HTTP/1.1\r\nHost: {host}\r\n{UPGRADE}{bearer}\r\n") == 101


async def test_pages_and_the_socket_agree_about_names_and_health_checks_take_any(site: Site) -> None:
    with http(site.processes[0]) as client:
        for host in ("evil.example", "127.0.0.1.evil.example"):
            assert client.get("/accounts/login/", headers={"Host": host}).status_code == 400
            assert client.get("/healthz", headers={"Host": host}).status_code == 200
