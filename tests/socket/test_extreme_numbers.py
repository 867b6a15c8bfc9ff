"""Every number, id and cursor of every request, at its ends: nothing breaks, and nothing stays stuck afterwards."""

from typing import Any, Final

import msgspec
import pytest

from chat.protocol.names import LIST_CURSOR_PATTERN, ROW_ID_PATTERN
from chat.protocol.requests import PAYLOADS
from tests.servers.people import Person
from tests.servers.sites import CLUSTER, UVICORN_SQLITE
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.parametrize("profile", [UVICORN_SQLITE, CLUSTER], ids=str)

LARGEST: Final = 2**53 - 1
BY_PATTERN: Final = {
    ROW_ID_PATTERN: ["1", "9" * 18],
    LIST_CURSOR_PATTERN: ["0.0.0", f"0.{'9' * 16}.{'9' * 18}", f"2.{'9' * 16}.{'9' * 18}"],
}


def extremes(kind: Any) -> list[Any]:
    """Return the ends of what a field takes: of whole numbers, ids, cursors, and of what holds these."""
    match kind:
        case msgspec.inspect.IntType():
            low, high = kind.ge or 0, LARGEST if kind.le is None else kind.le
            return [low, high, *([2**31 - 1, 2**31, 2**32] if high > 2**32 else [])]
        case msgspec.inspect.StrType() if kind.pattern in BY_PATTERN:
            return BY_PATTERN[str(kind.pattern)]
        case msgspec.inspect.UnionType():
            return [value for each in kind.types for value in extremes(each)]
        case _:
            return []


def questions(room: str) -> list[tuple[str, dict[str, Any]]]:
    """Return each request with one field at one of its ends, and the required others filled in."""
    asked: list[tuple[str, dict[str, Any]]] = []
    for name, payload in PAYLOADS.items():
        info: Any = msgspec.inspect.type_info(payload)
        needed = {field.name: filled(field, room) for field in info.fields if field.required}
        for field in info.fields:
            asked += [(name, {**needed, field.name: value}) for value in extremes(field.type)]
    for change in (0, 1, 2**31, LARGEST):
        asked.append(("sync", {"rooms": {room: {"change": change, "epoch": "x"}}}))
    return asked


def filled(field: Any, room: str) -> Any:
    if field.name in ("room", "session"):
        return room
    ends = extremes(field.type)
    if ends:
        return ends[0]
    return {"rooms": {}, "emoji": "👍", "typing": True, "muted": False, "role": "member"}.get(field.name, "x")


async def test_no_number_breaks_anything_or_leaves_a_room_in_which_something_does_not_work(
    open_tab: Tabs, alice: Person, room: str
) -> None:
    asked = questions(room)
    assert {"mark_read", "save_draft", "get_messages", "join_room", "show_version"} <= {name for name, _ in asked}
    tab = await open_tab.in_room(alice, room)
    first = await tab.post(room, "first")
    broken = []
    for name, fields in asked:
        response = await tab.ask(name, **fields)
        if not response["success"] and response["error"]["code"] in ("INTERNAL_ERROR", "UNAVAILABLE"):
            broken.append((name, fields, response["error"]))
    assert broken == []
    after = await open_tab.in_room(alice, room)
    second = await after.post(room, "second")
    assert first["seq"] < second["seq"] < first["seq"] + len(asked)
    newest = await after.request("get_messages", room=room, limit=1)
    assert [message["id"] for message in newest["messages"]] == [second["id"]]
    read = await after.request("mark_read", room=room, seq=second["seq"])
    assert (read["unread"], read["lastReadSeq"]) == (0, second["seq"])
    draft = (await after.request("join_room", room=room)).get("draft", {"version": 0})
    assert (await after.request("save_draft", room=room, content="on", version=draft["version"] + 1))["content"] == "on"


@pytest.mark.parametrize("seq", [LARGEST, 2**31])
async def test_reading_beyond_the_end_does_not_count_what_comes_later_as_read(
    open_tab: Tabs, alice: Person, bob: Person, room: str, seq: int
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    await alices.request("mark_read", room=room, seq=seq)
    await bobs.post(room, "later")
    (listed,) = (await alices.request("list_rooms"))["rooms"]
    assert listed["unread"] == 1
