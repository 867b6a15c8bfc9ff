"""What really goes out is what the catalogue says: every response and event of a whole conversation, decoded strictly."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from django.test import override_settings

from accounts.credentials import Credential
from accounts.models import ApiToken, User
from chat.models import Announcement
from chat.people import announcements
from chat.protocol import wire
from chat.protocol.catalogue import EVENTS, RESPONSES
from chat.protocol.errors import ErrorCode
from chat.protocol.requests import ALIASES, PAYLOADS
from chat.realtime.database import in_database
from chat.realtime.delivery.connection import Connection
from chat.server import consumer
from chat.server.runtime import Runtime
from tests.chat.realtime.doubles import until

pytestmark = pytest.mark.django_db(transaction=True)

# Sent only by a process that ends, or by a timer; test_wire_of_the_rest below has them.
NOT_IN_A_CONVERSATION = {"ping", "presence", "server_draining"}
# `closed` ends a stream of server-sent events; an `error` event needs a model that fails (tests/socket has both).
NOT_ON_THIS_SOCKET = {"closed", "error"}
STREAM_EVENTS = {"stream_start", "stream_delta", "stream_end"}


class Tab:
    """A socket without a server: frames go in as text, and what comes out is checked against the catalogue."""

    def __init__(self, runtime: Runtime, user: User, token: ApiToken) -> None:
        self.frames: list[dict[str, Any]] = []
        self.asked: dict[int, str] = {}
        self._runtime = runtime
        credential = Credential(user.pk, user.username, "token", str(token.pk))
        self.connection = Connection(f"{user.username}-{id(self)}", credential, "192.0.2.1", self._send)
        runtime.admit(self.connection)
        runtime.welcome(self.connection)

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            frame = json.loads(message["text"])
            check(frame, self.asked)
            self.frames.append(frame)

    async def ask(self, type_: str, **payload: Any) -> dict[str, Any]:
        request_id = len(self.asked) + 1
        self.asked[request_id] = ALIASES.get(type_, type_)
        text = json.dumps({"type": type_, "id": request_id, "payload": payload})
        await consumer._take(self._runtime, self.connection, text)
        await until(lambda: self.response_to(request_id))
        (response,) = self.response_to(request_id)
        return response

    async def get(self, type_: str, **payload: Any) -> dict[str, Any]:
        response = await self.ask(type_, **payload)
        assert response["success"], response
        data: dict[str, Any] = response["data"]
        return data

    def response_to(self, request_id: int) -> list[dict[str, Any]]:
        """Return the responses to a request; the events of a reply that it began carry its id, too."""
        return [
            frame
            for frame in self.frames
            if frame.get("requestId") == request_id and frame["type"] not in STREAM_EVENTS
        ]

    def types(self) -> set[str]:
        return {frame["type"] for frame in self.frames}


def check(frame: dict[str, Any], asked: dict[int, str]) -> None:
    """Refuse a frame that is not exactly what the catalogue promises."""
    assert isinstance(frame["timestamp"], int)
    if frame["type"] == "error":
        failure = msgspec.convert(frame, wire.Failure, strict=True)
        assert failure.success is False and ErrorCode(failure.error.code)
        return
    if "requestId" in frame and frame["type"] not in STREAM_EVENTS:
        name = asked[frame["requestId"]]
        type_, data = RESPONSES[name]
        assert frame["type"] == type_, f"{name} got {frame['type']}"
    else:
        data = EVENTS[frame["type"]].data
        if EVENTS[frame["type"]].durable:
            assert {"room", "change"} <= set(frame["data"])
    assert frame["success"] is True and set(frame) <= {"type", "timestamp", "success", "data", "requestId"}
    decoded = msgspec.convert(frame["data"], data, strict=True)
    assert msgspec.to_builtins(decoded) == frame["data"], "nothing beyond what the schema names"


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    runtime = Runtime()
    await runtime.start()
    yield runtime
    await runtime.stop()


@pytest.fixture
async def tab(runtime: Runtime) -> Callable[[str], Any]:
    async def opened(username: str) -> Tab:
        user, _created = await in_database(User.objects.get_or_create, username=username)
        token, _secret = await in_database(ApiToken.issue, user, "a tab")
        return Tab(runtime, user, token)

    return opened


async def test_every_response_and_event_of_a_conversation_is_what_the_catalogue_says(
    runtime: Runtime, tab: Callable[[str], Any]
) -> None:
    alice, bob = await tab("alice"), await tab("bob")
    await alice.get("create_room", name="Lounge", room="lounge", kind="closed", members=["bob"])
    await alice.get("create_room", name="Demo", room="demo", kind="session", members=["bob"])
    direct = (await alice.get("create_room", kind="direct", members=["bob"]))["room"]
    for room in ("lounge", "demo", direct["slug"]):
        await alice.get("join", room=room)
    await bob.get("list_rooms")
    message = (await alice.get("chat", room="lounge", content="hello **@bob**"))["message"]
    joined = await bob.get("join_room", room="lounge", after=0, epoch="")
    assert joined["reset"] and joined["messages"] == [message]
    await bob.get("subscribe", room="demo")
    reply = (await bob.get("create_message", room="lounge", content="hi", replyTo=message["id"]))["message"]
    await bob.get("edit_message", message=reply["id"], content="hi!")
    await alice.get("add_reaction", message=reply["id"], emoji="🎉")
    assert (await alice.get("own_reactions", message=reply["id"]))["emoji"] == ["🎉"]
    await alice.get("remove_reaction", message=reply["id"], emoji="🎉")
    await bob.get("delete_message", message=reply["id"])
    await alice.get("update_room", room="lounge", topic="Talk")
    await alice.get("mute_room", room="lounge", muted=True)
    await alice.get("set_role", room="lounge", user="bob", role="moderator")
    for bounds in ({}, {"before": 3}, {"after": 0}, {"around": 1}):
        await bob.get("get_messages", room="lounge", **bounds)
    await bob.get(
        "sync", rooms={"lounge": {"change": 0, "epoch": joined["epoch"]}, "nowhere": {"change": 0, "epoch": ""}}
    )
    assert (await bob.get("search_messages", query="hell"))["hits"]
    await bob.get("mark_read", room="lounge", seq=1)
    await bob.get("typing", room="lounge", typing=True)
    await bob.get("save_draft", room="lounge", content="dra", version=1)
    await bob.get("save_draft", room="demo", content="shared", version=1)
    await bob.get("get_user", userId="alice")
    await bob.get("estimate_prompt", room="demo", content="Where should we go first?")
    await bob.get("list_models")
    await bob.get("list_presence", room="lounge")
    await bob.get("ping")
    await talk_with_claude(bob)
    second = await tab("bob")
    await second.get("join_room", room="demo")
    runtime.dismiss(second.connection)
    await in_database(announcements.announce, Announcement(text="Tea is ready"))
    carol = await tab("carol")
    await carol.ask("join_room", room="lounge")
    await alice.get("add_member", room="lounge", user="carol")
    await alice.get("remove_member", room="lounge", user="carol")
    await ask_in_and_keep_out(alice, carol)
    await bob.get("unsubscribe", room="demo")
    await bob.get("quit_room", room="lounge")
    assert (await bob.get("quit_rooms", rooms=["demo", "nowhere"]))["results"]
    await alice.get("archive_room", room="lounge")
    await alice.get("restore_room", room="lounge")
    await alice.get("delete_room", room="lounge")
    await until(lambda: "room_updated" in alice.types() and "left" in bob.types() and "user_left" in alice.types())

    requested = {name for each in (alice, bob, carol) for name in each.asked.values()}
    assert requested == set(RESPONSES) == set(PAYLOADS) - {"pong"}, "this conversation must hold every request"
    heard = alice.types() | bob.types() | second.types()
    await until(
        lambda: set(EVENTS) - NOT_IN_A_CONVERSATION - NOT_ON_THIS_SOCKET <= alice.types() | bob.types() | second.types()
    )
    assert heard


async def ask_in_and_keep_out(owner: Tab, person: Tab) -> None:
    """Invite a person twice, and ban them in between."""
    await person.get("browse_rooms", query="loun")
    with override_settings(ASK_BEFORE_ADDING="always"):
        await owner.get("add_member", room="lounge", user="carol")
        assert (await person.get("list_invitations"))["invitations"]
        await person.get("accept_invitation", room="lounge")
        await owner.get("ban_member", room="lounge", user="carol", reason="noise")
        assert (await owner.get("list_bans", room="lounge"))["bans"]
        await owner.get("unban_member", room="lounge", user="carol")
        await owner.get("add_member", room="lounge", user="carol")
        await person.get("decline_invitation", room="lounge")


async def talk_with_claude(tab: Tab) -> None:
    """Begin, stop, continue and repeat a reply of the demo model, which speaks slowly enough for that."""

    def deltas() -> int:
        return sum(frame["type"] == "stream_delta" for frame in tab.frames)

    reply = (await tab.get("execute", session="demo", prompt="Tell me everything"))["reply"]["id"]
    await until(lambda: deltas() > 3)
    assert (await tab.get("get_stream", message=reply))["text"]
    assert (await tab.get("stop_reply", message=reply))["state"] == "stopped"
    heard = deltas()
    assert (await tab.get("continue_reply", message=reply))["state"] == "queued"
    await until(lambda: deltas() > heard)
    await tab.get("stop_reply", message=reply)
    assert (await tab.get("retry_reply", message=reply))["message"]["reply"]["versions"] == 2
    await tab.get("stop_reply", message=reply)
    assert (await tab.get("show_version", message=reply, version=1))["message"]["content"]


async def test_errors_are_what_the_catalogue_says_and_carry_the_requests_id(tab: Callable[[str], Any]) -> None:
    alice, mallory = await tab("alice"), await tab("mallory")
    await alice.get("create_room", name="Den", room="den", kind="closed")
    await alice.get("save_draft", room="den", content="x", version=5)
    for who, type_, payload, code in (
        (alice, "create_room", {}, "VALIDATION_ERROR"),
        (alice, "create_message", {"room": "den", "content": "  "}, "VALIDATION_ERROR"),
        (alice, "get_messages", {"room": "den", "limit": 0}, "VALIDATION_ERROR"),
        (alice, "typing", {"room": "den", "typing": True}, "REQUEST_FAILED"),
        (mallory, "create_message", {"room": "den", "content": "x"}, "NOT_FOUND"),
        (alice, "save_draft", {"room": "den", "content": "y", "version": 1}, "CONFLICT"),
        (alice, "edit_message", {"message": "999", "content": "x"}, "NOT_FOUND"),
    ):
        response = await who.ask(type_, **payload)
        assert (response["type"], response["success"], response["error"]["code"]) == ("error", False, code)


async def test_what_only_a_process_sends_is_what_the_catalogue_says(
    runtime: Runtime, tab: Callable[[str], Any], settings: Any
) -> None:
    settings.DRAIN_SECONDS = 0.02
    alice = await tab("alice")
    await alice.get("create_room", name="Den", room="den")
    await alice.get("join_room", room="den")
    runtime.presence._tell_whole([next(iter(topic for topic in runtime.presence._here if topic.name == "den"))])
    for _ in range(len(runtime.heartbeat._slots)):
        runtime.heartbeat._ping_next_slot()
    await runtime.drain()
    await until(lambda: alice.types() >= NOT_IN_A_CONVERSATION)
    assert alice.connection.close_code == 1012


async def test_a_burst_of_posts_gets_its_responses_in_order_each_once(
    runtime: Runtime, tab: Callable[[str], Any]
) -> None:
    alice, bob = await tab("alice"), await tab("bob")
    await alice.get("create_room", name="Den", room="den", members=["bob"])
    for each in (alice, bob):
        await each.get("join_room", room="den")
    await asyncio.gather(*(alice.ask("room_message", room="den", content=f"{n}") for n in range(30)))
    await until(lambda: len([f for f in bob.frames if f["type"] == "new_message"]) == 30)
    for each in (alice, bob):
        events = [frame["data"] for frame in each.frames if frame["type"] == "new_message"]
        assert [event["change"] for event in events] == list(range(1, 31))
        assert [event["message"]["content"] for event in events] == [f"{n}" for n in range(30)]
