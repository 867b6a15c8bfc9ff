"""Tabs that open rooms together get what each would get alone, for fewer queries."""

from typing import Any

import pytest
from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.messages import drafts
from chat.models import Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import joining, rooms
from chat.rooms.joining import Asked, Opened
from tests.chat.fixtures import room_of, say
from tests.chat.rooms.test_joining import queries_of

pytestmark = pytest.mark.django_db


def asks(user: User, slug: str, **position: Any) -> Asked:
    return Asked(Actor.of(user), requests.JoinRoom(slug, **position))


def alone(asked: Asked) -> Opened | ErrorCode:
    try:
        return joining.open_room(*asked)
    except ProtocolError as error:
        return error.code


def together(*asked: Asked) -> list[Opened | ErrorCode]:
    return [each.code if isinstance(each, ProtocolError) else each for each in joining.open_rooms(asked)]


def test_each_gets_what_it_would_get_alone(alice: User, bob: User, carol: User) -> None:
    den, epoch = room_of(alice, "den", members=[bob]), Room.objects.get(slug="den").epoch
    desk = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="session", room="desk", members=["bob"]))
    say(bob, "den", "1", "2", "3")
    drafts.save_draft(Actor.of(alice), requests.SaveDraft("den", "mine", 1))
    drafts.save_draft(Actor.of(bob), requests.SaveDraft("desk", "ours", 1))
    asked = [
        asks(alice, "den"),
        asks(bob, "den", after=1, epoch=epoch),
        asks(alice, "den", after=1, epoch=epoch),
        asks(bob, "den", after=1, epoch="another"),
        asks(carol, "den"),
        asks(alice, "desk"),
        asks(bob, "desk"),
        asks(bob, "nowhere"),
        asks(bob, "den", after=3, epoch=epoch),
    ]
    expected = [alone(each) for each in asked]
    assert together(*asked) == expected
    assert expected[4] == expected[7] == ErrorCode.NOT_FOUND
    first, second = expected[0], expected[1]
    assert isinstance(first, Opened) and isinstance(second, Opened)
    assert first.draft is not UNSET and second.draft is UNSET
    assert (den.slug, desk.room.slug) == ("den", "desk")


def test_who_enters_an_open_room_meanwhile_is_read_at_its_new_change(alice: User, bob: User, carol: User) -> None:
    room_of(alice, "plaza", kind="open")
    say(alice, "plaza", "hello")
    before, entered, again = together(asks(alice, "plaza"), asks(bob, "plaza"), asks(carol, "plaza"))
    assert isinstance(before, Opened) and isinstance(entered, Opened) and isinstance(again, Opened)
    assert before.room.change < entered.room.change < again.room.change
    for opened in (before, entered, again):
        assert opened.messages[-1].change == opened.room.change


def test_many_tabs_of_one_room_cost_as_many_queries_as_one(alice: User, bob: User) -> None:
    epoch = room_of(alice, "den", members=[bob]).epoch
    say(alice, "den", "1", "2")
    one = [asks(alice, "den", after=1, epoch=epoch)]
    assert queries_of(joining.open_rooms, one) == queries_of(
        joining.open_rooms, [*one, *one, asks(bob, "den", after=1, epoch=epoch)]
    )
