"""The pages that list rooms: all of them are reached by links and found by name, without a script."""

import html
import re

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Membership, Room
from tests.pages.conftest import Seat
from tests.pages.messages import stored

KINDS = ("open", "closed", "session")


def rooms_of(bob: Seat, count: int) -> None:
    made = Room.objects.bulk_create(
        Room(slug=f"room-{n:04}", name=f"Room {n:04}", kind="open", topic=f"Topic {n}") for n in range(count)
    )
    Membership.objects.bulk_create(Membership(room=room, user=bob.user) for room in made)


def listed(page: str) -> list[str]:
    section = page[page.index('aria-labelledby="joinable"') :]
    return re.findall(r'class="list-row" href="/rooms/([a-z0-9-]+)/"', section)


def following(page: str) -> str | None:
    found = re.search(r'href="([^"]+)" rel="next"', page)
    return html.unescape(found[1]) if found else None


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_every_open_room_is_reached_by_links(alice: Seat, bob: Seat) -> None:
    rooms_of(bob, 230)
    found: list[str] = []
    address: str | None = "/"
    while address is not None:
        page = read(alice.client, address)
        assert 0 < len(listed(page)) <= 50 and '<span class="muted small" data-testid="joinable-count">230<' in page
        found += listed(page)
        address = following(page)
    assert sorted(found) == [f"room-{n:04}" for n in range(230)]
    assert "First page" in page


def test_a_search_keeps_its_words_from_page_to_page(alice: Seat, bob: Seat) -> None:
    rooms_of(bob, 120)
    Room.objects.create(slug="quay", name="Überseekai & <b>", kind="open")
    page = read(alice.client, "/rooms/?q=room")
    second = following(page)
    assert second is not None and len(listed(page)) == 50
    # On phones, all rooms of the reader stand above what was found.
    assert second.endswith("#joinable") and 'action="/rooms/#joinable"' in page and 'id="joinable"' in page
    page = read(alice.client, second)
    assert 'value="room"' in page and len(listed(page)) == 50 and "quay" not in listed(page)
    page = read(alice.client, "/rooms/?q=UBERSEEKAI+%26")
    assert listed(page) == ["quay"] and 'value="UBERSEEKAI &amp;"' in page and following(page) is None
    page = read(alice.client, "/rooms/?q=nowhere")
    assert listed(page) == [] and "No open room by that name" in page


@pytest.mark.parametrize(
    "odd",
    ["after=x", "after=0.1", "after=0.99999999999999999.1", "q=%FF", "q=" + "%F0%9F%9A%80" * 500],
)
def test_an_address_that_someone_changed_shows_a_page(alice: Seat, bob: Seat, odd: str) -> None:
    rooms_of(bob, 3)
    read(alice.client, f"/rooms/?{odd}")


def test_a_few_rooms_need_no_search(alice: Seat, bob: Seat) -> None:
    rooms_of(bob, 3)
    page = read(alice.client, "/rooms/")
    assert len(listed(page)) == 3 and "Find rooms by name" not in page and "1 person" in page


def test_people_are_found_whatever_the_case_of_their_name(alice: Seat, bob: Seat, closed_room: Room) -> None:
    friend = User.objects.create_user("emile", display_name="Émile 山田")
    Membership.objects.create(room=closed_room, user=friend)
    for typed in ("émile", "ÉMILE", "emi", "山", "mile"):
        assert 'value="emile"' in read(alice.client, f"/direct/new?q={typed}"), typed
        assert "@emile" in read(alice.client, f"/rooms/launch/people?q={typed}"), typed
    for typed in ("é", "É", "山田"):
        found = alice.client.get("/rooms/launch/people/like", {"q": typed}).json()["people"]
        assert [person["username"] for person in found] == ["emile"], typed


def test_people_to_jump_to_come_by_the_best_fit_and_only_those_who_are_there(alice: Seat) -> None:
    for number in range(20):
        User.objects.create_user(f"a-carol-{number}")
    User.objects.create_user("carolina")
    User.objects.create_user("carol")
    User.objects.create_user("carolus", is_active=False)
    User.objects.create_user("zed", display_name="Carol Ωmega")

    def found(typed: str) -> list[str]:
        return [person["username"] for person in alice.client.get("/people/like", {"q": typed}).json()["people"]]

    for typed in ("carol", "CAROL", "@carol"):
        assert found(typed)[:2] == ["carol", "carolina"], typed
        assert len(found(typed)) == 8, typed
    assert found("ωmega") == found("Carol Ω") == ["zed"]
    assert found("alice") == found("carolus") == found("claude") == found("") == []


