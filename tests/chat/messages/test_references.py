"""Wherever a person is referred to, there is their display name, for no query more than without it."""

from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.access import Actor
from chat.messages import changes, exporting, history
from chat.messages.posting import store
from chat.models import Kind, Message
from chat.protocol import requests, wire
from chat.rooms import joining, members, rooms
from tests.chat.fixtures import a_post, room_of, say, stored

pytestmark = pytest.mark.django_db


def refs_in(value: Any) -> list[dict[str, str]]:
    """Return every reference to a person in something as JSON."""
    if isinstance(value, list):
        return [ref for each in value for ref in refs_in(each)]
    if not isinstance(value, dict):
        return []
    if "username" in value:
        return [value]
    return [ref for each in value.values() for ref in refs_in(each)]


def called(value: Any) -> set[tuple[str, str | None]]:
    return {(ref["username"], ref.get("displayName")) for ref in refs_in(msgspec.to_builtins(value))}


@pytest.fixture
def session(alice: User, bob: User, carol: User) -> str:
    """A session in which bob asks, alice stops, reacts and replies, and adds carol."""
    room_of(alice, "desk", "session", members=[bob])
    (prompt,) = say(bob, "desk", "explain")
    stored(store([a_post(alice, "desk", "and this", reply_to=int(prompt.id))]))
    changes.add_reaction(Actor.of(alice), requests.AddReaction(prompt.id, "🎉"))
    members.add_member(Actor.of(alice), requests.AddMember("desk", "carol"))
    return "desk"


def call_people(**display_names: str) -> None:
    for username, name in display_names.items():
        User.objects.filter(username=username).update(display_name=name)


def page(alice: User, slug: str) -> wire.MessagePage:
    return history.page(Actor.of(alice), requests.GetMessages(slug))


def test_history_and_export_call_everybody_by_name(alice: User, session: str) -> None:
    call_people(alice="Alice Moreau", bob="Bob Tables")
    wanted = {("alice", "Alice Moreau"), ("bob", "Bob Tables"), ("carol", None), ("claude", "Claude")}
    assert called(page(alice, session)) == wanted
    assert called(exporting.batch(Actor.of(alice), session, 0, 1000)) == wanted
    (notice,) = [each for each in page(alice, session).messages if each.kind == "join"]
    assert (notice.content, notice.by) == ("alice", wire.UserRef(str(alice.pk), "alice", "Alice Moreau"))


def test_an_opened_room_and_a_new_message_call_everybody_by_name(alice: User, bob: User, session: str) -> None:
    call_people(bob="Bob Tables")
    opened = joining.open_room(Actor.of(alice), requests.JoinRoom(session))
    assert ("bob", "Bob Tables") in called(opened.messages) and ("bob", None) not in called(opened.messages)
    bob.refresh_from_db()
    (posted,) = say(bob, session, "again")
    assert posted.author == wire.UserRef(str(bob.pk), "bob", "Bob Tables")


def test_direct_rooms_say_who_is_in_them_by_name(alice: User, bob: User) -> None:
    call_people(bob="Bob Tables")
    fact = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"]))
    assert called(fact) == called(rooms.list_rooms(Actor.of(alice))) == {("alice", None), ("bob", "Bob Tables")}


def test_a_display_name_that_is_the_user_name_is_left_out(alice: User) -> None:
    assert wire.UserRef.of(alice.pk, "alice", "alice") == wire.UserRef(str(alice.pk), "alice")
    assert b"displayName" not in msgspec.json.encode(wire.UserRef.of(alice.pk, "alice", ""))


def test_names_cost_no_query(alice: User, session: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(alice, session)
        return len(queries)

    with_notice = cost()
    call_people(alice="Alice Moreau", bob="Bob Tables")
    assert cost() == with_notice
    Message.objects.filter(kind=Kind.JOIN).delete()
    assert cost() == with_notice, "who added someone was asked for by a query of its own"
