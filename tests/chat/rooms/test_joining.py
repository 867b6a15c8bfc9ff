"""Opening a room in a tab costs the same number of queries, however much is in it and however many are its members."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.messages import reading
from chat.models import Membership, Message, Reply, ReplyState
from chat.people import lookup
from chat.presenter import present_message
from chat.protocol import requests
from chat.rooms import joining
from tests.chat.fixtures import room_of, say

pytestmark = pytest.mark.django_db


def queries_of(action: Any, *arguments: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        action(*arguments)
    return len(captured)


def test_a_reply_that_ended_while_it_was_read_is_shown_with_its_text(alice: User, bob: User) -> None:
    room = room_of(alice, "den", members=[bob])
    (said,) = say(bob, "den", "the whole reply")
    read = Message.objects.get(pk=int(said.id))
    reply = Reply.objects.create(message=read, room=room, version=1, change=2, state=ReplyState.COMPLETE)
    Message.objects.filter(pk=read.pk).update(shown=reply, change=2)
    read.shown, read.content = reply, ""  # as it stood before the end
    shown = present_message("den", read)
    assert (shown.content, shown.change, shown.reply is UNSET) == ("the whole reply", 2, False)


def test_what_is_asked_of_a_room_costs_the_same_for_any_size(alice: User, bob: User, as_alice: Actor) -> None:
    room = room_of(alice, "den", members=[bob])
    say(bob, "den", "hello @alice", "and more")
    asked = (
        (joining.open_room, requests.JoinRoom("den")),
        (joining.open_room, requests.JoinRoom("den", after=1, epoch=room.epoch)),
        (reading.mark_read, requests.MarkRead("den", 1)),
        (lookup.room_of_presence, requests.ListPresence("den")),
    )
    before = [queries_of(action, as_alice, request) for action, request in asked]
    say(bob, "den", *(f"hello @alice {number}" for number in range(100)))
    crowd = [User.objects.create(username=f"guest-{number}") for number in range(30)]
    Membership.objects.bulk_create([Membership(room=room, user=guest) for guest in crowd])
    assert [queries_of(action, as_alice, request) for action, request in asked] == before
    assert max(before) <= 7 and before[-1] == 1
