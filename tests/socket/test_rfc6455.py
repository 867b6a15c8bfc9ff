"""RFC 6455 by raw frames against the server of production: each rule has its close code, and concerns one connection.

What every server must refuse somehow, Daphne too, stands in test_hostile_frames.py.
"""

import asyncio
import json
import struct

import pytest

from tests.servers.people import Person
from tests.servers.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, frame
from tests.servers.sites import UVICORN_SQLITE, Site
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.parametrize("profile", [UVICORN_SQLITE], ids=str)

PROTOCOL_ERROR = 1002
BINARY_FRAME = 1003
NO_CODE = 1005
INVALID_UTF8 = 1007
FRAME_TOO_BIG = 1009
FRAME_BYTES = 264_000
RESPONSE_SECONDS = 10
ASKED = b'{"type":"ping","id":"asked"}'
MASK = b"\0\0\0\0"
# One, two, three and four bytes.
EVERY_LENGTH = "aé€😀"


def asking(text: str) -> bytes:
    """Return a request of an unknown type, whose error says its id: the text arrived whole or it does not come back."""
    return json.dumps({"type": "nonsense", "id": text}, ensure_ascii=False).encode()


async def next_of(socket: RawSocket, opcode: int) -> bytes:
    """Return the payload of the next frame with this opcode."""

    async def read() -> bytes:
        while True:
            seen, payload = await socket.receive()
            if seen == opcode:
                return payload

    return await asyncio.wait_for(read(), RESPONSE_SECONDS)


async def response_id(socket: RawSocket) -> str:
    """Return the id of the next response; what the server says on its own has none."""
    while True:
        response = json.loads(await next_of(socket, TEXT))
        if "requestId" in response:
            return str(response["requestId"])


def sized(opcode: int, payload: bytes, *, width: int) -> bytes:
    """Return a frame whose length takes 2 or 8 bytes, though fewer would do."""
    head = bytes([0x80 | opcode, 0x80 | (126 if width == 2 else 127)])
    return head + len(payload).to_bytes(width, "big") + MASK + payload


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack(">H", code) + reason)


REFUSED = {
    **{
        f"opcode {opcode:x}": (frame(opcode, b""), PROTOCOL_ERROR)
        for opcode in (3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF)
    },
    **{f"reserved bit {bit:x}": (frame(TEXT, ASKED, reserved=bit), PROTOCOL_ERROR) for bit in (0x40, 0x20, 0x10)},
    "a reserved bit in a ping": (frame(PING, b"", reserved=0x40), PROTOCOL_ERROR),
    "no mask": (frame(TEXT, ASKED, masked=False), PROTOCOL_ERROR),
    "a ping without a mask": (frame(PING, b"", masked=False), PROTOCOL_ERROR),
    "a continuation first": (frame(CONTINUATION, ASKED), PROTOCOL_ERROR),
    "a continuation too many": (
        frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}") + frame(CONTINUATION, b"}"),
        PROTOCOL_ERROR,
    ),
    "text within text": (frame(TEXT, b"{", fin=False) + frame(TEXT, ASKED), PROTOCOL_ERROR),
    "binary within text": (frame(TEXT, b"{", fin=False) + frame(BINARY, ASKED), PROTOCOL_ERROR),
    **{
        f"control frame {opcode:x} in fragments": (frame(opcode, b"", fin=False), PROTOCOL_ERROR)
        for opcode in (CLOSE, PING, PONG)
    },
    **{
        f"control frame {opcode:x} of 126 bytes": (frame(opcode, b"\x03\xe8" + b"x" * 124), PROTOCOL_ERROR)
        for opcode in (CLOSE, PING, PONG)
    },
    "a length with its first bit": (bytes([0x81, 0xFF]) + (1 << 63).to_bytes(8, "big") + MASK, FRAME_TOO_BIG),
    "the longest length": (bytes([0x81, 0xFF]) + b"\xff" * 8 + MASK, FRAME_TOO_BIG),
    "only the head of a long frame": (bytes([0x81, 0xFF]) + (FRAME_BYTES + 1).to_bytes(8, "big"), FRAME_TOO_BIG),
    "fragments one byte too long together": (
        frame(TEXT, b"x" * FRAME_BYTES, fin=False) + frame(CONTINUATION, b"x"),
        FRAME_TOO_BIG,
    ),
    "binary": (frame(BINARY, ASKED), BINARY_FRAME),
    "binary in fragments": (frame(BINARY, b"x", fin=False) + frame(CONTINUATION, b"y"), BINARY_FRAME),
    **{
        f"invalid UTF-8 {data.hex()}": (frame(TEXT, data), INVALID_UTF8)
        for data in (b"\x80", b"\xc3", b"\xc0\x80", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff")
    },
    "a character that its fragments never finish": (
        frame(TEXT, b"\xe2", fin=False) + frame(CONTINUATION, b"\x82"),
        INVALID_UTF8,
    ),
    "a closing of one byte": (frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    "a closing with a reason that is no UTF-8": (closing(1000, b"\xff"), INVALID_UTF8),
    **{
        f"closing code {code}": (closing(code), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_breaks_a_rule_is_closed_with_the_rules_code(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, data: bytes, code: int
) -> None:
    bystander = await open_tab(bob)
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(data)
    assert await socket.closing_code() == code
    socket.close()
    await bystander.fence()


CLOSED_POLITELY = {
    "no body": (frame(CLOSE, b""), NO_CODE),
    **{f"code {code}": (closing(code, b"bye"), code) for code in (1000, 1001, 1003, 1011, 1014, 3000, 4000, 4999)},
    "the longest reason": (closing(1000, b"x" * 123), 1000),
    "a reason in UTF-8": (closing(1000, "é€😀".encode()), 1000),
}


@pytest.mark.parametrize(("data", "code"), CLOSED_POLITELY.values(), ids=CLOSED_POLITELY.keys())
async def test_a_closing_is_echoed_and_then_the_line_ends(site: Site, alice: Person, data: bytes, code: int) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(data)
    assert await socket.closing_code() == code
    assert await asyncio.wait_for(socket.reader.read(), RESPONSE_SECONDS) == b""
    socket.close()


async def test_what_follows_a_closing_is_not_read(site: Site, open_tab: Tabs, alice: Person, bob: Person) -> None:
    room = await open_tab.make_room(alice, bob)
    post = json.dumps({"type": "create_message", "payload": {"room": room, "content": "too late"}}).encode()
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(CLOSE, b"") + frame(TEXT, post))
    assert await socket.closing_code() == NO_CODE
    socket.close()
    await (await open_tab(alice)).post(room, "in time")
    assert [row["content"] for row in site.people.messages(room)] == ["in time"]


@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(125)), b"\xff" * 125], ids=len)
async def test_a_ping_gets_its_own_bytes_back(site: Site, alice: Person, payload: bytes) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(PING, payload))
    assert await next_of(socket, PONG) == payload
    socket.close()


