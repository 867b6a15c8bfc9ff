"""Frames without an end, or far too long: the server stops reading at the limit, not when its memory is full."""

import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from tests.servers.people import Person
from tests.servers.raw_socket import CONTINUATION, TEXT, RawSocket, frame
from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Site
from tests.servers.tabs import Tabs

# Daphne reads and collects without a bound of its own, and has no setting for one.
pytestmark = pytest.mark.parametrize("profile", [UVICORN_SQLITE, UVICORN_POSTGRES], ids=str)

FRAME_BYTES = 264_000


async def test_a_frame_that_only_promises_to_be_huge_closes_1009(site: Site, alice: Person) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(TEXT, b"x" * (FRAME_BYTES + 1))[:20])
    assert await socket.closing_code() == 1009
    socket.close()


async def test_endless_fragments_close_1009(site: Site, alice: Person) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(TEXT, b"x" * 1000, fin=False))
    for _ in range(FRAME_BYTES // 1000 + 1):
        socket.send(frame(CONTINUATION, b"x" * 1000, fin=False))
    assert await socket.closing_code() == 1009
    socket.close()


@pytest.mark.parametrize("size", [1_000_000, 8_000_000])
async def test_a_frame_far_over_the_limit_closes_1009_too(site: Site, open_tab: Tabs, alice: Person, size: int) -> None:
    """A client that hears 1006 instead would come back and send it again, forever."""
    tab = await open_tab(alice)
    with contextlib.suppress(ConnectionClosed):
        await tab.send_text("x" * size)
    assert (await tab.wait_closed())[0] == 1009
