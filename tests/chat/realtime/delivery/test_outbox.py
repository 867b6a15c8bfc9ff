"""An outbox joins what is due at once, is bounded, and never waits for its reader."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.credentials import Credential
from chat.protocol import wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import failed
from chat.realtime.delivery import connection as connection_module
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.direct_outbox import DirectOutbox
from chat.realtime.delivery.outbox import SendOutbox
from chat.realtime.delivery.payload import Payload
from tests.chat.realtime.doubles import turns, until


class FakeWriter:
    """What a server offers that takes ready-made frames."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed: list[int] = []
        self.held = 0

    def write(self, frames: bytes) -> None:
        assert not self.closed, "nothing may follow the close frame"
        self.written.append(frames)

    def buffered(self) -> int:
        return self.held

    def close(self, code: int, reason: str) -> None:
        assert reason
        self.closed.append(code)


class FakeServer:
    """ASGI's `send` of a server: takes what comes, or hangs, or says that the peer is gone."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.may_take = asyncio.Event()
        self.may_take.set()
        self.error: Exception | None = None

    async def send(self, message: dict[str, Any]) -> None:
        await self.may_take.wait()
        if self.error is not None:
            raise self.error
        self.taken.append(message)

    def texts(self) -> list[str]:
        return [message["text"] for message in self.taken if message["type"] == "websocket.send"]


def unexpected() -> None:
    raise AssertionError("this outbox did not overflow")


def connection_to(server: FakeServer | None = None, writer: FakeWriter | None = None) -> Connection:
    credential = Credential(1, "alice", "token", "1")
    return Connection("tab-1", credential, "192.0.2.1", (server or FakeServer()).send, writer)


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f" + (65_536).to_bytes(8, "big")),
    ],
)
def test_a_payload_is_framed_as_one_unmasked_text_frame(size: int, header: bytes) -> None:
    payload = Payload("x" * size)
    assert payload.framed == header + b"x" * size
    assert payload.framed is payload.framed, "made once for all who get it"


def test_the_length_in_a_header_counts_bytes() -> None:
    assert Payload("é" * 63).framed[:4] == b"\x81\x7e\x00\x7e"


async def test_frames_of_one_turn_are_joined_into_one_write() -> None:
    writers = [FakeWriter(), FakeWriter()]
    outboxes = [DirectOutbox(writer, unexpected) for writer in writers]
    payloads = [Payload(text) for text in "abc"]
    for payload in payloads:
        for outbox in outboxes:
            outbox.push(payload)
    assert [writer.written for writer in writers] == [[], []], "nothing is written before the turn ends"
    await turns(3)
    assert [writer.written for writer in writers] == [[b"\x81\x01a\x81\x01b\x81\x01c"]] * 2
    outboxes[0].push(payloads[0])
    await turns(3)
    assert writers[0].written[1:] == [b"\x81\x01a"] and len(writers[1].written) == 1


async def test_what_becomes_due_within_three_turns_of_the_loop_is_written_once_and_nothing_waits_for_more() -> None:
    writer = FakeWriter()
    outbox = DirectOutbox(writer, unexpected)
    for text in "abc":
        outbox.push(Payload(text))
        assert writer.written == []
        await turns(1)
    assert writer.written == [b"\x81\x01a\x81\x01b\x81\x01c"]


async def test_a_reader_too_slow_for_the_transport_is_closed_with_4001_and_gets_nothing_more(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    writer.held = 1000
    connection.send(Payload("fits"))
    await turns(3)
    assert writer.written and not writer.closed
    writer.held = 1001
    connection.send(Payload("does not"))
    await turns(3)
    assert connection.close_code is CloseCode.TOO_SLOW and writer.closed == [4001] and len(writer.written) == 1
    connection.send(Payload("later"))
    connection.close(CloseCode.DONE)
    await turns(3)
    assert writer.closed == [4001] and len(writer.written) == 1


async def test_one_slow_reader_does_not_keep_the_others_from_their_frames(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    writers = [FakeWriter(), FakeWriter(), FakeWriter()]
    connections = [connection_to(writer=writer) for writer in writers]
    writers[1].held = 10_000
    for connection in connections:
        connection.send(Payload("news"))
    await turns(3)
    assert [len(writer.written) for writer in writers] == [1, 0, 1]
    assert [connection.is_closing for connection in connections] == [False, True, False]


async def test_no_limit_of_bytes_means_no_limit(settings: Any) -> None:
    settings.OUTBOX_BYTES = 0
    writer = FakeWriter()
    writer.held = 10**12
    outbox = DirectOutbox(writer, unexpected)
    outbox.push(Payload("a"))
    await turns(3)
    assert len(writer.written) == 1
    server = FakeServer()
    server.may_take.clear()
    sender = SendOutbox(server.send, unexpected)
    for _ in range(100):
        sender.push(Payload("x" * 10_000))
    server.may_take.set()
    await until(lambda: len(server.taken) == 100)


async def test_what_is_pending_is_written_before_the_close_frame() -> None:
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    connection.fail(failed("no"), "7")
    connection.close(CloseCode.SIGNED_OUT)
    assert b"REQUEST_FAILED" in writer.written[0] and writer.closed == [4100]
    await turns()
    assert len(writer.written) == 1


async def test_the_first_close_code_wins() -> None:
    server = FakeServer()
    connection = connection_to(server)
    connection.close(CloseCode.DEACTIVATED)
    connection.close(CloseCode.DONE)
    await until(lambda: server.taken)
    await turns()
    assert [(message["type"], message["code"]) for message in server.taken] == [("websocket.close", 4101)]
    # Some servers compare the type, not only the value.
    assert type(server.taken[0]["code"]) is int


async def test_through_asgi_frames_go_out_in_order_and_the_close_comes_last() -> None:
    server = FakeServer()
    outbox = SendOutbox(server.send, unexpected)
    for text in "abc":
        outbox.push(Payload(text))
    outbox.close(1000, "Done")
    outbox.push(Payload("too late"))
    await until(lambda: len(server.taken) == 4)
    await turns()
    assert server.texts() == ["a", "b", "c"] and server.taken[3]["type"] == "websocket.close"


async def test_through_asgi_an_outbox_is_bounded_dropped_and_closed_with_4001(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    server.may_take.clear()
    connection = connection_to(server)
    for number in range(1000):
        connection.send(Payload(f"{number:0100}"))
    assert connection.close_code is CloseCode.TOO_SLOW
    assert isinstance(connection.outbox, SendOutbox) and not connection.outbox._queue, "what waited is dropped"
    server.may_take.set()
    await until(lambda: server.taken and server.taken[-1]["type"] == "websocket.close")
    assert server.taken[-1]["code"] == 4001 and len(server.texts()) <= 1


async def test_an_outbox_is_bounded_in_bytes_not_in_characters(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    server.may_take.clear()
    connection = connection_to(server)
    for _ in range(4):
        connection.send(Payload("🙂" * 100))
    assert connection.is_closing


async def test_one_frame_larger_than_the_bound_still_goes_out(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    connection = connection_to(server)
    connection.send(Payload("x" * 5000))
    await until(server.texts)
    assert not connection.is_closing


async def test_the_sending_task_lives_only_while_there_is_something_to_send() -> None:
    server = FakeServer()
    outbox = SendOutbox(server.send, unexpected)
    before = len(asyncio.all_tasks())
    outbox.push(Payload("a"))
    assert len(asyncio.all_tasks()) == before + 1
    await until(lambda: server.taken)
    await turns()
    assert len(asyncio.all_tasks()) == before
    outbox.push(Payload("b"))
    await until(lambda: len(server.taken) == 2)


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("already closed")])
async def test_a_peer_that_is_gone_ends_the_sending_quietly(
    error: Exception, capture_loop_errors: Callable[[], list[Any]]
) -> None:
    server = FakeServer()
    server.error = error
    outbox = SendOutbox(server.send, unexpected)
    for text in "abc":
        outbox.push(Payload(text))
    await turns()
    assert not outbox._queue and outbox._task is None and capture_loop_errors() == []


async def test_a_server_that_loses_a_frame_for_a_reason_of_its_own_ends_the_connection() -> None:
    server = FakeServer()
    server.error = LookupError("a fault of the server's")
    told: list[str] = []
    outbox = SendOutbox(server.send, lambda: told.append("overflow"))
    outbox.push(Payload("a"))
    await turns()
    assert told == ["overflow"] and not outbox._queue and outbox._task is None


def delta(text: str) -> Payload:
    return Payload(text, is_droppable=True)


async def test_deltas_are_left_out_before_a_slow_transport_overflows_and_nothing_else_is(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    writer.held = 240
    connection.send(delta("short"))
    connection.send(delta("too much by now"))
    connection.send(Payload("durable", 7))
    await turns(3)
    assert writer.written == [Payload("short").framed + Payload("durable").framed]
    writer.held = 1000
    connection.send(delta("x"))
    connection.send(Payload("last"))
    await turns(3)
    assert writer.written[1:] == [Payload("last").framed] and not connection.is_closing


async def test_a_burst_of_deltas_within_one_turn_is_bounded_too(settings: Any) -> None:
    settings.OUTBOX_BYTES = 4000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    for _ in range(100):
        connection.send(delta("x" * 98))
    await turns(3)
    assert sum(map(len, writer.written)) == 1000 and not connection.is_closing


async def test_through_asgi_deltas_are_left_out_instead_of_closing(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    server.may_take.clear()
    connection = connection_to(server)
    await turns(3)
    for number in range(1000):
        connection.send(delta(f"{number:098}"))
    connection.send(Payload("durable", 1))
    assert not connection.is_closing
    server.may_take.set()
    await until(lambda: server.texts()[-1:] == ["durable"])
    assert server.texts()[0] == f"{0:098}" and len(server.texts()) == 4, (
        "the first, what a quarter holds, the durable one"
    )


async def test_without_a_limit_no_delta_is_left_out(settings: Any) -> None:
    settings.OUTBOX_BYTES = 0
    writer = FakeWriter()
    writer.held = 10**12
    outbox = DirectOutbox(writer, unexpected)
    outbox.push(delta("x"))
    await turns(3)
    assert len(writer.written) == 1


async def test_a_long_frame_that_is_on_its_way_does_not_count_against_what_follows_it(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    outbox = SendOutbox(server.send, unexpected)
    outbox.push(Payload("x" * 5000))
    outbox.push(Payload("next"))
    await until(lambda: server.texts()[-1:] == ["next"])


def test_a_payload_knows_its_type_and_is_one_event() -> None:
    payload = Payload('{"requestId":1,"type":"new_message","data":"a\\nb"}', 7)
    assert payload.type == "new_message"
    assert payload.as_event == b"event: new_message\nid: 7\ndata: " + payload.text.encode() + b"\n\n"
    assert payload.as_event is payload.as_event, "made once for all who get it"
    assert b"id:" not in Payload('{"type":"typing"}').as_event


# --- What is about to be held --------------------------------------------------------------------------------------------


async def test_what_is_about_to_be_held_counts_before_it_is_held(settings: Any) -> None:
    """One look at what was held already let frames of any number through, as long as they came together."""
    settings.OUTBOX_BYTES = 1000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    for _ in range(4):
        connection.send(Payload("x" * 500))
    await turns(3)
    assert connection.close_code is CloseCode.TOO_SLOW and writer.written == []


async def test_the_largest_of_what_is_written_does_not_count_so_a_page_and_news_pass_together(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    for size in (300, 5000, 600):
        connection.send(Payload("x" * size))
    await turns(3)
    assert not connection.is_closing and len(writer.written) == 1


async def test_what_is_pending_is_given_up_before_more_of_it_is_held_than_may_wait(settings: Any) -> None:
    """A joining tab is handed all that came meanwhile in one turn: that was joined, and copied, before it was looked at."""
    settings.OUTBOX_BYTES = 300_000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    sent = 0
    while not connection.is_closing and sent < 1000:
        connection.send(Payload("é" * 10_000))
        sent += 1
    assert connection.close_code is CloseCode.TOO_SLOW and sent <= 25
    assert isinstance(connection.outbox, DirectOutbox) and connection.outbox.take_back() == []
    assert writer.written == [] and writer.closed == [4001]


async def test_many_deltas_that_are_pending_are_left_out_and_close_nobody(settings: Any) -> None:
    settings.OUTBOX_BYTES = 300_000
    writer = FakeWriter()
    connection = connection_to(writer=writer)
    for _ in range(100):
        connection.send(delta("x" * 10_000))
    connection.send(Payload("durable", 1))
    await turns(3)
    assert not connection.is_closing and sum(map(len, writer.written)) < 85_000
    assert writer.written[0].endswith(b"durable")


async def test_an_outbox_tells_how_much_waits_to_be_read(settings: Any) -> None:
    writer = FakeWriter()
    writer.held = 500
    outbox = DirectOutbox(writer, unexpected)
    outbox.push(Payload("x" * 100))
    assert outbox.waiting_bytes == 600
    await turns(3)
    assert outbox.waiting_bytes == 500
    server = FakeServer()
    server.may_take.clear()
    sender = SendOutbox(server.send, unexpected)
    sender.push(Payload("x" * 98))
    sender.push(Payload("y" * 98))
    await turns(3)
    assert sender.waiting_bytes == 100, "the first is on its way"


async def test_a_response_that_is_too_large_is_an_error_and_nothing_of_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_module, "_RESPONSE_CHARS", 1000)
    server = FakeServer()
    connection = connection_to(server)
    connection.respond("list_rooms", wire.Draft("x" * 2000, 1), "7")
    connection.respond("ping", wire.Nothing(), "8")
    await until(lambda: len(server.taken) == 2)
    refused, granted = map(json.loads, server.texts())
    assert (refused["error"]["code"], refused["requestId"]) == ("REQUEST_FAILED", "7") and not connection.is_closing
    assert granted["success"] and granted["requestId"] == "8"
