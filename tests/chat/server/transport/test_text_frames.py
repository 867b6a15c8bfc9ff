"""Whole text messages are read as the library's parser reads them, and everything else is left to it."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from chat.server.transport.text_frames import FrameStartReader, leading_texts
from tests.chat.properties import examples

_BYTES_AT_MOST: Final = 1000
MASK: Final = b"\x01\x02\x03\x04"

Heard = tuple[Opcode, bytes, bool]  # what was read: its opcode, its payload, whether it ends its message


def masked(payload: bytes, first: int = 0x81) -> bytes:
    size = len(payload)
    head = bytes((first, 0x80 | size)) if size < 126 else bytes((first, 0xFE)) + size.to_bytes(2, "big")
    return head + MASK + bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))


class Parser:
    """The library's parser as the server uses it: with the reader that knows where a frame begins."""

    def __init__(self, *, is_quick: bool) -> None:
        self.conn = Protocol(SERVER, state=OPEN, max_size=_BYTES_AT_MOST)
        self.reader = self.conn.reader = FrameStartReader()
        self.conn.parser = self.conn.parse()
        next(self.conn.parser)
        self.heard: list[Heard] = []
        self.is_quick = is_quick

    def take(self, data: bytes) -> None:
        is_at_start = self.reader.is_at_frame_start and self.conn.state is OPEN and self.conn.current_size is None
        if self.is_quick and is_at_start:
            texts, taken = leading_texts(data, _BYTES_AT_MOST)
            self.heard += [(Opcode.TEXT, text.encode(), True) for text in texts]
            data = data[taken:]
        if data and self.conn.parser_exc is None:
            self.conn.receive_data(data)
            for frame in self.conn.events_received():
                assert isinstance(frame, Frame)
                self.heard.append((frame.opcode, bytes(frame.data), frame.fin))

    @property
    def outcome(self) -> tuple[list[Heard], str]:
        return self.heard, repr(self.conn.parser_exc)


frames = st.one_of(
    st.text(max_size=300).map(lambda text: masked(text.encode())),
    st.text(max_size=20).map(lambda text: masked(text.encode(), 0x01)),  # the beginning of a fragmented one
    st.sampled_from([masked(b"more", 0x00), masked(b"end", 0x80), masked(b"ping", 0x89), masked(b"pong", 0x8A)]),
    st.sampled_from([masked(b"bytes", 0x82), masked(b"\x03\xe8", 0x88), masked(b"x" * 1001), b"\x81\x03abc"]),
    st.sampled_from([masked(b"reserved", 0xC1), masked(b"no such opcode", 0x83), b"\x81\xff" + bytes(7) + b"\x05"]),
    st.sampled_from([masked(b"\xff\xfe"), b"\x81\xfe\x00\x05" + MASK + b"12345"]),
)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    yield from (data[start:stop] for start, stop in pairwise(places))


def are_text(parser: Parser) -> bool:
    """Whether all texts are UTF-8: the library leaves that question to its callers."""
    try:
        for opcode, data, _ in parser.heard:
            if opcode is Opcode.TEXT:
                data.decode()
    except UnicodeDecodeError:
        return False
    return True


@examples(500)
@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 5000), max_size=10))
def test_however_the_bytes_are_cut_the_same_messages_and_errors_come_out(sent: list[bytes], cuts: list[int]) -> None:
    quick, plain = Parser(is_quick=True), Parser(is_quick=False)
    for piece in pieces(b"".join(sent), cuts):
        quick.take(piece)
        plain.take(piece)
    assert quick.outcome == plain.outcome
    assert are_text(quick) == are_text(plain)


def test_the_plain_way_is_really_left_out() -> None:
    assert leading_texts(masked(b"one") + masked("zwei é".encode() * 20), 1000) == (["one", "zwei é" * 20], 9 + 148)


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"\x81",
        masked(b"whole")[:-1],
        masked(b"fragment", 0x01),
        masked(b"ping", 0x89),
        masked(b"\xff"),
        masked(b"x" * 1001),
        b"\x81\x03abc",
        b"\x81\xfe\x00",
    ],
)
def test_what_is_not_exactly_a_whole_text_message_is_left(left: bytes) -> None:
    assert leading_texts(left, _BYTES_AT_MOST) == ([], 0)
    whole = masked(b"first")
    assert leading_texts(whole + left, _BYTES_AT_MOST) == (["first"], len(whole))


def test_a_close_frame_ends_the_reading_at_once() -> None:
    parser = Parser(is_quick=True)
    parser.take(masked(b"one") + masked(int(CloseCode.NORMAL_CLOSURE).to_bytes(2, "big"), 0x88) + masked(b"two"))
    parser.take(masked(b"three"))
    assert [opcode for opcode, _, _ in parser.heard] == [Opcode.TEXT, Opcode.CLOSE]
