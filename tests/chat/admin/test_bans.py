"""Bans from rooms in the administration: the same notices and orders as a moderator's, whatever the ranks are."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from chat.models import Kind, Membership, Room, RoomBan
from tests.chat.conftest import Listening, person, queries_of
from tests.chat.fixtures import room_of, rows_of

BANS = "/admin/chat/roomban/"


def impose(client: Client, room: Room, user: User, **fields: Any) -> Any:
    return client.post(f"{BANS}add/", {"room": room.pk, "user": user.pk, **fields}, follow=True)


def test_an_operator_bans_anyone_whatever_their_role(
    as_ruth: Client, ruth: User, alice: User, lounge: Room, told: Listening
) -> None:
    with told() as heard:
        response = impose(as_ruth, lounge, alice, reason="Spam", ends_at_0="2099-01-01", ends_at_1="00:00")
    assert "was added successfully" in response.content.decode()
    ban = RoomBan.objects.get()
    assert (ban.user, ban.created_by, ban.reason, ban.is_in_force) == (alice, ruth, "Spam", True)
    assert not Membership.objects.filter(user=alice).exists()
    left, heir = rows_of("lounge")[-2:]
    assert (left.kind, left.content, heir.kind) == (Kind.LEAVE, "ruth", Kind.OWNER), "she was the last owner"
    assert ("access", alice.pk, "lounge") in heard.orders
    assert LogEntry.objects.filter(object_id=str(ban.pk)).exists()


def test_a_second_ban_replaces_the_first(as_ruth: Client, bob: User, lounge: Room) -> None:
    impose(as_ruth, lounge, bob, reason="one")
    impose(as_ruth, lounge, bob, reason="two")
    assert list(RoomBan.objects.values_list("reason", flat=True)) == ["two"]


def test_a_direct_room_and_claude_are_refused_with_a_sentence(
    as_ruth: Client, alice: User, bob: User, lounge: Room
) -> None:
    direct = room_of(alice, "direct-1", "direct", members=[bob])
    assert "always has the same two people" in impose(as_ruth, direct, bob).content.decode()
    claude = User.objects.filter(username="claude").first() or person("claude")
    assert "Claude can&#x27;t be banned" in impose(as_ruth, lounge, claude).content.decode()
    assert not RoomBan.objects.exists()


@pytest.mark.parametrize("many", [False, True])
def test_bans_are_lifted_by_deleting_them(as_ruth: Client, bob: User, lounge: Room, many: bool) -> None:
    ban = RoomBan.objects.create(room=lounge, user=bob)
    if many:
        data = {"action": "delete_selected", "_selected_action": [ban.pk]}
        assert "may come back" in as_ruth.post(BANS, data).content.decode()
        as_ruth.post(BANS, {**data, "post": "yes"})
    else:
        as_ruth.post(f"{BANS}{ban.pk}/delete/", {"post": "yes"})
    assert not RoomBan.objects.exists()


def test_the_list_tells_bans_in_force_from_those_that_ended(
    as_ruth: Client, alice: User, bob: User, lounge: Room
) -> None:
    RoomBan.objects.create(room=lounge, user=bob, reason="holds")
    RoomBan.objects.create(room=lounge, user=alice, reason="has ended", ends_at=timezone.now() - timedelta(days=1))
    yes, no = (as_ruth.get(f"{BANS}?in_force={value}").content.decode() for value in ("yes", "no"))
    assert ("holds" in yes, "has ended" in yes, "has ended" in no) == (True, False, True)


def test_a_longer_list_costs_no_more_queries(as_ruth: Client, bob: User, lounge: Room) -> None:
    RoomBan.objects.create(room=lounge, user=bob)
    few = len(queries_of(as_ruth, BANS))
    for number in range(10):
        RoomBan.objects.create(room=lounge, user=person(f"p{number}"))
    assert len(queries_of(as_ruth, BANS)) == few
