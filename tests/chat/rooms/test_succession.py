"""A room whose last owner goes, in whatever way, has another one then, and its members read of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.models import Kind, Membership, Room
from chat.protocol import requests
from chat.rooms import operators, rooms, succession
from tests.chat.conftest import Capture, Listening, person
from tests.chat.fixtures import room_of, rows_of
from tests.chat.rooms.test_report_people import someone
from tests.reports.people import SUCCESSIONS, Succession

pytestmark = pytest.mark.django_db

Way = Callable[[User, Client], object]


def save_deactivated(user: User, _: Client) -> None:
    user.is_active = False
    user.save()


def deactivate_in_the_list(user: User, ruth: Client) -> None:
    chosen = {"action": "deactivate", "_selected_action": [user.pk], "confirmed": "yes"}
    assert ruth.post(reverse("admin:accounts_user_changelist"), chosen).status_code == 302


def delete_in_the_list(user: User, ruth: Client) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    assert ruth.post(reverse("admin:accounts_user_changelist"), chosen).status_code == 302


def remove_membership(user: User, _: Client) -> None:
    operators.remove_member(Membership.objects.get(user=user), Actor.of(User.objects.get(username="ruth")))


def ban_from_room(user: User, _: Client) -> None:
    room = Room.objects.get(slug="den")
    operators.ban(room.pk, user.pk, "", None, Actor.of(User.objects.get(username="ruth")))


def change_by_hand(user: User, _: Client) -> None:
    """No signal tells of it: what runs in each process finds it."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert succession.keep_owners() is False


WAYS: dict[str, Way] = {
    "a save in a shell": save_deactivated,
    "a ban without an end": lambda user, _: user.ban("spam", None),
    "deactivated in the list": deactivate_in_the_list,
    "deleted": lambda user, _: user.delete(),
    "deleted by a query": lambda user, _: User.objects.filter(pk=user.pk).delete(),
    "deleted in the list": delete_in_the_list,
    "removed from the room": remove_membership,
    "banned from the room": ban_from_room,
    "changed by hand": change_by_hand,
}


def owners_beside(user_id: int) -> set[str]:
    owners = Membership.objects.lasting().filter(room__slug="den", role="owner").exclude(user=user_id)
    return set(owners.values_list("user__username", flat=True))


def a_room(owner: User, case: Succession) -> None:
    room = room_of(owner, "den")
    start = timezone.now() - timedelta(days=9)
    Membership.objects.filter(room=room).update(joined_at=start)
    for number, (role, state) in enumerate(case.others):
        since = start + timedelta(days=number)
        user = someone(f"other-{number}", state)
        Membership.objects.create(room=room, user=user, role=role, joined_at=since)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("case", SUCCESSIONS, ids=lambda case: case.kind)
def test_whoever_may_manage_a_room_after_its_owner(
    alice: User,
    as_ruth: Client,
    django_capture_on_commit_callbacks: Capture,
    case: Succession,
    way: Way,
) -> None:
    a_room(alice, case)
    alice_id = alice.pk
    with django_capture_on_commit_callbacks(execute=True):
        way(alice, as_ruth)
    heirs = {f"other-{number}" for number in case.heirs}
    assert owners_beside(alice_id) == heirs
    came = {f"other-{number}" for number in case.heirs if case.others[number][0] != "owner"}
    notices = [row for row in rows_of("den") if row.kind == Kind.OWNER]
    assert {row.author.username for row in notices if row.author} == came and len(notices) == len(came)


def test_the_heir_and_the_room_are_told(alice: User, bob: User, told: Listening) -> None:
    room_of(alice, "den", members=[bob])
    with told() as heard:
        alice.ban("spam", None)
    assert [(fact["user"]["username"], fact["role"]) for fact in heard.of("member_updated", "room:den")] == [
        ("bob", "owner")
    ]
    assert [event["message"]["kind"] for event in heard.of("new_message", "room:den")] == ["owner"]


@pytest.mark.parametrize("how", ["a ban with an end", "another name", "a direct room"])
def test_an_owner_who_stays_keeps_the_room_alone(
    alice: User, bob: User, django_capture_on_commit_callbacks: Capture, how: str
) -> None:
    if how == "a direct room":
        rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"]))
    else:
        room_of(alice, "den", members=[bob])
    before = list(Membership.objects.order_by("pk").values_list("user", "role"))
    with django_capture_on_commit_callbacks(execute=True):
        if how == "another name":
            alice.display_name = "Alice"
            alice.save()
        else:
            alice.ban("", None if how == "a direct room" else timezone.now() + timedelta(hours=1))
    assert succession.keep_owners() is False
    assert list(Membership.objects.order_by("pk").values_list("user", "role")) == before


def test_of_several_who_go_together_none_inherits(
    alice: User, bob: User, as_ruth: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    room_of(alice, "den", members=[bob, person("carol")])
    chosen: dict[str, Any] = {"action": "deactivate", "_selected_action": [alice.pk, bob.pk], "confirmed": "yes"}
    with django_capture_on_commit_callbacks(execute=True):
        as_ruth.post(reverse("admin:accounts_user_changelist"), chosen)
    assert owners_beside(0) == {"carol"}
    assert [row.kind for row in rows_of("den")] == [Kind.OWNER]


def test_of_several_who_are_removed_together_none_inherits(alice: User, bob: User, as_ruth: Client) -> None:
    room_of(alice, "den", members=[bob, person("carol")])
    chosen = list(Membership.objects.exclude(user__username="carol").order_by("pk").values_list("pk", flat=True))
    as_ruth.post(
        reverse("admin:chat_membership_changelist"),
        {"action": "delete_selected", "_selected_action": chosen, "post": "yes", "confirmed": "yes"},
    )
    assert owners_beside(0) == {"carol"}
    assert sorted(row.kind for row in rows_of("den")) == [Kind.LEAVE, Kind.LEAVE, Kind.OWNER]


@pytest.mark.parametrize("is_alone", [True, False])
def test_an_operator_who_demotes_the_last_owner_makes_another_one(
    alice: User, bob: User, as_ruth: Client, is_alone: bool
) -> None:
    room_of(alice, "den", members=[] if is_alone else [bob])
    operators.set_role(Membership.objects.get(user=alice), "member")
    assert owners_beside(0) == {"alice" if is_alone else "bob"}


def test_every_room_of_an_installation_with_many_is_found(alice: User) -> None:
    others = [person(f"member-{number}") for number in range(2)]
    for number in range(succession._ROOMS_AT_ONCE + 3):
        room_of(alice, f"den-{number}", members=others)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert succession.keep_owners() is True
    assert succession.keep_owners() is False
    assert Membership.objects.filter(role="owner", user=others[0]).count() == succession._ROOMS_AT_ONCE + 3
