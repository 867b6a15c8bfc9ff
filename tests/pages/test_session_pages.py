"""Sessions on the plain pages: beginning one, how Claude behaves in it, and where Claude is not offered as a person."""

import re
from typing import Any

import pytest

from accounts.claude import account
from chat.limits import rates
from chat.models import Charge, Room
from tests.pages.conftest import Seat
from tests.pages.messages import stored

DETAILS = "/rooms/launch/details"


def one_click(seat: Seat) -> Room:
    response = seat.client.post("/sessions/new")
    slug = response["Location"].split("/")[2]
    return Room.objects.get(slug=slug)


def room_data(seat: Seat, room: Room) -> dict[str, object]:
    return dict(seat.client.get(f"/rooms/{room.slug}/data").json())


def test_a_session_is_begun_in_one_click(alice: Seat) -> None:
    room = one_click(alice)
    assert (room.kind, room.name, room.claude_every_message) == ("session", "New session", True)
    assert dict(room.memberships.values_list("user__username", "role")) == {"alice": "owner"}
    assert one_click(alice).pk == room.pk, "nothing has happened in it"
    stored(room, alice, "hello")
    assert one_click(alice).pk != room.pk


def test_a_session_that_comes_too_soon_is_refused_with_a_sentence_on_the_next_page(alice: Seat, settings: Any) -> None:
    settings.ROOMS_PER_HOUR = 2
    rates.forget()
    stored(one_click(alice), alice, "hello")
    response = alice.client.post("/sessions/new", follow=True)
    assert (response.status_code, response.redirect_chain[-1][0]) == (200, "/rooms/new?kind=session")
    assert "You are creating rooms too fast. Try again in 30 minutes." in response.content.decode()
    assert Room.objects.count() == 1


@pytest.mark.parametrize("path", ["/", "/rooms/"])
def test_the_home_page_and_the_sidebar_offer_a_new_session(alice: Seat, path: str) -> None:
    html = alice.client.get(path).content.decode()
    assert html.count('action="/sessions/new"') == 3, "the plus, the empty section, and the first of the starters"


def test_the_address_of_one_click_asked_for_leads_to_the_form(alice: Seat) -> None:
    assert alice.client.get("/sessions/new")["Location"] == "/rooms/new?kind=session"
    assert not Room.objects.exists()


def test_a_session_is_created_with_its_settings_and_without_a_name(alice: Seat, bob: Seat) -> None:
    typed = {
        "kind": "session",
        "name": "",
        "members": "bob",
        "claude-model": "claude-haiku-5-5",
        "claude-instructions": "Be brief.",
        "claude-tools": ["list_members", "search_history"],
    }
    assert alice.client.post("/rooms/new", typed).status_code == 302
    room = Room.objects.get()
    assert (room.name, room.claude_model, room.claude_instructions) == ("New session", "claude-haiku-5-5", "Be brief.")
    assert room.claude_every_message is False
    assert room.claude_tools == ["list_members", "search_history"]
    assert room.members.count() == 2


def test_other_rooms_ignore_what_the_form_says_of_claude(alice: Seat) -> None:
    alice.client.post("/rooms/new", {"kind": "open", "name": "Tea", "claude-instructions": "Be brief."})
    assert Room.objects.get().claude_instructions == ""


def test_moderators_set_how_claude_behaves(alice: Seat, closed_room: Room) -> None:
    typed = {
        "do": "claude",
        "claude-model": "claude-opus-5-5",
        "claude-instructions": "Rhyme.",
        "claude-tools": ["read_attachment"],
    }
    assert alice.client.post(DETAILS, typed).status_code == 302
    closed_room.refresh_from_db()
    assert (closed_room.claude_model, closed_room.claude_instructions) == ("claude-opus-5-5", "Rhyme.")
    assert (closed_room.claude_tools, closed_room.claude_every_message) == (["read_attachment"], True)
    html = alice.client.get(DETAILS).content.decode()
    assert re.search(r'value="read_attachment" checked', html)
    assert re.search(r'value="claude-opus-5-5" selected', html)
    alice.client.post(DETAILS, {"do": "claude", "claude-model": ""})
    closed_room.refresh_from_db()
    assert (closed_room.claude_model, closed_room.claude_instructions, closed_room.claude_tools) == ("", "", [])