def in_rooms(alice: Seat, bob: Seat, count: int) -> None:
    """Put alice into rooms with the longest names, of which every fourth is a direct room."""
    made = Room.objects.bulk_create(
        Room(slug=f"room-{n:04}", name=f"部屋 {n:04} {'長' * 70}", kind=KINDS[n % 3], topic="x" * 300)
        for n in range(count - count // 4)
    )
    friends = User.objects.bulk_create(
        User(username=f"friend-{n}", display_name=f"{'ن' * 50} {n}") for n in range(count // 4)
    )
    direct = Room.objects.bulk_create(
        Room(slug=f"direct-{n:016}", name="x", kind="direct", direct_key=f"{alice.user.pk}:{friend.pk}")
        for n, friend in enumerate(friends)
    )
    pairs = [(room, user) for room in made for user in (alice.user, bob.user)]
    pairs += [(room, user) for room, friend in zip(direct, friends, strict=True) for user in (alice.user, friend)]
    Membership.objects.bulk_create(Membership(room=room, user=user) for room, user in pairs)


def test_pages_of_a_person_in_2000_rooms_are_small_and_hold_the_rooms_with_news(alice: Seat, bob: Seat) -> None:
    in_rooms(alice, bob, 2_000)
    for slug in ("room-0000", "room-0001", "room-0002"):
        stored(Room.objects.get(slug=slug), bob, "hello")
    Room.objects.update(last_message_at=None)
    for path in ("/rooms/mine", "/rooms/", "/search", "/rooms/room-0007/", "/usage"):
        page = read(alice.client, path)
        assert len(page.encode()) < 250_000, path
        side = page[page.index('id="sidebar"') : page.index("</nav>")]
        assert len(side.encode()) < 150_000, path
        assert all(f'data-room="room-000{n}"' in side for n in range(3)), path
        assert '<span class="faint" data-more-total>500 in all</span>' in side
    assert 'data-room="room-0007"' in read(alice.client, "/rooms/room-0007/"), "the room that is open"
    assert 'data-room="room-0007"' not in read(alice.client, "/rooms/mine")


def test_all_rooms_of_a_person_are_reached_and_found_by_the_names_of_people(alice: Seat, bob: Seat) -> None:
    in_rooms(alice, bob, 160)
    found: list[str] = []
    address: str | None = "/rooms/mine"
    while address is not None:
        page = read(alice.client, address if address.startswith("/") else f"/rooms/mine{address}")
        found += rows_in(page)
        address = following(page)
    assert sorted(found) == sorted(Room.objects.values_list("slug", flat=True))
    page = read(alice.client, "/rooms/mine?q=FRIEND-39&kind=direct")
    assert len(rows_in(page)) == 1 and "@friend-39" in page and "1 room by that name" in page
    assert rows_in(read(alice.client, "/rooms/mine?q=friend&kind=sessions")) == []


def rows_in(page: str) -> list[str]:
    return re.findall(r'class="list-row" href="/rooms/([a-z0-9-]+)/"', page[page.index('id="main"') :])


def test_the_last_room_is_shown_to_those_who_may_read_it(alice: Seat, mallory: Seat, closed_room: Room) -> None:
    assert alice.client.get("/rooms/last?room=launch")["Location"] == "/rooms/launch/"
    assert mallory.client.get("/rooms/last?room=launch")["Location"] == "/rooms/"
    assert alice.client.get("/rooms/last")["Location"] == "/rooms/"


def test_a_search_names_the_room_that_it_is_about_wherever_it_is(alice: Seat, bob: Seat) -> None:
    in_rooms(alice, bob, 160)
    page = read(alice.client, "/search?room=room-0000&q=x")
    assert re.search(r'<option value="room-0000" selected>部屋 0000', page)
    assert "Only your first rooms are listed here." in page


def test_every_person_is_reached_when_a_direct_message_begins(alice: Seat, bob: Seat) -> None:
    User.objects.bulk_create(User(username=f"person-{n:03}") for n in range(70))
    found: list[str] = []
    address: str | None = "/direct/new"
    while address is not None:
        page = read(alice.client, address if address.startswith("/") else f"/direct/new{address}")
        found += re.findall(r'name="user" value="([^"]+)"', page)
        address = following(page)
    assert found == ["claude", "bob", *(f"person-{n:03}" for n in range(70))]
    assert "More people" not in read(alice.client, "/direct/new?q=PERSON-00")


def test_the_usage_page_shows_the_rooms_that_one_owns_in_pages(alice: Seat) -> None:
    made = Room.objects.bulk_create(Room(slug=f"s-{n}", name=f"Session {n}", kind="session") for n in range(60))
    Membership.objects.bulk_create(Membership(room=room, user=alice.user, role="owner") for room in made)
    pages = [read(alice.client, address) for address in ("/usage", "/usage?owned=2", "/usage?owned=x")]
    shown = [set(re.findall(r'href="\?room=(s-[0-9]+)"', page)) for page in pages]
    assert [len(each) for each in shown] == [50, 10, 50] and shown[0] | shown[1] == {room.slug for room in made}
    assert "Page 1 of 2 · 60 rooms" in pages[0]


def test_rooms_to_leave_are_found_whatever_the_case_of_their_name(alice: Seat, bob: Seat, closed_room: Room) -> None:
    closed_room.name = "Überseehafen"
    closed_room.save()
    assert "Überseehafen" in read(alice.client, "/rooms/leave?q=ÜBERSEE").split("</nav>", 1)[1]
