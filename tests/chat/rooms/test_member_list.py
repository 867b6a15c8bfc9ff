"""Who is in a room: some of them at once, the rest in pages and by name, at the same price for few and for many."""

from typing import Any

import pytest

from accounts.models import User
from chat.access import Actor
from chat.models import Membership, Room
from chat.protocol.errors import ErrorCode
from chat.rooms import member_list
from tests.chat.fixtures import refused, room_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User, carol: User) -> Room:
    return room_of(alice, "den", members=[bob], moderators=[carol])


def fill(room: Room, count: int) -> None:
    people = [User(username=f"person-{number:04}", display_name=f"Number {number}") for number in range(count)]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create([Membership(room=room, user=person) for person in people])


def names(people: list[member_list.Person]) -> list[str]:
    return [each.user.username for each in people]


def test_owners_come_first(alice: User, den: Room) -> None:
    for people in (member_list.first(den).people, member_list.page(Actor.of(alice), "den").people):
        assert [(each.user.username, each.role) for each in people] == [
            ("alice", "owner"), ("carol", "moderator"), ("bob", "member"),
        ]  # fmt: skip


def test_outsiders_see_nobody(mallory: User, den: Room) -> None:
    with refused(ErrorCode.NOT_FOUND):
        member_list.page(Actor.of(mallory), "den")
    with refused(ErrorCode.NOT_FOUND):
        member_list.like(Actor.of(mallory), "den", "a")


def test_a_large_room_begins_with_some_and_says_how_many_there_are(den: Room) -> None:
    fill(den, 500)
    den.memberships.filter(user__username="person-0499").update(role="owner")
    people, total = member_list.first(den)
    assert (len(people), total) == (member_list.FIRST_PEOPLE, 503)
    assert names(people)[:4] == ["alice", "person-0499", "carol", "bob"], "owners, however late they came"


def test_pages_hold_everybody_once(alice: User, den: Room) -> None:
    fill(den, 230)
    pages = [member_list.page(Actor.of(alice), "den", number=number) for number in (1, 2, 3)]
    assert [len(page.people) for page in pages] == [100, 100, 33]
    assert len({name for page in pages for name in names(page.people)}) == 233
    assert pages[0].pages == 3 and pages[0].total == 233
    assert member_list.page(Actor.of(alice), "den", number=99).number == 3


def test_people_are_found_by_every_word_of_their_names(alice: User, bob: User, den: Room) -> None:
    bob.display_name = "Robert Tables"
    bob.save()
    for query, found in {"bo": ["bob"], "tabl": ["bob"], "robert bo": ["bob"], "robert alice": [], "": None}.items():
        page = member_list.page(Actor.of(alice), "den", query)
        assert found is None or names(page.people) == found, query
    for typed, found in {"bo": ["bob"], "tab": ["bob"], "rob": ["bob"], "ables": [], "ali": ["alice"]}.items():
        assert names(member_list.like(Actor.of(alice), "den", typed)) == found, typed
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert member_list.like(Actor.of(alice), "den", "bo") == []


def test_many_people_cost_as_many_queries_as_few(alice: User, den: Room, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        member_list.first(den)
    fill(den, 500)
    with django_assert_num_queries(2):
        member_list.first(den)
    with django_assert_num_queries(3):  # the room with its membership, the count, the page
        member_list.page(Actor.of(alice), "den", "person", 3)
    with django_assert_num_queries(2):
        assert len(member_list.like(Actor.of(alice), "den", "p")) == member_list.PEOPLE_LIKE
