"""A stream's outbox writes whole events, keeps the bounds of a socket's, and ends with `closed`."""

import asyncio
import json
from typing import Any

from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.sse_outbox import SseOutbox, together
from tests.chat.realtime.doubles import turns, until


class FakeServer:
    """ASGI's `send` for one HTTP response."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self.may_take.wait()
        assert not self.has_ended, "nothing may follow the end of the body"
        self.taken.append(message)

    @property
    def has_ended(self) -> bool:
        return bool(self.taken) and self.taken[-1].get("more_body") is not True and len(self.taken) > 1

    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.taken).decode()

    def events(self) -> list[str]:
        return [block for block in self.text().split("\n\n")[1:] if block]


def event(name: str, change: int | None = None, *, filling: str = "", is_droppable: bool = False) -> Payload:
    return Payload(json.dumps({"type": name, "data": filling}), change, is_droppable=is_droppable)


def unexpected() -> None:
    raise AssertionError("this outbox did not overflow")


async def test_the_head_comes_with_the_first_event_and_says_when_to_come_back() -> None:
    server = FakeServer()
    outbox = SseOutbox(server.send, unexpected)
    await turns()
    assert not server.taken
    outbox.push(event("joined", 3))
    outbox.push(event("typing"))
    assert outbox.has_begun
    await until(lambda: len(server.events()) == 2)
    start = server.taken[0]
    assert start["status"] == 200 and dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert server.text().startswith("retry: ")
    assert server.events()[0].split("\n")[:2] == ["event: joined", "id: 3"]
    assert [message["type"] for message in server.taken].count("http.response.start") == 1


async def test_a_close_becomes_the_last_event_and_the_end_of_the_body() -> None:
    server = FakeServer()
    outbox = SseOutbox(server.send, unexpected)
    outbox.push(event("joined", 1))
    outbox.close(4100, "Signed out")
    outbox.push(event("too_late"))
    await asyncio.wait_for(outbox.wait_ended(), 5)
    assert server.has_ended
    last = server.events()[-1].split("\n")
    assert last[0] == "event: closed" and not any(line.startswith("id:") for line in last)
    assert json.loads(last[1].removeprefix("data: "))["data"] == {"code": 4100, "reason": "Signed out"}


async def test_a_stream_closed_before_its_first_event_still_says_why() -> None:
    server = FakeServer()
    outbox = SseOutbox(server.send, unexpected)
    outbox.close(1012, "Restarting")
    await asyncio.wait_for(asyncio.gather(outbox.wait_closing(), outbox.wait_ended()), 5)
    assert [each.split("\n")[0] for each in server.events()] == ["event: closed"]


async def test_a_slow_reader_loses_deltas_first_and_then_overflows(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    server.may_take.clear()
    told: list[str] = []

    def overflowed() -> None:
        told.append("overflow")
        outbox.close(4001, "Too slow to keep up")

    outbox = SseOutbox(server.send, overflowed)
    for _ in range(200):
        outbox.push(event("stream_delta", filling="x" * 50, is_droppable=True))
    assert not told and len(outbox._queue) < 10
    for change in range(20):
        outbox.push(event("new_message", change, filling="x" * 50))
    assert told == ["overflow"] and not outbox._queue


async def test_a_recovery_larger_than_the_bound_goes_out_whole_with_what_follows(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    server = FakeServer()
    outbox = SseOutbox(server.send, unexpected)
    outbox.push(together(event("new_message", change, filling="x" * 100) for change in range(1, 51)))
    outbox.push(event("new_message", 51))
    await until(lambda: len(server.events()) == 51)
    assert [each.split("\n")[1] for each in server.events()] == [f"id: {change}" for change in range(1, 52)]


async def test_a_keepalive_is_a_comment_and_only_for_who_waits() -> None:
    server = FakeServer()
    outbox = SseOutbox(server.send, unexpected)
    outbox.push(event("joined", 1))
    outbox.keep_alive()
    await turns()
    assert "keepalive" not in server.text()
    outbox.keep_alive()
    await until(lambda: server.text().endswith(": keepalive\n\n"))
