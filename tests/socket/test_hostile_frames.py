"""Frames below the text: what a broken or malicious program sends on the wire, and the closing codes."""

import asyncio

import pytest

from tests.servers.people import Person
from tests.servers.raw_socket import CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, frame
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs
from tests.socket.closings import closing_code
from tests.socket.logs import lines_of

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)

FRAME_BYTES = 264_000
PADDED_PING = '{"type":"ping"}'


async def test_a_binary_frame_closes_1003(site: Site, open_tab: Tabs, alice: Person, bob: Person) -> None:
    tab, bystander = await open_tab(alice), await open_tab(bob)
    await tab.connection.send(b'{"type":"ping"}')
    assert (await tab.wait_closed())[0] == closing_code(site, 1003)
    await bystander.fence()


async def test_an_empty_binary_frame_closes_1003(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    await tab.connection.send(b"")
    assert (await tab.wait_closed())[0] == closing_code(site, 1003)


@pytest.mark.parametrize(
    "data", [b"\xff", b'{"type":"ping"}\xc3\x28', b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"abc\xe2\x82"]
)
async def test_invalid_utf8_closes_1007(site: Site, alice: Person, data: bytes) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(TEXT, data))
    # Autobahn, in Daphne, drops the connection without a closing frame.
    assert await socket.closing_code() == (1006 if site.is_daphne else 1007)
    socket.close()


async def test_a_frame_over_the_limit_closes_1009(site: Site, open_tab: Tabs, alice: Person, bob: Person) -> None:
    tab, bystander = await open_tab(alice), await open_tab(bob)
    await tab.send_text(PADDED_PING + " " * (FRAME_BYTES - len(PADDED_PING) + 1))
    assert (await tab.wait_closed())[0] == closing_code(site, 1009)
    await bystander.fence()


async def test_the_limit_counts_bytes_not_characters(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    await tab.send_text('{"type":"' + "é" * (FRAME_BYTES // 2) + '"}')
    assert (await tab.wait_closed())[0] == closing_code(site, 1009)


async def test_a_frame_at_the_limit_is_read(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    await tab.send_text(PADDED_PING + " " * (FRAME_BYTES - len(PADDED_PING)))
    await tab.expect("pong")


async def test_fragments_make_one_frame_with_a_ping_between_them(site: Site, alice: Person) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    text = '{"type":"nonsense-é"}'.encode()
    cut = text.index(b"\xc3") + 1  # in the middle of a character
    socket.send(frame(TEXT, text[:cut], fin=False))
    socket.send(frame(PING, b"are you there"))
    socket.send(frame(CONTINUATION, text[cut:]))
    seen = [await asyncio.wait_for(socket.receive(), 10) for _ in range(3)]
    assert (PONG, b"are you there") in seen
    assert any(opcode == TEXT and b"REQUEST_FAILED" in payload for opcode, payload in seen)
    socket.close()


BROKEN = {
    "unmasked": frame(TEXT, b'{"type":"ping"}', masked=False),
    "reserved bits": frame(TEXT, b"{}", reserved=0x70),
    "compressed": frame(TEXT, b"{}", reserved=0x40),
    "unknown opcode": frame(0x3, b"x"),
    "a continuation of nothing": frame(CONTINUATION, b"x"),
    "a text within a text": frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
    "a ping in pieces": frame(PING, b"x", fin=False),
    "a ping too long": frame(PING, b"x" * 126),
    "a closing of one byte": frame(CLOSE, b"x"),
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
async def test_what_breaks_the_rules_of_websockets_ends_the_connection_only(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, data: bytes
) -> None:
    bystander = await open_tab(bob, process=site.processes[0])
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(data)
    assert await socket.closing_code() in (1002, 1006, 1007)
    socket.close()
    await bystander.fence()


async def test_a_closing_gets_its_own_code_back(site: Site, alice: Person) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(CLOSE, (1000).to_bytes(2, "big") + b"bye"))
    assert await socket.closing_code() == 1000
    socket.close()


async def test_a_connection_cut_at_any_byte_leaves_nothing_behind(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    bobs = await open_tab.in_room(bob, room, process=site.processes[0])
    whole = frame(TEXT, f'{{"type":"join_room","room":"{room}"}}'.encode())
    for cut in (0, 1, 2, 5, 6, len(whole) - 1, len(whole)):
        socket = await RawSocket.open(site.processes[0], alice)
        socket.send(whole[:cut])
        await asyncio.sleep(0.02)
        socket.close()
    for _ in range(100):
        if [p["username"] for p in (await bobs.request("list_presence", room=room))["online"]] == [bob.username]:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("alice is still shown as online")


async def test_a_closing_of_ours_is_one_line_with_its_code(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    marks = site.log_marks()
    await tab.connection.send(b"binary")
    await tab.wait_closed()
    await asyncio.sleep(0.1)
    assert [line["code"] for line in lines_of(site, tab.connection_id, marks) if "code" in line][:1] == [1003]
