"""Pings, pongs and scraps of fragments: no request, and still not free. Beyond the limit they end the connection."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.servers.raw_socket import CONTINUATION, PING, PONG, TEXT, RawSocket, frame
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs

PER_SECOND = 20
BURST = 40
FLOODING = 4002
RESPONSE_SECONDS = 10
MANY = 20_000
FLOODS = {
    "pings": frame(PING, b"") * MANY,
    "pings with a payload": frame(PING, b"x" * 125) * MANY,
    "pongs": frame(PONG, b"") * MANY,
    "empty fragments": frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * MANY,
    "fragments of a byte": frame(TEXT, b"", fin=False) + frame(CONTINUATION, b" ", fin=False) * MANY,
}


@pytest.fixture(scope="module")
def strict_site(site_builder: SiteBuilder) -> Iterator[Site]:
    """Daphne replies to such frames on its own, and tells no one how many there were."""
    with site_builder.running(UVICORN_SQLITE, FRAMES_PER_SECOND=PER_SECOND, FRAMES_BURST=BURST) as site:
        yield site


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_flood_is_closed_4002_and_others_do_not_feel_it(strict_site: Site, flood: bytes) -> None:
    alice, bob = strict_site.people.create("alice", "bob")
    open_tab = Tabs(strict_site)
    bystander = await open_tab(bob)
    socket = await RawSocket.open(strict_site.processes[0], alice)
    socket.send(flood)
    assert await socket.closing_code() == FLOODING
    socket.close()
    await bystander.fence()
    await open_tab.close_all()


async def test_what_stays_within_the_limit_gets_a_pong(strict_site: Site) -> None:
    """As many as may come at once, as fast as may be afterwards, and long messages in pieces of a sensible size."""
    (alice,) = strict_site.people.create("alice")
    socket = await RawSocket.open(strict_site.processes[0], alice)
    for number in range(BURST):
        socket.send(frame(PING, str(number).encode()))
    for number in range(BURST):
        assert await _next(socket, PONG) == str(number).encode()
    for _ in range(PER_SECOND):
        await asyncio.sleep(1.2 / PER_SECOND)
        socket.send(frame(PING, b"still"))
        assert await _next(socket, PONG) == b"still"
    asked = json.dumps({"type": "ping", "id": "whole"}).encode().ljust(60_000)
    pieces = [asked[at : at + 500] for at in range(0, len(asked), 500)]
    socket.send(frame(TEXT, pieces[0], fin=False))
    for piece in pieces[1:-1]:
        socket.send(frame(CONTINUATION, piece, fin=False))
    socket.send(frame(CONTINUATION, pieces[-1]))
    while json.loads(await _next(socket, TEXT)).get("requestId") != "whole":
        pass
    socket.close()


async def _next(socket: RawSocket, opcode: int) -> bytes:
    """Return the payload of the next frame with this opcode."""
    async with asyncio.timeout(RESPONSE_SECONDS):
        while True:
            seen, payload = await socket.receive()
            if seen == opcode:
                return payload
