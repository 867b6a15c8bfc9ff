"""While a person's access is in doubt, what is sent to them is kept; then it goes out in order, or never."""

import json
from typing import Any

import pytest

from accounts.credentials import Credential
from chat.protocol import frames, wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.delivery.burst import Burst
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.hold import HeldOutbox
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.sse_outbox import together
from tests.chat.realtime.doubles import turns


class Wire:
    """A `FrameWriter` that keeps what is written as parsed frames."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.closed: int | None = None

    def write(self, frames: bytes) -> None:
        at = 0
        while at < len(frames):
            size, head = frames[at + 1], 2
            if size == 126:
                size, head = int.from_bytes(frames[at + 2 : at + 4], "big"), 4
            self.frames.append(json.loads(frames[at + head : at + head + size]))
            at += head + size

    def buffered(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        self.closed = code


class Tab:
    def __init__(self) -> None:
        self.wire = Wire()
        self.connection = Connection("tab", Credential(1, "bob", "session", "key"), "192.0.2.1", no_send, self.wire)

    async def numbers(self) -> list[int]:
        await turns()
        return [frame["data"]["count"] for frame in self.wire.frames]

    async def types(self) -> list[str]:
        await turns()
        return [frame["type"] for frame in self.wire.frames]


async def no_send(_message: dict[str, Any]) -> None:
    raise AssertionError("it has a writer")


@pytest.fixture
def tab() -> Tab:
    return Tab()


def event(type_: str, data: wire.Wire) -> Payload:
    return Payload(frames.event(type_, data))


def news(number: int, room: str = "lounge") -> Payload:
    return event("notification", wire.Notification("unread", room=room, count=number))


def typing(room: str) -> Payload:
    return event("typing", wire.TypingFact(room, wire.UserRef("2", "carol"), True))


async def test_what_comes_while_held_goes_out_afterwards_in_its_order(tab: Tab) -> None:
    tab.connection.send(news(1))
    tab.connection.hold()
    tab.connection.send(news(2))
    tab.connection.hold()
    tab.connection.send(news(3))
    assert await tab.numbers() == [], "also what had not gone out yet is kept"
    tab.connection.release()
    tab.connection.send(news(4))
    assert await tab.numbers() == [1, 2, 3, 4]


async def test_what_a_room_was_about_to_get_together_is_kept_and_the_others_get_it() -> None:
    held, other = Tab(), Tab()
    burst = Burst([held.connection, other.connection])
    burst.push(news(1))
    held.connection.hold()
    burst.push(news(2))
    for connection in burst.apart:
        connection.send(news(2))
    assert (await held.numbers(), await other.numbers()) == ([], [1, 2])
    assert Burst([held.connection, other.connection]).apart == [held.connection], (
        "it shares with no one while it is held"
    )
    held.connection.release()
    assert await held.numbers() == [1, 2]


async def test_of_a_room_that_is_lost_nothing_kept_goes_out_and_of_the_others_everything(tab: Tab) -> None:
    tab.connection.hold()
    for room in ("lounge", "library"):
        tab.connection.send(news(1, room))
        tab.connection.send(typing(room))
    tab.connection.send(event("notification", wire.Notification("removed", room="lounge")))
    tab.connection.send(event("left", wire.Left("lounge")))
    tab.connection.lose_room("lounge")
    tab.connection.send(typing("lounge"))
    tab.connection.release()
    await turns()
    heard = [(frame["type"], frame["data"]["room"], frame["data"].get("kind")) for frame in tab.wire.frames]
    assert heard == [
        ("notification", "library", "unread"),
        ("typing", "library", None),
        ("notification", "lounge", "removed"),
        ("left", "lounge", None),
        ("typing", "lounge", None),
    ], "what comes after the loss is a new membership's"


async def test_a_request_whose_response_is_dropped_is_refused_and_another_is_not(tab: Tab) -> None:
    tab.connection.hold()
    tab.connection.respond("list_presence", wire.PresenceFact("lounge", [], 0), "presence")
    tab.connection.respond("list_presence", wire.PresenceFact("library", [], 0), "other presence")
    tab.connection.respond("get_messages", wire.MessagePage("lounge", [], False, False), "page")
    tab.connection.respond("search_messages", {"results": []}, "found")
    tab.connection.respond("quit_room", wire.MembershipFact("lounge", wire.UserRef("1", "bob"), None), "quit")
    tab.connection.lose_room("lounge")
    tab.connection.release()
    await turns()
    responses = {frame["requestId"]: frame.get("error", {}).get("code") for frame in tab.wire.frames}
    assert responses == {
        "presence": "UNAVAILABLE",
        "other presence": None,
        "page": "UNAVAILABLE",
        "found": "UNAVAILABLE",
        "quit": None,
    }


async def test_a_conflict_tells_no_words_of_a_room_that_is_lost(tab: Tab) -> None:
    """The draft of a session is its members' together."""
    newer = ProtocolError(ErrorCode.CONFLICT, "There is a newer draft.", details={"content": "secret", "version": 2})
    tab.connection.hold()
    tab.connection.fail(newer, "draft")
    tab.connection.fail(ProtocolError(ErrorCode.NOT_FOUND, "Room not found."), "room")
    tab.connection.lose_room("lounge")
    tab.connection.fail(newer, "later")
    tab.connection.release()
    await turns()
    codes = {frame["requestId"]: frame["error"]["code"] for frame in tab.wire.frames}
    assert codes == {"draft": "UNAVAILABLE", "room": "NOT_FOUND", "later": "CONFLICT"}


