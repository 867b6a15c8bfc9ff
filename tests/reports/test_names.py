"""People and rooms are found by the cases of tests/reports/names.py; tests/browser does the same with the page's ranking."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from accounts.search_name import renewed
from chat.access import Actor
from chat.models import Room
from chat.pages.page_data import people_best_like
from chat.protocol import requests
from chat.rooms import browsing, leaving, member_list, rooms
from tests.reports.names import NAMES, Named


def label(case: Named) -> str:
    return f"{case.kind}: {case.typed!a}"


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create(username="alice")


@pytest.mark.parametrize("case", NAMES, ids=label)
@pytest.mark.django_db
def test_a_name_is_found_wherever_one_is_looked_for(alice: User, case: Named) -> None:
    bob = User.objects.create(username="bob", display_name=case.name)
    rooms.create_room(Actor.of(bob), requests.CreateRoom(kind="open", name=case.name, room="open"))
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="closed", name=case.name, room="mine"))
    direct = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"])).room.slug
    listed = {room.slug for room in rooms.list_rooms(Actor.of(alice), requests.ListRooms(query=case.typed)).rooms}
    opened = browsing.browse_rooms(Actor.of(alice), requests.BrowseRooms(query=case.typed)).rooms
    found = {
        "my rooms": "mine" in listed,
        "direct messages": direct in listed,
        "open rooms": bool(opened),
        "people": bool(people_best_like(case.typed, besides=alice.pk)),
        "members": bool(member_list.page(Actor.of(alice), direct, case.typed).people),
        "rooms to leave": bool(leaving.leavable(Actor.of(alice), case.typed, 1).memberships),
    }
    assert set(found.values()) == {case.is_found}, found


@pytest.mark.django_db
def test_names_that_were_stored_in_another_form_are_found_after_the_migrations(alice: User) -> None:
    bob = User.objects.create(username="bob", display_name="Łódź")
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="closed", name="Łódź", room="mine"))
    User.objects.filter(pk=bob.pk).update(search_name="bob łodz")
    Room.objects.update(search_name="łodz")
    for app, model, sources in (("accounts", "User", ("username", "display_name")), ("chat", "Room", ("name",))):
        renewed(app, model, *sources)(apps, SimpleNamespace(connection=connection))
    assert people_best_like("lodz", besides=alice.pk) == [bob]
    assert Room.objects.get().search_name == "lodz"
    bob.refresh_from_db()
    assert bob.search_name == "bob lodz"
