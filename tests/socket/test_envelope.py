"""The envelope: both forms of a request, its one response, and what comes back when nothing was asked."""

import time

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER
from tests.servers.tabs import Tabs

SECOND = 1000

BAD_PAYLOADS = {
    "a missing field": ("join_room", {}, "$"),
    "a wrong type": ("join_room", {"room": 7}, "$.room"),
    "a room name outside the rule": ("join_room", {"room": "No Such"}, "$.room"),
    "a room name too long": ("join_room", {"room": "a" * 51}, "$.room"),
    "an unknown field": ("join_room", {"room": "general", "rooom": "x"}, "$"),
    "a limit of nothing": ("get_messages", {"room": "general", "limit": 0}, "$.limit"),
    "a limit over 200": ("get_messages", {"room": "general", "limit": 201}, "$.limit"),
    "two bounds": ("get_messages", {"room": "general", "before": 1, "after": 1}, "$"),
    "a boolean for a number": ("mark_read", {"room": "general", "seq": True}, "$.seq"),
    "a number for a boolean": ("typing", {"room": "general", "typing": 1}, "$.typing"),
    "a fraction for a number": ("mark_read", {"room": "general", "seq": 1.5}, "$.seq"),
    "a negative number": ("mark_read", {"room": "general", "seq": -1}, "$.seq"),
    "two to the 63rd": ("mark_read", {"room": "general", "seq": 2**63}, "$.seq"),
    "a negative id": ("delete_message", {"message": "-1"}, "$.message"),
    "an id that is a number": ("delete_message", {"message": 1}, "$.message"),
    "an id of words": ("delete_message", {"message": "one"}, "$.message"),
    "an endless id": ("delete_message", {"message": "9" * 400}, "$.message"),
    "an unknown kind": ("create_room", {"name": "x", "kind": "secret"}, "$.kind"),
    "an unknown role": ("set_role", {"room": "general", "user": "bob", "role": "king"}, "$.role"),
    "a null": ("join_room", {"room": None}, "$.room"),
    "an empty search": ("search_messages", {"query": ""}, "$.query"),
    "an endless client id": ("create_message", {"room": "general", "content": "x", "clientId": "c" * 65}, "$.clientId"),
}


