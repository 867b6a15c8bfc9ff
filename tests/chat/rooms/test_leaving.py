"""Leaving several rooms: each for itself, by the rules of leaving one."""

import pytest
from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.models import Membership
from chat.rooms import leaving
from tests.chat.fixtures import room_of

pytestmark = pytest.mark.django_db


def test_what_can_not_be_left_says_why_and_the_rest_is_left(alice: User, bob: User, mallory: User) -> None:
    room_of(alice, "den", members=[bob])
    room_of(bob, "mine", members=[alice])
    room_of(bob, "alone")
    room_of(alice, "talk", "direct", members=[bob])
    room_of(mallory, "secret")
    results = [leaving.leave(Actor.of(bob), slug) for slug in ("den", "mine", "alone", "talk", "secret", "nowhere")]
    assert [(each.room, each.left) for each in results] == [
        ("den", True),
        ("mine", False),
        ("alone", True),
        ("talk", False),
        ("secret", False),
        ("nowhere", False),
    ]
    errors = {each.room: each.error for each in results if each.error is not UNSET}
    assert {room: error.code for room, error in errors.items()} == {
        "mine": "REQUEST_FAILED",
        "talk": "REQUEST_FAILED",
        "secret": "NOT_FOUND",
        "nowhere": "NOT_FOUND",
    }
    assert errors["secret"].message == errors["nowhere"].message, "a room that one may not see is not told of"
    left = Membership.objects.filter(user=bob).values_list("room__slug", flat=True)
    assert set(left) == {"mine", "talk"}


def test_a_page_lists_what_can_be_left_by_name_and_finds_it(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "ROOMS_ON_PAGE", 2)
    for slug in ("garden", "attic", "garden-shed"):
        room_of(alice, slug)
    room_of(alice, "talk", "direct", members=[bob])
    room_of(bob, "bobs")
    room = room_of(alice, "over")
    type(room).objects.filter(pk=room.pk).update(archived_at=room.created_at)

    def slugs(query: str = "", number: int = 1) -> list[str]:
        return [each.room.slug for each in leaving.leavable(Actor.of(alice), query, number).memberships]

    assert (slugs(), slugs(number=2), slugs(number=99)) == (["attic", "garden"], ["garden-shed"], ["garden-shed"])
    assert slugs("GARDEN shed") == ["garden-shed"] and slugs("zebra") == []
