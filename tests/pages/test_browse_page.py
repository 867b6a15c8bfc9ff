"""The page of open rooms: all of them are reached by links and found by name, without a script."""

import html
import re

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Membership, Room
from tests.pages.conftest import Seat


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
