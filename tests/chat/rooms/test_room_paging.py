"""Lists of rooms a page at a time: every room is reached, whatever moves meanwhile, and found by its name."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from accounts.models import User
from accounts.names import search_form
from chat.access import Actor
from chat.messages import naming
from chat.models import Draft, Membership, Room
from chat.pages import sidebar
from chat.protocol import frames, requests
from chat.rooms import browsing, operators, rooms
from chat.rooms.list_pages import Cursor, Line, first_page, page_after
from tests.chat.conftest import person
from tests.chat.fixtures import room_of, say

# Of which the first pages of the tests show few.
MANY = 230
NAMES = ("Café Über", "開発チーム", "パーティー", "فريق التطوير", "❤️ Herz", "İstanbul", "straße", "100%_sure", "Ελλάδα")


def many(count: int, *people: User, kind: str = "closed") -> list[Room]:
    """Make rooms of which each next one was active a minute later."""
    start = timezone.now() - timedelta(days=30)
    made = Room.objects.bulk_create(
        Room(slug=f"room-{n:04}", name=f"Room {n:04}", kind=kind, created_at=start + timedelta(minutes=n))
        for n in range(count)
    )
    for user in people:
        Membership.objects.bulk_create(Membership(room=room, user=user, joined_at=start) for room in made)
    return made


def pages(user: User, **wanted: Any) -> list[list[str]]:
    """Return the slugs of all pages, as a client reads them."""
    found: list[list[str]] = []
    after: Any = None
    while True:
        request = requests.ListRooms(**wanted, **({"after": after} if after else {}))
        page = rooms.list_rooms(Actor.of(user), request)
        found.append([room.slug for room in page.rooms])
        if not page.hasMore:
            return found
        after = page.next


@pytest.mark.django_db
@pytest.mark.parametrize(("words", "in_full"), [("😀" * 20_000, 1), ("\1" * 20_000, 0), ("x" * 5_000, 19)])
def test_long_drafts_do_not_make_a_list_large(words: str, in_full: int) -> None:
    """All of them were 16 MB, which took the event loop 0.2 s for each of the requests; or the list was refused."""
    alice = person("alice")
    made = many(200, alice)
    Draft.objects.bulk_create(Draft(room=room, user=alice, content=words, version=3) for room in made)
    page = rooms.list_rooms(Actor.of(alice), requests.ListRooms(limit=200))
    assert frames.size_of(page) < 300_000
    assert len(page.rooms) == 200
    assert all((room.draft is UNSET) is (room.hasDraft is True) for room in page.rooms)
    assert sum(room.draft is not UNSET for room in page.rooms) == in_full
    shown = sidebar.entry(page.rooms[0], Actor.of(alice))
    assert shown["has_draft"] is True


def browsed(user: User, **wanted: Any) -> list[str]:
    """Return the slugs of all pages of open rooms."""
    found: list[str] = []
    after: Any = None
    while True:
        request = requests.BrowseRooms(**wanted, **({"after": after} if after else {}))
        page = browsing.browse_rooms(Actor.of(user), request)
        found += [room.slug for room in page.rooms]
        if not page.hasMore:
            return found
        after = page.next


@pytest.mark.django_db
def test_a_client_that_knows_no_pages_gets_the_rooms_that_matter_and_is_told_of_the_rest(
    alice: User, bob: User
) -> None:
    many(MANY, alice)
    for slug in ("room-0000", "room-0001", "room-0002"):
        Membership.objects.create(room=Room.objects.get(slug=slug), user=bob)
    say(bob, "room-0000", "hello")
    say(bob, "room-0001", "hello @alice")
    say(bob, "room-0002", "hello")
    Membership.objects.filter(user=alice, room__slug="room-0002").update(muted=True)
    Room.objects.filter(slug__in=["room-0000", "room-0001", "room-0002"]).update(last_message_at=None)
    listed = rooms.list_rooms(Actor.of(alice))
    slugs = [room.slug for room in listed.rooms]
    assert (len(slugs), listed.hasMore, listed.total) == (200, True, MANY)
    assert {"room-0000", "room-0001", "room-0229"} <= set(slugs) and "room-0002" not in slugs
    assert slugs == sorted(slugs), "by name, as before there were pages"
    first = rooms.list_rooms(Actor.of(alice), requests.ListRooms(limit=5))
    assert [room.slug for room in first.rooms] == ["room-0001", "room-0000", "room-0229", "room-0228", "room-0227"]


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_the_pages_together_are_all_rooms(alice: User, bob: User, limit: int) -> None:
    many(30, alice, bob)
    say(bob, "room-0003", "old, and unread")
    Room.objects.filter(slug="room-0003").update(last_message_at=None)
    # The same moment for many: then the id decides.
    Room.objects.filter(slug__in=[f"room-{n:04}" for n in range(10, 20)]).update(created_at=timezone.now())
    found = [slug for page in pages(alice, limit=limit) for slug in page]
    assert set(found) == {f"room-{n:04}" for n in range(30)}
    assert len(found) <= 31 and found[0] == "room-0003"


@pytest.mark.django_db
def test_no_room_is_skipped_when_others_move_up_between_two_pages(alice: User, bob: User) -> None:
    many(20, alice, bob)
    first = rooms.list_rooms(Actor.of(alice), requests.ListRooms(limit=5))
    for slug in ("room-0000", "room-0001", "room-0002"):
        say(alice, slug, "now the newest")
    assert isinstance(first.next, str)
    second = rooms.list_rooms(Actor.of(alice), requests.ListRooms(limit=5, after=first.next))
    assert [room.slug for room in first.rooms] == [f"room-{n:04}" for n in range(19, 14, -1)]
    assert [room.slug for room in second.rooms] == [f"room-{n:04}" for n in range(14, 9, -1)]


@pytest.mark.django_db
def test_lists_are_narrowed_by_kind_and_by_slug(alice: User, bob: User) -> None:
    room_of(alice, "den")
    room_of(alice, "square", "open")
    direct = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"])).room.slug
    room_of(bob, "not-mine", "open")
    assert pages(alice, kinds=["direct"]) == [[direct]]
    assert set(pages(alice, kinds=["open", "closed"])[0]) == {"den", "square"}
    found = rooms.list_rooms(Actor.of(alice), requests.ListRooms(rooms=[direct, "not-mine", "unknown", "den", "den"]))
    assert {room.slug: room.members is not UNSET for room in found.rooms} == {direct: True, "den": False}


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_rooms_and_people_are_found_by_any_part_of_their_name_whatever_its_case(
    alice: User, bob: User, name: str
) -> None:
    for number, each in enumerate(NAMES):
        rooms.create_room(Actor.of(bob), requests.CreateRoom(kind="open", name=each, room=f"open-{number}"))
        rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="closed", name=each, room=f"mine-{number}"))
        friend = person(f"friend-{number}", display_name=each)
        rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=[friend.username]))
    number = NAMES.index(name)
    for typed in {
        name,
        name.upper(),
        name.lower(),
        name.rsplit(maxsplit=1)[-1],
        search_form(name),
        name[:3],
        name[-3:],
    }:
        found = rooms.list_rooms(Actor.of(alice), requests.ListRooms(query=typed)).rooms
        assert f"mine-{number}" in {room.slug for room in found}, typed
        assert any(room.kind == "direct" and f"friend-{number}" in str(room.members) for room in found), typed
        assert f"open-{number}" in browsed(alice, query=typed), typed
    others = {f"open-{n}" for n in range(len(NAMES))} - {f"open-{number}"}
    assert not others & set(browsed(alice, query=name))


@pytest.mark.django_db
def test_signs_of_patterns_stand_for_themselves(alice: User, bob: User) -> None:
    for slug, name in (("a", "50% off"), ("b", "500 off"), ("c", "wow!"), ("d", "c:\\temp"), ("e", "x")):
        rooms.create_room(Actor.of(bob), requests.CreateRoom(kind="open", name=name, room=slug))
    assert [browsed(alice, query=q) for q in ("50%", "wow!", "\\", "%", "!")] == [["a"], ["c"], ["d"], ["a"], ["c"]]


@pytest.mark.django_db
def test_the_best_match_comes_first_and_the_pages_of_a_search_are_all_that_is_found(alice: User, bob: User) -> None:
    many(60, alice)
    for slug, name in (("exact", "0"), ("inside", "a00"), ("word", "Old 0 room")):
        rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="closed", name=name, room=slug))
    found = [slug for page in pages(alice, query="0", limit=7) for slug in page]
    assert found[0] == "exact" and len(found) == len(set(found)) == 63
    assert found.index("word") < found.index("inside")


@pytest.mark.django_db
def test_201_open_rooms_hide_no_other(alice: User, bob: User) -> None:
    many(MANY, bob, kind="open")
    room_of(bob, "not-open")
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="open", name="Mine", room="mine"))
    found = browsed(alice)
    assert found == [f"room-{n:04}" for n in reversed(range(MANY))]
    page = browsing.browse_rooms(Actor.of(alice), requests.BrowseRooms(limit=10))
    assert (page.total, page.hasMore, {room.peopleCount for room in page.rooms}) == (MANY, True, {1})
    assert browsed(alice, query="room 0007") == ["room-0007"]


@pytest.mark.django_db
def test_a_room_is_found_by_its_new_name_however_it_was_renamed(alice: User, ruth: User) -> None:
    room = room_of(alice, "den")

    def found(query: str) -> bool:
        return pages(alice, query=query) == [["den"]]

    rooms.update_room(Actor.of(alice), requests.UpdateRoom("den", name="Hafen"))
    assert found("hafen")
    operators.change_room(room.pk, {"name": "Höhle"}, Actor.of(ruth))
    assert found("hohle") and not found("hafen")
    session = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="session")).room.slug
    naming.name_session(Room.objects.get(slug=session), "Plan the **Ärmelkanal**")
    assert pages(alice, query="armelkanal") == [[session]]
    alice.display_name = "Zoë"
    alice.save(update_fields=["display_name"])
    assert User.objects.get(pk=alice.pk).search_name == "alice zoe"


@pytest.mark.django_db
def test_a_page_costs_the_same_queries_for_any_number_of_rooms(alice: User, django_assert_num_queries: Any) -> None:
    many(MANY, alice)
    with django_assert_num_queries(3):
        rooms.list_rooms(Actor.of(alice))
    with django_assert_num_queries(2):
        rooms.list_rooms(Actor.of(alice), requests.ListRooms(query="room", limit=20))


lines = st.lists(
    st.builds(
        Line, st.integers(1, 40), st.just("s"), st.just("open"), st.integers(0, 5), st.integers(0, 2), st.just(0)
    ),
    unique_by=lambda line: line.id,
    max_size=30,
)


@settings(deadline=None)
@given(lines, st.integers(1, 8))
def test_pages_of_any_list_are_complete_and_end(every: list[Line], limit: int) -> None:
    cut = first_page(every, limit)
    seen = {line.id for line in cut.lines}
    urgent = {line.id for line in every if line.urgency}
    assert urgent <= seen or len(urgent & seen) == limit
    rounds = 0
    while cut.next is not None:
        cut = page_after(every, Cursor.read(str(cut.next)), limit)
        seen |= {line.id for line in cut.lines}
        rounds += 1
        assert len(cut.lines) <= limit and rounds <= len(every) + 1
    assert seen == {line.id for line in every}
