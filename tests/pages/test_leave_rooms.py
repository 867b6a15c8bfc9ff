"""The page on which people leave several rooms together, as a browser without JavaScript uses it."""

import re

import pytest

from chat.models import Membership, Room
from tests.chat.fixtures import room_of
from tests.pages.conftest import Seat

PATH = "/rooms/leave"


@pytest.fixture(autouse=True)
def rooms(alice: Seat, bob: Seat) -> None:
    for slug in ("one", "two", "three"):
        room_of(alice.user, slug, members=[bob.user])
    room_of(bob.user, "mine", members=[alice.user])


def rooms_of(seat: Seat) -> set[str]:
    return set(Membership.objects.filter(user=seat.user).values_list("room__slug", flat=True))


def test_the_home_page_leads_to_it_and_it_lists_the_readers_rooms(bob: Seat, mallory: Seat) -> None:
    assert f'href="{PATH}"' in bob.client.get("/rooms/").content.decode()
    assert f'href="{PATH}"' not in mallory.client.get("/rooms/").content.decode(), "there is nothing to leave yet"
    html = bob.client.get(PATH).content.decode()
    assert set(re.findall(r'name="room" value="([^"]+)"', html)) == {"one", "two", "three", "mine"}
    assert "You aren't in any room that you can leave." in mallory.client.get(PATH).content.decode()


def test_the_chosen_rooms_are_left_and_the_page_says_what_was_not(bob: Seat) -> None:
    response = bob.client.post(PATH, {"room": ["one", "two", "mine"]}, follow=True)
    html = response.content.decode()
    assert "You left 2 rooms." in html
    assert "You are still in mine. Make someone else an owner first." in html
    assert rooms_of(bob) == {"three", "mine"}


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({}, "Choose the rooms that you want to leave."),
        ({"room": ["No such slug!"]}, "Expected"),
        ({"room": [f"room-{number}" for number in range(101)]}, "Expected"),
    ],
)
def test_a_form_that_makes_no_sense_leaves_nothing(bob: Seat, posted: dict[str, list[str]], said: str) -> None:
    response = bob.client.post(PATH, posted, follow=True)
    assert response.status_code == 200 and said in response.content.decode()
    assert rooms_of(bob) == {"one", "two", "three", "mine"}


def test_many_refusals_are_said_in_few_words(alice: Seat, bob: Seat) -> None:
    for number in range(30):
        room_of(bob.user, f"own-{number}", members=[alice.user])
    response = bob.client.post(PATH, {"room": [f"own-{number}" for number in range(30)]}, follow=True)
    html = response.content.decode()
    assert html.count("You are still in ") == 6 and "25 more rooms" in html


def test_a_search_keeps_what_it_found_after_leaving(bob: Seat) -> None:
    Room.objects.filter(slug="one").update(name="Garden")
    assert bob.client.post(f"{PATH}?q=garden", {"room": ["one"]})["Location"] == f"{PATH}?q=garden"
    assert "No rooms found" in bob.client.get(f"{PATH}?q=garden").content.decode()