async def test_a_payload_may_be_nested_or_flat(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    await tab.send("join_room", id="nested", payload={"room": room})
    await tab.send("join_room", id="flat", room=room)
    await tab.send("join_room", id="timed", timestamp=1.5, payload={"room": room})
    await tab.send("join_room", id="flat and timed", timestamp=1764000000000, room=room)
    for request_id in ("nested", "flat", "timed", "flat and timed"):
        response = await tab.response_to(request_id)
        assert (response["type"], response["success"], response["data"]["room"]["slug"]) == ("joined", True, room)


async def test_a_response_carries_type_id_and_time(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    response = await tab.ask("list_rooms")
    assert set(response) == {"type", "requestId", "timestamp", "success", "data"}
    assert (response["type"], response["success"]) == ("list_rooms", True)
    assert abs(response["timestamp"] - time.time() * SECOND) < 5 * SECOND


async def test_an_error_carries_the_id_the_code_and_a_sentence(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    await tab.send("join_room", id="q", room="no-such-room")
    response = await tab.response_to("q")
    assert set(response) == {"type", "requestId", "timestamp", "success", "error"}
    assert (response["type"], response["success"], response["error"]["code"]) == ("error", False, "NOT_FOUND")
    assert response["error"]["message"].endswith(".")


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("request_id", ["a", "x" * 64, "ü", 0, 7, 2**53 - 1])
async def test_an_id_comes_back_as_it_was(open_tab: Tabs, alice: Person, request_id: str | int) -> None:
    tab = await open_tab(alice)
    await tab.send("ping", id=request_id)
    response = await tab.response_to(request_id)
    assert response["requestId"] == request_id and type(response["requestId"]) is type(request_id)


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("request_id", ["", "x" * 65, -1, 2**53, 1.5, True, [], {}])
async def test_a_strange_id_is_refused(open_tab: Tabs, alice: Person, request_id: object) -> None:
    tab = await open_tab(alice)
    await tab.send("ping", id=request_id)
    frame = await tab.frame(lambda frame: frame["type"] == "error", "an error")
    assert frame["error"]["code"] == "VALIDATION_ERROR"
    assert frame["error"]["details"]["path"] == "$.id"
    await tab.fence()


async def test_every_request_has_exactly_one_response(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    for number in range(30):
        await tab.send(
            "list_rooms" if number % 2 else "join_room", id=f"n{number}", **({} if number % 2 else {"room": room})
        )
    for number in range(30):
        await tab.response_to(f"n{number}")
    await tab.fence()
    request_ids = [frame["requestId"] for frame in tab.frames if "requestId" in frame]
    assert len(request_ids) == len(set(request_ids)) == 31


async def test_without_an_id_only_joined_left_pong_and_errors_come_back(
    open_tab: Tabs, alice: Person, room: str
) -> None:
    tab = await open_tab(alice)
    await tab.send("ping")
    await tab.send("join_room", room=room)
    await tab.expect("pong")
    await tab.expect("joined")
    await tab.send("list_rooms")
    await tab.send("get_messages", room=room)
    await tab.send("create_message", room=room, content="said without an id")
    await tab.send("list_presence", room=room)
    await tab.expect_message("said without an id")
    await tab.send("join_room", room="no-such-room")
    assert (await tab.expect_error())["code"] == "NOT_FOUND"
    await tab.send("leave_room", room=room)
    assert await tab.expect("left") == {"room": room}
    await tab.fence()
    assert {frame["type"] for frame in tab.frames}.isdisjoint(
        {"list_rooms", "get_messages", "create_message", "list_presence"}
    )


async def test_a_ping_gets_a_pong_with_the_servers_time(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    await tab.send("ping", id="p")
    response = await tab.response_to("p")
    assert (response["type"], response["success"]) == ("pong", True)
    assert abs(response["timestamp"] - time.time() * SECOND) < 5 * SECOND


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize(("type_", "payload", "path"), BAD_PAYLOADS.values(), ids=BAD_PAYLOADS.keys())
async def test_a_bad_payload_is_refused_with_its_path(
    open_tab: Tabs, alice: Person, type_: str, payload: dict[str, object], path: str
) -> None:
    tab = await open_tab(alice)
    nested = await tab.refusal(type_, **payload)
    assert (nested["code"], nested["details"]["path"]) == ("VALIDATION_ERROR", path)
    await tab.send(type_, id="flat", **payload)
    flat = (await tab.response_to("flat"))["error"]
    assert (flat["code"], flat["details"]["path"]) == ("VALIDATION_ERROR", path)


async def test_an_unknown_field_beside_the_payload_is_refused(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    await tab.send("list_rooms", id="q", payload={}, extra=1)
    assert (await tab.response_to("q"))["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize(
    "type_", ["nonsense", "", "welcome", "new_message", "joined", "error", "__init__", "JOIN_ROOM", "hub.event"]
)
async def test_an_unknown_type_fails(open_tab: Tabs, alice: Person, type_: str) -> None:
    tab = await open_tab(alice)
    assert (await tab.refusal(type_))["code"] == "REQUEST_FAILED"


@pytest.mark.parametrize("alias", ["join", "subscribe"])
async def test_joining_has_other_names(open_tab: Tabs, alice: Person, room: str, alias: str) -> None:
    tab = await open_tab(alice)
    response = await tab.ask(alias, room=room)
    assert (response["type"], response["data"]["room"]["slug"]) == ("joined", room)


@pytest.mark.parametrize("alias", ["leave", "unsubscribe"])
async def test_leaving_has_other_names(open_tab: Tabs, alice: Person, room: str, alias: str) -> None:
    tab = await open_tab.in_room(alice, room)
    response = await tab.ask(alias, room=room)
    assert (response["type"], response["data"]) == ("left", {"room": room})


@pytest.mark.parametrize("alias", ["chat", "room_message"])
async def test_posting_has_other_names(open_tab: Tabs, alice: Person, room: str, alias: str) -> None:
    tab = await open_tab.in_room(alice, room)
    response = await tab.ask(alias, room=room, content="hello")
    assert response["type"] == "create_message"
    assert (await tab.expect_message("hello"))["id"] == response["data"]["message"]["id"]
