"""Frames that are begun and never ended: what all connections together hold of them is bounded."""

import struct
from collections.abc import Iterator
from typing import Any

import pytest

from chat.protocol.close import CloseCode
from chat.server.transport.unfinished_frames import UNCOUNTED_BYTES, UnfinishedFrames
from chat.server.transport.uvicorn_protocol import LARGE_TEXT, FrameProtocol
from tests.chat.server.transport.test_uvicorn_protocol import MASK, Line, opened

BYTES_AT_MOST = 100_000


@pytest.fixture(autouse=True)
def unfinished(monkeypatch: pytest.MonkeyPatch) -> Iterator[UnfinishedFrames]:
    unfinished = UnfinishedFrames(BYTES_AT_MOST)
    monkeypatch.setattr(FrameProtocol, "unfinished", unfinished)
    yield unfinished
    assert unfinished.total >= 0


def head(size: int, *, first: int = 0x81) -> bytes:
    return bytes([first, 0xFF]) + struct.pack(">Q", size) + MASK


def closing_code(line: Line) -> int | None:
    """Return the code of the last close frame that was written."""
    closings = [data for data in line.written if data[:1] == b"\x88"]
    return int.from_bytes(closings[-1][2:4], "big") if closings else None


async def test_the_oldest_frame_is_given_up_when_all_hold_too_much(unfinished: UnfinishedFrames) -> None:
    lines = [Line() for _ in range(5)]
    protocols = [await opened(line) for line in lines]
    for protocol in protocols[:4]:
        protocol.data_received(head(70_000) + b"x" * 30_000)
    assert [closing_code(line) for line in lines] == [CloseCode.TOO_SLOW, None, None, None, None]
    assert unfinished.total <= BYTES_AT_MOST
    protocols[4].data_received(head(70_000) + b"x" * 20_000)
    assert [closing_code(line) for line in lines] == [CloseCode.TOO_SLOW, CloseCode.TOO_SLOW, None, None, None]


async def test_fragments_count_like_a_whole_frame(unfinished: UnfinishedFrames) -> None:
    lines = [Line(), Line()]
    protocols = [await opened(line) for line in lines]
    for protocol in protocols:
        protocol.data_received(head(60_000, first=0x01) + b"x" * 60_000)
    assert [closing_code(line) for line in lines] == [CloseCode.TOO_SLOW, None]


async def test_a_frame_that_ends_or_whose_line_breaks_counts_no_more(unfinished: UnfinishedFrames) -> None:
    ended, broken = await opened(Line()), await opened(Line())
    for protocol in (ended, broken):
        protocol.data_received(head(40_000) + b"x" * 30_000)
    assert unfinished.total == 60_000
    ended.data_received(b"x" * 10_000)
    message: dict[str, Any] = dict(await ended.queue.get())
    assert message[LARGE_TEXT]() == "x" * 40_000
    broken.connection_lost(None)
    assert unfinished.total == 0


async def test_small_unfinished_frames_are_not_counted(unfinished: UnfinishedFrames) -> None:
    for _ in range(20):
        (await opened(Line())).data_received(head(70_000) + b"x" * (UNCOUNTED_BYTES - 100))
    assert unfinished.total == 0


async def test_what_was_given_up_is_forgotten(unfinished: UnfinishedFrames) -> None:
    first, second = await opened(Line()), await opened(Line())
    first.data_received(head(90_000) + b"x" * 80_000)
    second.data_received(head(90_000) + b"x" * 80_000)
    assert len(first.conn.reader.buffer) == 0
    first.data_received(b"x" * 10_000)  # still on its way
    assert len(first.conn.reader.buffer) == 0
    assert unfinished.total <= BYTES_AT_MOST


async def test_a_whole_text_counts_until_it_is_read(unfinished: UnfinishedFrames) -> None:
    protocol = await opened(Line())
    text = "😀" + " " * 30_000
    data = text.encode()
    protocol.data_received(head(len(data)) + data)
    assert unfinished.total == len(data)
    message: dict[str, Any] = dict(await protocol.queue.get())
    assert message[LARGE_TEXT]() == text
    assert unfinished.total == 0


async def test_texts_that_are_never_read_are_given_up_from_the_oldest(unfinished: UnfinishedFrames) -> None:
    lines = [Line(), Line()]
    protocols = [await opened(line) for line in lines]
    for protocol in protocols:
        protocol.data_received(head(60_000) + b"x" * 60_000)
    assert [closing_code(line) for line in lines] == [CloseCode.TOO_SLOW, None]
    assert (await protocols[0].queue.get())["type"] == "websocket.disconnect"
    assert protocols[0].queue.empty()
    assert unfinished.total == 60_000
