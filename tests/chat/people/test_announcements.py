"""Announcements reach whom they are for, also the processes that did not hear of them."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from chat.models import Announcement
from chat.people import announcements
from chat.realtime.events import Event
from tests.chat.conftest import Listening
from tests.chat.fixtures import room_of

pytestmark = pytest.mark.django_db


def data_of(event: Event) -> dict[str, str]:
    found: dict[str, str] = json.loads(event.text)["data"]
    return found


def test_everybody_a_room_or_a_person_is_told(alice: User, told: Listening) -> None:
    den = room_of(alice, "den")
    for announcement, group, room in (
        (Announcement(text="to all"), "global", None),
        (Announcement(text="to the den", room=den), "room:den", "den"),
        (Announcement(text="to alice", user=alice), f"user:{alice.pk}", None),
    ):
        with told() as heard:
            announcements.announce(announcement)
        ((where, type_, data),) = heard.events
        assert (where, type_, data["kind"], data["text"]) == (group, "notification", "announcement", announcement.text)
        assert data["id"] == str(announcement.pk) and data.get("room") == room


@transaction.atomic
def announce_and_fail() -> None:
    announcements.announce(Announcement(text="never"))
    raise ZeroDivisionError


def test_one_that_is_rolled_back_is_not_told(told: Listening) -> None:
    with told() as heard:
        with pytest.raises(ZeroDivisionError):
            announce_and_fail()
        assert heard.events == []
    assert announcements.newest_id() == 0


def test_what_the_poll_finds_has_the_name_of_what_the_event_told(alice: User, told: Listening) -> None:
    first = Announcement.objects.create(text="old")
    assert announcements.newest_id() == first.pk
    with told():
        for number in range(3):
            announcements.announce(Announcement(text=f"{number}", room=room_of(alice, f"room-{number}")))
    found = announcements.after(first.pk)
    assert [data_of(event)["text"] for _id, event in found] == ["0", "1", "2"]
    assert [event.once for _id, event in found] == [f"announcement:{id_}" for id_, _event in found]
    assert announcements.after(found[-1][0]) == []


def test_the_poll_is_bounded_and_costs_one_query(alice: User, django_assert_num_queries: object) -> None:
    den = room_of(alice, "den")
    Announcement.objects.bulk_create([Announcement(text=f"{n}", room=den) for n in range(150)])
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(announcements.after(0)) == 100


def test_one_announcement_is_not_for_a_room_and_a_person(alice: User) -> None:
    with pytest.raises(ValidationError):
        Announcement(text="both", room=room_of(alice, "den"), user=alice).clean()