async def test_ready_made_bytes_of_a_stream_are_dropped_with_its_room(tab: Tab) -> None:
    tab.connection.hold()
    tab.connection.outbox.push(together([news(1)]))
    tab.connection.lose_room("lounge")
    tab.connection.release()
    assert await tab.types() == []


async def test_what_tells_nothing_of_a_room_can_go_out_past_what_is_kept(tab: Tab) -> None:
    tab.connection.hold()
    tab.connection.send(news(1))
    tab.connection.send_aside(event("left", wire.Left("library")))
    assert await tab.types() == ["left"]
    tab.connection.release()
    assert await tab.types() == ["left", "notification"]


async def test_what_is_kept_is_bounded_and_beyond_the_bound_the_tab_comes_back_with_its_cursor(
    tab: Tab, settings: Any
) -> None:
    settings.OUTBOX_BYTES = 1000
    tab.connection.hold()
    for number in range(100):
        tab.connection.send(news(number))
    assert tab.wire.closed == CloseCode.TOO_SLOW and await tab.types() == []


async def test_words_are_left_out_before_the_bound(tab: Tab, settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    tab.connection.hold()
    words = Payload(news(0).text, is_droppable=True)
    for _ in range(100):
        tab.connection.send(words)
    assert tab.wire.closed is None
    tab.connection.release()
    assert 0 < len(await tab.numbers()) < 10


@pytest.mark.parametrize("code", [CloseCode.SIGNED_OUT, CloseCode.RESTART])
async def test_who_is_closed_while_held_gets_nothing_of_what_was_kept(tab: Tab, code: CloseCode) -> None:
    tab.connection.send(news(1))
    tab.connection.hold()
    tab.connection.send(news(2))
    tab.connection.close(code)
    tab.connection.release()
    tab.connection.send(news(3))
    assert tab.wire.closed == code and await tab.types() == []


async def test_a_connection_that_has_ended_is_not_brought_back_by_its_release(tab: Tab) -> None:
    tab.connection.hold()
    tab.connection.send(news(1))
    tab.connection.end()
    tab.connection.release()
    tab.connection.send(news(2))
    assert not isinstance(tab.connection.outbox, HeldOutbox) and await tab.types() == []
    await tab.connection.wait_released()
