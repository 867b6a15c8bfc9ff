"""Who may see which page, and that a page tells an outsider nothing, not even that the room exists."""

import re

import pytest
from django.test import Client

from chat.models import Membership, Room
from tests.pages.conftest import Seat

ROOM_PAGES = [
    "/rooms/launch/",
    "/rooms/launch/data",
    "/rooms/launch/people",
    "/rooms/launch/invite",
    "/rooms/launch/details",
]
OTHER_PAGES = ["/", "/rooms/", "/rooms/new", "/direct/new", "/search", "/people/like?q=a"]


@pytest.mark.parametrize("path", [*OTHER_PAGES, *ROOM_PAGES, "/rooms/launch/people/like?q=a"])
def test_nobody_sees_a_page_without_signing_in(client: Client, closed_room: Room, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ROOM_PAGES)
def test_a_member_sees_the_pages_of_a_closed_room(bob: Seat, closed_room: Room, path: str) -> None:
    response = bob.client.get(path)
    assert response.status_code == 200
    assert "Launch" in response.content.decode()


@pytest.mark.parametrize("path", ROOM_PAGES)
def test_a_closed_room_and_no_room_are_the_same_to_an_outsider(mallory: Seat, closed_room: Room, path: str) -> None:
    refused = mallory.client.get(path)
    missing = mallory.client.get(path.replace("launch", "nowhere"))
    assert (refused.status_code, missing.status_code) == (404, 404)
    assert "Launch" not in refused.content.decode()
    assert without_token(refused.content) == without_token(missing.content)


def without_token(page: bytes) -> str:
    """Return the page but for the CSRF token, which differs each time."""
    return re.sub(r'content="\w{64}"', "", page.decode())


@pytest.mark.parametrize("path", ["/", "/rooms/", "/search?q=launch"])
def test_lists_show_an_outsider_nothing_of_a_closed_room(mallory: Seat, closed_room: Room, path: str) -> None:
    assert "Launch" not in mallory.client.get(path).content.decode()


@pytest.mark.parametrize("path", ["/rooms/launch/people", "/rooms/launch/invite", "/rooms/launch/details"])
def test_an_outsider_changes_nothing_by_posting(mallory: Seat, closed_room: Room, path: str) -> None:
    for do in ("add", "quit", "mute", "archive", "save"):
        response = mallory.client.post(path, {"do": do, "user": "mallory", "days": "7", "name": "Taken"})
        assert response.status_code == 404
    closed_room.refresh_from_db()
    assert (closed_room.name, closed_room.archived_at) == ("Launch", None)
    assert not closed_room.invitations.exists()
    assert not Membership.objects.filter(room=closed_room, user=mallory.user).exists()


def test_forms_need_the_csrf_token(alice: Seat, closed_room: Room) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.user)
    response = strict.post("/rooms/launch/details", {"do": "archive"})
    assert response.status_code == 403
    closed_room.refresh_from_db()
    assert closed_room.archived_at is None


@pytest.mark.parametrize("path", OTHER_PAGES)
def test_pages_are_kept_out_of_caches(alice: Seat, path: str) -> None:
    assert "no-store" in alice.client.get(path)["Cache-Control"]


@pytest.mark.parametrize("seq", ["", "x", "-1", "0", "7", "9" * 19, "9" * 40, "٣"])
def test_a_permalink_with_any_number_opens_the_room(alice: Seat, closed_room: Room, seq: str) -> None:
    assert alice.client.get("/rooms/launch/", {"seq": seq}).status_code == 200