@pytest.mark.parametrize(
    "typed",
    [{"claude-model": "gpt"}, {"claude-tools": "shell"}, {"claude-instructions": "x" * 4001}],
)
def test_settings_that_do_not_exist_are_refused(alice: Seat, closed_room: Room, typed: dict[str, str]) -> None:
    html = alice.client.post(DETAILS, {"do": "claude", **typed}).content.decode()
    assert "notice-error" in html
    closed_room.refresh_from_db()
    assert (closed_room.claude_model, closed_room.claude_instructions, closed_room.claude_tools) == ("", "", [])


def test_members_read_how_claude_behaves_and_cannot_change_it(bob: Seat, closed_room: Room) -> None:
    Room.objects.update(claude_instructions="Speak <b>softly</b>.", claude_tools=["list_members"])
    html = bob.client.get(DETAILS).content.decode()
    assert "Speak &lt;b&gt;softly&lt;/b&gt;." in html and "List the members" in html
    assert 'value="claude"' not in html
    bob.client.post(DETAILS, {"do": "claude", "claude-instructions": "Shout."})
    closed_room.refresh_from_db()
    assert closed_room.claude_instructions == "Speak <b>softly</b>."


def test_writing_to_claude_is_a_new_session(alice: Seat) -> None:
    account()
    html = alice.client.get("/direct/new").content.decode()
    assert html.count('value="claude"') == 1 and "New session" in html
    response = alice.client.post("/direct/new", {"user": "@Claude"})
    room = Room.objects.get()
    assert (room.kind, response["Location"]) == ("session", f"/rooms/{room.slug}/")


@pytest.mark.parametrize(("query", "is_offered"), [("", True), ("cla", True), ("@claude", True), ("bob", False)])
def test_claude_is_found_by_its_name_as_a_session(alice: Seat, bob: Seat, query: str, is_offered: bool) -> None:
    account()
    html = alice.client.get("/direct/new", {"q": query}).content.decode()
    assert ('data-testid="claude-choice"' in html) is is_offered


def test_claude_is_no_member_of_a_room(alice: Seat, closed_room: Room) -> None:
    account()
    response = alice.client.post("/rooms/new", {"kind": "closed", "name": "Tea", "members": "claude"})
    assert "Write @claude in a room, or start a session." in response.content.decode()
    assert Room.objects.count() == 1


def test_the_page_of_a_session_says_who_replies(alice: Seat, settings: object) -> None:
    settings.CLAUDE_BACKEND, settings.ANTHROPIC_API_KEY = "auto", ""  # type: ignore[attr-defined]
    room = one_click(alice)
    assert room_data(alice, room)["claude"] == {"demo": True, "hasKey": False}
    settings.ANTHROPIC_API_KEY = "key"  # type: ignore[attr-defined]
    assert room_data(alice, room)["claude"] == {"demo": False, "hasKey": True}


def test_the_usage_of_a_room_adds_up_its_bill(alice: Seat, mallory: Seat, closed_room: Room) -> None:
    for tokens in (10, 20):
        Charge.objects.create(
            room=closed_room, model="m", day="2026-11-23", input_tokens=tokens, output_tokens=1, cost_microusd=5
        )
    Charge.objects.create(room=None, model="m", day="2026-11-23", input_tokens=1000, cost_microusd=1000)
    assert alice.client.get("/rooms/launch/usage").json() == {"tokens": 32, "cost": 10}
    assert room_data(alice, closed_room)["usage"] == {"tokens": 32, "cost": 10}
    assert mallory.client.get("/rooms/launch/usage").status_code == 404


def test_an_archived_session_offers_no_settings(alice: Seat) -> None:
    room = one_click(alice)
    stored(room, alice, "hello")
    alice.client.post(f"/rooms/{room.slug}/details", {"do": "archive"})
    assert 'name="claude-model"' not in alice.client.get(f"/rooms/{room.slug}/details").content.decode()