async def test_a_pong_nobody_asked_for_and_control_frames_between_fragments_disturb_nothing(
    site: Site, alice: Person
) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(frame(PONG, b"unasked"))
    socket.send(frame(TEXT, ASKED[:5], fin=False) + frame(PING, b"between") + frame(PONG, b""))
    assert await next_of(socket, PONG) == b"between"
    socket.send(frame(CONTINUATION, b"", fin=False) + frame(CONTINUATION, ASKED[5:]))
    assert await response_id(socket) == "asked"
    socket.close()


@pytest.mark.parametrize("width", [2, 8])
async def test_a_length_in_more_bytes_than_it_needs_is_read_as_it_says(site: Site, alice: Person, width: int) -> None:
    """Senders must not, receivers need not mind."""
    socket = await RawSocket.open(site.processes[0], alice)
    socket.send(sized(TEXT, ASKED, width=width))
    assert await response_id(socket) == "asked"
    socket.close()


async def test_a_mask_is_taken_off(site: Site, alice: Person) -> None:
    socket = await RawSocket.open(site.processes[0], alice)
    mask = b"\x12\x34\x56\xff"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(ASKED))
    socket.send(bytes([0x80 | TEXT, 0x80 | len(ASKED)]) + mask + masked)
    assert await response_id(socket) == "asked"
    socket.close()


async def test_text_may_be_cut_into_fragments_and_packets_at_every_byte(site: Site, alice: Person) -> None:
    data = asking(EVERY_LENGTH)
    socket = await RawSocket.open(site.processes[0], alice)
    for cut in range(len(data) + 1):
        socket.send(frame(TEXT, data[:cut], fin=False) + frame(CONTINUATION, data[cut:]))
        assert await response_id(socket) == EVERY_LENGTH
    socket.send(frame(TEXT, b"", fin=False))
    for byte in data:
        socket.send(frame(CONTINUATION, bytes([byte]), fin=False))
    socket.send(frame(CONTINUATION, b""))
    assert await response_id(socket) == EVERY_LENGTH
    whole = frame(TEXT, data)
    for cut in range(1, len(whole)):
        for part in (whole[:cut], whole[cut:]):
            socket.send(part)
            await asyncio.sleep(0.001)  # else both parts travel in one packet
        assert await response_id(socket) == EVERY_LENGTH
    socket.close()
