"""Invitations to people on the plain pages, as a browser without JavaScript uses them."""

import re
from typing import Any

import pytest

from accounts.models import User
from chat.models import MemberInvitation, Membership, Room
from chat.protocol import requests
from chat.rooms import bans, invitations
from tests.chat.fixtures import room_of
from tests.pages.conftest import Seat


@pytest.fixture(autouse=True)
def asks(settings: Any, alice: Seat) -> None:
    settings.ASK_BEFORE_ADDING = "strangers"
    room_of(alice.user, "den")


def add(by: Seat, user: str, slug: str = "den") -> str:
    response = by.client.post(f"/rooms/{slug}/people", {"do": "add", "user": user}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def is_in(seat: Seat, slug: str = "den") -> bool:
    return Membership.objects.filter(room__slug=slug, user=seat.user).exists()


def test_the_rooms_page_says_that_a_stranger_was_asked_and_takes_it_back(alice: Seat, bob: Seat, mallory: Seat) -> None:
    html = add(alice, "@Bob")
    assert "@bob has an invitation now, and is in Den once they accept it." in html
    assert "Invited" in html and "invited by Alice" in html and not is_in(bob)
    html = alice.client.post("/rooms/den/people", {"do": "withdraw", "user": "bob"}, follow=True).content.decode()
    assert "The invitation of @bob is withdrawn." in html and "invited by" not in html
    add(alice, "bob")
    Membership.objects.create(room_id=MemberInvitation.objects.get().room_id, user=mallory.user)
    assert "invited by" not in mallory.client.get("/rooms/den/people").content.decode(), "only moderators see it"


def test_the_invited_person_joins_from_any_page(alice: Seat, bob: Seat) -> None:
    add(alice, "bob")
    for path in ("/rooms/", "/invitations", "/direct/new"):
        html = bob.client.get(path).content.decode()
        assert "Alice" in html and "invites you to" in html and 'action="/invitations/den"' in html, path
    assert bob.client.get("/rooms/den/").status_code == 404, "not before they have accepted"
    response = bob.client.post("/invitations/den", {"do": "join"})
    assert response["Location"] == "/rooms/den/" and is_in(bob)
    assert 'action="/invitations/den"' not in bob.client.get("/rooms/").content.decode()


def test_the_invited_person_declines_and_the_room_may_not_ask_again(alice: Seat, bob: Seat) -> None:
    add(alice, "bob")
    html = bob.client.post("/invitations/den", {"do": "decline"}, follow=True).content.decode()
    assert "You declined the invitation." in html and not is_in(bob)
    assert "@bob declined an invitation to this room. You can ask again on " in add(alice, "bob")
    html = bob.client.post("/invitations/den", {"do": "join"}, follow=True).content.decode()
    assert "Invitation not found" in html


def test_the_sidebar_shows_three_and_the_page_shows_all(bob: Seat) -> None:
    for number in range(5):
        owner = User.objects.create(username=f"owner{number}")
        room = room_of(owner, f"room-{number}")
        MemberInvitation.objects.create(room=room, user=bob.user, invited_by=owner)
    assert bob.client.get("/rooms/").content.decode().count('class="invitation"') == 3
    assert bob.client.get("/invitations").content.decode().count('class="invitation"') == 3 + 5
    assert "Show all invitations" in bob.client.get("/rooms/").content.decode()


def test_the_form_of_a_new_room_leads_to_its_people_when_some_were_asked(alice: Seat, bob: Seat) -> None:
    response = alice.client.post("/rooms/new", {"kind": "closed", "name": "Tea", "members": "bob"}, follow=True)
    assert re.fullmatch("/rooms/tea-[0-9a-f]+/people", response.redirect_chain[-1][0])
    assert "Invited, and members once they accept: @bob." in response.content.decode()
    response = alice.client.post("/rooms/new", {"kind": "closed", "name": "Coffee"})
    assert re.fullmatch("/rooms/coffee-[0-9a-f]+/", response["Location"])


@pytest.mark.parametrize("name", ["<b>Bold</b>", "&amp; more", "\u202eright to left"])
def test_a_hostile_room_name_is_shown_as_text(alice: Seat, bob: Seat, name: str) -> None:
    room_of(alice.user, "other")
    Room.objects.filter(slug="other").update(name=name)
    add(alice, "bob", "other")
    html = bob.client.get("/invitations").content.decode()
    assert "<b>Bold</b>" not in html and html.count("invites you to") == 2


def test_only_a_post_with_a_token_accepts_or_declines(bob: Seat) -> None:
    assert bob.client.get("/invitations/den").status_code == 405


def test_a_link_shows_a_banned_person_why_and_nothing_of_the_room(alice: Seat, bob: Seat) -> None:
    link = invitations.create(alice.actor, "den", 7, None)
    Room.objects.update(name="Plans for May", topic="Of the lake")
    assert "Plans for May" in bob.client.get(f"/invite/{link.token}").content.decode()
    bans.ban_member(alice.actor, requests.BanMember("den", "bob", "Leaking"))
    shown = bob.client.get(f"/invite/{link.token}")
    html = shown.content.decode()
    assert shown.status_code == 403 and "You are banned from this room. Reason: Leaking" in html
    assert "Plans" not in html and "lake" not in html
