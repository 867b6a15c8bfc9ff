"""The list of my rooms: what is unread, drafts, direct rooms by their people, and no query for each room."""

from typing import Any

import pytest
from django.utils import timezone
from msgspec import UNSET

from accounts.models import User
from chat import unread
from chat.access import Actor
from chat.messages import changes, drafts, reading
from chat.models import Membership, Room
from chat.presenter import room_fields
from chat.protocol import requests, wire
from chat.rooms import browsing, rooms
from tests.chat.conftest import Listening, person
from tests.chat.fixtures import room_of, say

pytestmark = pytest.mark.django_db

# Rooms with counts and drafts, the people of direct rooms.
QUERIES_OF_A_LIST = 2


def listed(user: User) -> dict[str, wire.ListedRoom]:
    return {room.slug: room for room in rooms.list_rooms(Actor.of(user)).rooms}


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_costs_the_same_for_any_number_of_rooms(
    alice: User, bob: User, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        room_of(bob, f"room-{number:02}", members=[alice])
        say(bob, f"room-{number:02}", "hello @alice", "and more")
        drafts.save_draft(Actor.of(alice), requests.SaveDraft(f"room-{number:02}", "unsent", 1))
        rooms.create_room(
            Actor.of(alice), requests.CreateRoom(kind="direct", members=[person(f"guest-{number}").username])
        )
    with django_assert_num_queries(QUERIES_OF_A_LIST):
        found = rooms.list_rooms(Actor.of(alice)).rooms
    assert len(found) == 2 * count
    group = [room for room in found if room.kind == "closed"]
    assert {(room.unread, room.mentions, room.members) for room in group} == {(2, 1, UNSET)}
    assert all(room.draft == wire.Draft("unsent", 1) for room in group)
    people = [room.members for room in found if room.kind == "direct"]
    assert all(members is not UNSET and len(members) == 2 and members[0].username == "alice" for members in people)


def test_only_my_rooms_that_are_not_archived_are_listed_by_name(alice: User, bob: User) -> None:
    for slug in ("b", "a", "c"):
        room_of(alice, slug, members=[bob])
    room_of(bob, "not-mine", "open")
    Room.objects.filter(slug="c").update(archived_at=timezone.now())
    assert list(listed(alice)) == ["a", "b"] and {room.role for room in listed(alice).values()} == {"owner"}


def test_the_list_says_of_a_room_what_the_room_says_of_itself(alice: User) -> None:
    room_of(alice, "silent")
    room_of(alice, "den")
    say(alice, "den", "hello")
    for room in Room.objects.all():
        shown = room_fields(room)
        assert {name: getattr(listed(alice)[room.slug], name) for name in shown} == shown


def test_unread_counts_what_others_said_since_i_read(alice: User, bob: User) -> None:
    room_of(alice, "den", members=[bob])
    say(bob, "den", "1", "2 @alice", "3")
    say(alice, "den", "mine")
    gone, _left = say(bob, "den", "5 @alice", "6 @alice")
    changes.delete_message(Actor.of(bob), requests.DeleteMessage(gone.id))
    rooms.update_room(Actor.of(alice), requests.UpdateRoom("den", topic="a notice does not count"))
    assert (listed(alice)["den"].unread, listed(alice)["den"].mentions) == (4, 2)
    reading.mark_read(Actor.of(alice), requests.MarkRead("den", 2))
    assert (listed(alice)["den"].unread, listed(alice)["den"].mentions) == (2, 1)
    reading.mark_read(Actor.of(alice), requests.MarkRead("den", 10_000))
    assert (listed(alice)["den"].unread, listed(alice)["den"].mentions) == (0, 0)
    assert listed(alice)["den"].lastReadSeq == Room.objects.get().change
    assert listed(bob)["den"].unread == 1


def test_the_words_of_people_who_are_no_more_count_too(alice: User, bob: User) -> None:
    room_of(alice, "den", members=[bob])
    say(bob, "den", "1", "2 @alice")
    bob.delete()
    assert (listed(alice)["den"].unread, listed(alice)["den"].mentions) == (2, 1)
    assert unread.in_room(alice.pk, Room.objects.get().pk, 0) == (2, 1)


def test_counting_stops_at_a_hundred_in_every_place(alice: User, bob: User, told: Listening) -> None:
    room = room_of(alice, "den", members=[bob])
    say(bob, "den", *("@alice" for _ in range(150)))
    assert (listed(alice)["den"].unread, listed(alice)["den"].mentions) == (100, 100)
    assert unread.in_room(alice.pk, room.pk, 0) == (100, 100)
    with told() as heard:
        fact = reading.mark_read(Actor.of(alice), requests.MarkRead("den", 30))
    assert (fact.unread, fact.mentions) == (100, 100)
    assert heard.of("read_updated", f"user:{alice.pk}") == [
        {"room": "den", "lastReadSeq": 30, "unread": 100, "mentions": 100}
    ]
    assert reading.mark_read(Actor.of(alice), requests.MarkRead("den", 140)).unread == 10


def test_both_ways_of_counting_agree(alice: User, bob: User, carol: User) -> None:
    for number in range(4):
        room = room_of(alice, f"room-{number}", members=[bob, carol])
        for author, text in ((alice, "@bob hi"), (bob, "@alice @carol"), (carol, "x"), (bob, "@bob me")):
            say(author, room.slug, *[text] * (number + 1))
    for user in (alice, bob, carol):
        for cursor in range(0, 18, 3):
            Membership.objects.filter(user=user).update(last_read_seq=cursor)
            whole = listed(user)
            for room in Room.objects.all():
                count = (whole[room.slug].unread, whole[room.slug].mentions)
                assert unread.in_room(user.pk, room.pk, cursor) == count
                others = unread.of_people(room.slug, [user.pk, 0], cursor + 1)
                assert others == [(user.pk, cursor, room.change, count)]
                assert unread.of_people(room.slug, [user.pk], cursor) == [], "has read as far"


def test_the_read_cursor_goes_backwards_too_and_never_beyond_the_room(alice: User, bob: User) -> None:
    room_of(alice, "den", members=[bob])
    say(bob, "den", "1", "2", "3")
    actor = Actor.of(alice)
    for seq, cursor, count in ((3, 3, 0), (1, 1, 2), (0, 0, 3), (2**53 - 1, 3, 0)):
        fact = reading.mark_read(actor, requests.MarkRead("den", seq))
        assert (fact.lastReadSeq, fact.unread) == (cursor, count)
    assert Membership.objects.get(user=bob).last_read_seq == 0


def test_an_emptied_draft_is_not_listed(alice: User) -> None:
    room_of(alice, "den")
    for version, content in enumerate(["text", ""], start=1):
        drafts.save_draft(Actor.of(alice), requests.SaveDraft("den", content, version))
    assert listed(alice)["den"].draft is UNSET


def test_open_rooms_that_i_am_not_in_are_offered(alice: User, bob: User) -> None:
    room_of(bob, "square", "open")
    room_of(bob, "old-square", "open")
    room_of(bob, "den")
    room_of(alice, "mine", "open")
    Room.objects.filter(slug="old-square").update(archived_at=timezone.now())
    found = browsing.browse_rooms(Actor.of(alice), requests.BrowseRooms())
    assert ([room.slug for room in found.rooms], found.hasMore, found.total) == (["square"], False, 1)
