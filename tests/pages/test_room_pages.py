"""What people do on the plain pages: creating rooms, finding people, membership, invitations, settings, search."""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from chat.models import Invitation, Membership, Room
from tests.pages.conftest import Seat
from tests.pages.messages import stored


def page_data(html: str, name: str) -> dict[str, object]:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_a_room_is_created_with_its_members(alice: Seat, bob: Seat) -> None:
    typed = {"kind": "closed", "name": "Garden plans", "topic": "Beds", "members": "@Bob, "}
    response = alice.client.post("/rooms/new", typed)
    assert response.status_code == 302
    room = Room.objects.get()
    assert response["Location"] == f"/rooms/{room.slug}/"
    assert re.fullmatch(r"garden-plans-[0-9a-f]{8}", room.slug), "no one else finds it by trying names"
    assert (room.kind, room.topic) == ("closed", "Beds")
    roles = dict(room.memberships.values_list("user__username", "role"))
    assert roles == {"alice": "owner", "bob": "member"}


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"kind": "open", "name": ""}, "Give the room a name."),
        ({"kind": "open", "name": "Tea", "members": "unknown-here"}, "Person not found: @unknown-here."),
        ({"kind": "direct", "name": "Tea"}, "Select a valid choice"),
    ],
)
def test_a_refused_room_keeps_what_was_typed(alice: Seat, typed: dict[str, str], complaint: str) -> None:
    response = alice.client.post("/rooms/new", typed)
    html = response.content.decode()
    assert response.status_code == 422
    assert complaint in html
    assert f'value="{typed["name"]}"' in html
    assert Room.objects.count() == 0


def test_writing_to_somebody_twice_leads_to_the_same_room(alice: Seat, bob: Seat) -> None:
    first = alice.client.post("/direct/new", {"user": "bob"})
    second = bob.client.post("/direct/new", {"user": "alice"})
    assert first["Location"] == second["Location"]
    assert Room.objects.count() == 1


def test_people_are_found_by_user_name_and_display_name(alice: Seat, bob: Seat, mallory: Seat) -> None:
    bob.user.display_name = "Robert Tables"
    bob.user.save(update_fields=["display_name"])
    for query in ("bo", "tabl"):
        html = alice.client.get("/direct/new", {"q": query}).content.decode()
        assert 'value="bob"' in html
        assert 'value="mallory"' not in html
        assert 'value="alice"' not in html


def test_the_room_page_begins_with_the_newest_messages_and_the_people(
    alice: Seat, bob: Seat, closed_room: Room
) -> None:
    stored(closed_room, bob, "the **first**")
    data = page_data(alice.client.get("/rooms/launch/").content.decode(), "room-data")
    assert data == alice.client.get("/rooms/launch/data").json()
    assert [message["content"] for message in data["page"]["messages"]] == ["the **first**"]  # type: ignore[index]
    assert [person["username"] for person in data["people"]] == ["alice", "bob"]  # type: ignore[attr-defined]


def test_a_room_of_many_people_is_as_small_a_page_as_one_of_some(alice: Seat, closed_room: Room) -> None:
    def sizes() -> list[int]:
        with CaptureQueriesContext(connection) as captured:
            pages = [alice.client.get(f"/rooms/launch/{end}") for end in ("", "data", "people")]
        assert [response.status_code for response in pages] == [200, 200, 200]
        return [len(captured), *(len(response.content) for response in pages[1:])]

    def add(numbers: range) -> None:
        people = User.objects.bulk_create(User(username=f"person-{number:04}") for number in numbers)
        Membership.objects.bulk_create(Membership(room=closed_room, user=person) for person in people)

    add(range(300))
    sizes()  # the first visit records the session
    queries, data, html = sizes()
    add(range(300, 1_500))
    more_queries, more_data, more_html = sizes()
    assert more_queries == queries
    assert abs(more_data - data) < 100 and abs(more_html - html) < 2_000
    facts = alice.client.get("/rooms/launch/data").json()
    assert (len(facts["people"]), facts["peopleCount"]) == (200, 1_502)


def test_people_of_a_large_room_are_found_by_name_and_by_page(alice: Seat, mallory: Seat, closed_room: Room) -> None:
    people = User.objects.bulk_create(User(username=f"person-{number:04}") for number in range(150))
    Membership.objects.bulk_create(Membership(room=closed_room, user=person) for person in people)
    html = alice.client.get("/rooms/launch/people?page=2").content.decode()
    assert "@person-0149" in html and "@person-0001" not in html and "Page 2 of 2 · 152 people" in html
    html = alice.client.get("/rooms/launch/people?q=0007").content.decode()
    assert "@person-0007" in html and "@person-0008" not in html
    assert "No one by that name" in alice.client.get("/rooms/launch/people?q=stranger").content.decode()
    for odd in ("page=0", "page=-1", "page=x", "page=99999999999999999999"):
        assert alice.client.get(f"/rooms/launch/people?{odd}").status_code == 200
    found = alice.client.get("/rooms/launch/people/like?q=person-0149").json()["people"]
    assert [person["username"] for person in found] == ["person-0149"]
    assert mallory.client.get("/rooms/launch/people/like?q=p").status_code == 404


def test_a_permalink_begins_around_its_message(alice: Seat, closed_room: Room) -> None:
    rows = [stored(closed_room, alice, f"message {number}") for number in range(120)]
    data = alice.client.get("/rooms/launch/data", {"seq": rows[10].seq}).json()
    shown = [message["seq"] for message in data["page"]["messages"]]
    assert rows[10].seq in shown
    assert rows[119].seq not in shown
    assert data["page"]["hasNewer"] is True


def test_the_sidebar_counts_what_is_unread(alice: Seat, bob: Seat, closed_room: Room) -> None:
    stored(closed_room, bob, "one")
    stored(closed_room, bob, "two")
    html = alice.client.get("/rooms/").content.decode()
    assert re.search(r'data-room="launch".*?data-testid="unread-badge">2<', html, re.DOTALL)


def test_the_sidebar_costs_the_same_for_one_room_and_for_many(alice: Seat, closed_room: Room) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert alice.client.get("/rooms/new").status_code == 200
        return len(captured)

    queries()  # the first visit records the session
    with_one_room = queries()
    for number in range(12):
        room = Room.objects.create(slug=f"room-{number}", name=f"Room {number}", kind="closed")
        Membership.objects.create(room=room, user=alice.user)
    assert queries() == with_one_room


def test_owners_add_promote_and_remove_people(alice: Seat, bob: Seat, mallory: Seat, closed_room: Room) -> None:
    people = "/rooms/launch/people"
    response = alice.client.post(people, {"do": "add", "user": "@mallory"}, follow=True)
    assert "@mallory is in Launch now." in response.content.decode()
    alice.client.post(people, {"do": "role", "user": "bob", "role": "moderator"})
    assert dict(closed_room.memberships.values_list("user__username", "role")) == {
        "alice": "owner",
        "bob": "moderator",
        "mallory": "member",
    }
    alice.client.post(people, {"do": "remove", "user": "mallory"})
    assert not closed_room.memberships.filter(user=mallory.user).exists()


def test_whom_a_removal_would_remove_is_said_in_full(alice: Seat, bob: Seat, closed_room: Room) -> None:
    bob.user.display_name = "Robert Tables"
    bob.user.save(update_fields=["display_name"])
    html = alice.client.get("/rooms/launch/people").content.decode()
    assert "Remove Robert Tables (@bob) from this room?" in html


def test_a_refusal_is_a_sentence_on_the_page(bob: Seat, mallory: Seat, closed_room: Room) -> None:
    response = bob.client.post("/rooms/launch/people", {"do": "add", "user": "mallory"}, follow=True)
    assert response.status_code == 200
    assert "notice-error" in response.content.decode()
    assert not closed_room.memberships.filter(user=mallory.user).exists()


def test_members_see_no_controls_that_would_be_refused(bob: Seat, closed_room: Room) -> None:
    html = bob.client.get("/rooms/launch/people").content.decode()
    assert 'value="remove"' not in html
    assert 'value="add"' not in html
    assert "Only owners and moderators invite" in bob.client.get("/rooms/launch/invite").content.decode()


def test_leaving_a_room_ends_the_membership(bob: Seat, closed_room: Room) -> None:
    response = bob.client.post("/rooms/launch/people", {"do": "quit"})
    assert response["Location"] == "/rooms/"
    assert not closed_room.memberships.filter(user=bob.user).exists()
    assert bob.client.get("/rooms/launch/").status_code == 404


def test_an_invitation_link_lets_people_in_until_it_is_used_up(alice: Seat, mallory: Seat, closed_room: Room) -> None:
    alice.client.post("/rooms/launch/invite", {"days": "7", "uses": "1"})
    link = Invitation.objects.get()
    assert link.token in alice.client.get("/rooms/launch/invite").content.decode()
    shown = mallory.client.get(f"/invite/{link.token}")
    assert "Launch" in shown.content.decode()
    assert not closed_room.memberships.filter(user=mallory.user).exists(), "looking is not joining"
    accepted = mallory.client.post(f"/invite/{link.token}")
    assert accepted["Location"] == "/rooms/launch/"
    assert closed_room.memberships.filter(user=mallory.user).exists()


def test_an_invitation_that_is_over_tells_nothing_of_the_room(alice: Seat, mallory: Seat, closed_room: Room) -> None:
    alice.client.post("/rooms/launch/invite", {"days": "1", "uses": ""})
    link = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now())
    for token in (link.token, "no-such-token"):
        response = mallory.client.get(f"/invite/{token}")
        assert response.status_code == 404
        assert "Launch" not in response.content.decode()
        assert mallory.client.post(f"/invite/{token}").status_code == 404
    assert not closed_room.memberships.filter(user=mallory.user).exists()


def test_a_revoked_link_is_over(alice: Seat, mallory: Seat, closed_room: Room) -> None:
    alice.client.post("/rooms/launch/invite", {"days": "7", "uses": ""})
    link = Invitation.objects.get()
    alice.client.post("/rooms/launch/invite", {"revoke": str(link.pk)})
    assert mallory.client.get(f"/invite/{link.token}").status_code == 404


def test_an_invitation_asks_strangers_to_sign_in_first(client: Client, alice: Seat, closed_room: Room) -> None:
    alice.client.post("/rooms/launch/invite", {"days": "7", "uses": ""})
    path = f"/invite/{Invitation.objects.get().token}"
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"


def test_settings_change_name_topic_and_kind(alice: Seat, closed_room: Room) -> None:
    typed = {"do": "save", "name": "Landing", "topic": "", "kind": "open"}
    assert alice.client.post("/rooms/launch/details", typed).status_code == 302
    closed_room.refresh_from_db()
    assert (closed_room.name, closed_room.topic, closed_room.kind) == ("Landing", "", "open")


def test_a_member_mutes_for_themselves_and_changes_nothing_else(bob: Seat, closed_room: Room) -> None:
    bob.client.post("/rooms/launch/details", {"do": "mute", "muted": "1"})
    bob.client.post("/rooms/launch/details", {"do": "save", "name": "Taken", "topic": "", "kind": "open"})
    bob.client.post("/rooms/launch/details", {"do": "archive"})
    closed_room.refresh_from_db()
    assert (closed_room.name, closed_room.kind, closed_room.archived_at) == ("Launch", "closed", None)
    assert dict(closed_room.memberships.values_list("user__username", "muted")) == {"alice": False, "bob": True}


def test_search_finds_in_my_rooms_and_links_to_the_place(
    alice: Seat, bob: Seat, mallory: Seat, closed_room: Room
) -> None:
    hit = stored(closed_room, bob, "the venue says yes")
    html = alice.client.get("/search", {"q": "venue"}).content.decode()
    assert "<mark>venue</mark>" in html
    assert f"/rooms/launch/?seq={hit.seq}" in html
    assert "Nothing found" in mallory.client.get("/search", {"q": "venue"}).content.decode()


@pytest.mark.parametrize("asked", [{"q": "x", "room": "../"}, {"q": "x", "before": "abc"}, {"q": "x" * 500}])
def test_odd_searches_get_a_page(alice: Seat, asked: dict[str, str]) -> None:
    assert alice.client.get("/search", asked).status_code == 200


def test_the_start_page_leads_on_to_the_last_room_but_the_list_does_not(alice: Seat) -> None:
    assert "last-room.js" in alice.client.get("/").content.decode()
    assert "last-room.js" not in alice.client.get("/rooms/").content.decode()


# --- Bans ----------------------------------------------------------------------------------------------------------------


def test_a_moderator_bans_a_member_and_lifts_it_on_the_page_of_people(alice: Seat, bob: Seat) -> None:
    room = open_room(alice, bob)
    page = alice.client.get(f"/rooms/{room.slug}/people?ban=bob").content.decode()
    assert 'href="?ban=bob"' in page and re.search(r'name="user" value="bob"[^>]*id="id_user"', page)
    assert re.search(r'name="reason"[^>]*autofocus', page), "the form is far below the people"
    typed = {"do": "ban", "user": "@Bob", "reason": "Advertising <b>", "length": "7"}
    page = alice.client.post(f"/rooms/{room.slug}/people", typed, follow=True).content.decode()
    assert "@bob is banned from Plaza until" in page and "Advertising &lt;b&gt;" in page and "· until" in page
    assert not Membership.objects.filter(user=bob.user).exists()
    page = alice.client.post(f"/rooms/{room.slug}/people", {"do": "unban", "user": "bob"}, follow=True).content.decode()
    assert "@bob may come back to Plaza." in page and not room.bans.exists()


def test_a_banned_person_reads_why_on_every_page_of_an_open_room_and_finds_it_in_no_list(
    alice: Seat, bob: Seat
) -> None:
    room = open_room(alice, bob)
    assert "Plaza" in bob.client.get("/rooms/").content.decode()
    alice.client.post(f"/rooms/{room.slug}/people", {"do": "ban", "user": "bob", "reason": "Advertising", "length": ""})
    for path in ("", "data", "usage", "people", "people/like?q=a", "invite", "details"):
        refused = bob.client.get(f"/rooms/{room.slug}/{path}")
        assert refused.status_code == 403, path
        assert "You are banned from this room. Reason: Advertising" in refused.content.decode()
    for path in ("/", "/rooms/", "/search?q=Plaza"):
        assert f"/rooms/{room.slug}/" not in bob.client.get(path).content.decode()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"user": ""}, "Who do you want to ban?"),
        ({"user": "unknown-here"}, "Person not found: @unknown-here."),
        ({"length": "date"}, "Choose a date within the next ten years."),
        ({"reason": "x" * 201}, "at most 200 characters"),
        ({"user": "alice"}, "You can&#x27;t ban yourself."),
    ],
)
def test_a_refused_ban_says_why(alice: Seat, bob: Seat, wrong: dict[str, str], complaint: str) -> None:
    room = open_room(alice, bob)
    typed = {"do": "ban", "user": "bob", "reason": "Advertising", "length": "1", **wrong}
    page = alice.client.post(f"/rooms/{room.slug}/people", typed, follow=True).content.decode()
    assert complaint in page
    assert f'name="reason" value="{typed["reason"]}"' in page, "what was typed stays"
    assert page.count("autofocus") == 1 and "data-invalid" in page, "the complaint is where the reader looks"
    assert not room.bans.exists()


def test_members_see_neither_the_form_nor_the_banned(alice: Seat, bob: Seat, mallory: Seat) -> None:
    room = open_room(alice, bob)
    room.bans.create(user=mallory.user, reason="Advertising")
    page = bob.client.get(f"/rooms/{room.slug}/people").content.decode()
    assert "Ban a person" not in page and "Advertising" not in page and "?ban=" not in page
    page = alice.client.get(f"/rooms/{room.slug}/people").content.decode()
    assert "Advertising" in page and "no end" in page


def test_many_bans_are_turned_like_pages(alice: Seat, bob: Seat) -> None:
    room = open_room(alice, bob)
    for number in range(60):
        room.bans.create(user=User.objects.create(username=f"p{number}"))
    first = alice.client.get(f"/rooms/{room.slug}/people").content.decode()
    older = re.search(r'href="(\?bans=\d+)#banned-title"', first)
    assert older is not None and first.count('value="unban"') == 50
    rest = alice.client.get(f"/rooms/{room.slug}/people{older[1]}").content.decode()
    assert rest.count('value="unban"') == 10 and "Older bans" not in rest


def open_room(owner: Seat, *members: Seat) -> Room:
    names = ",".join(member.user.username for member in members)
    owner.client.post("/rooms/new", {"kind": "open", "name": "Plaza", "members": names})
    return Room.objects.get()


def test_a_room_is_archived_restored_and_deleted_from_its_settings(alice: Seat, bob: Seat, closed_room: Room) -> None:
    path = f"/rooms/{closed_room.slug}/details"

    def do(what: str) -> str:
        return alice.client.post(path, {"do": what}, follow=True).content.decode()

    page = do("archive")
    assert "You can restore this room here." in page and 'value="restore"' in page and 'value="delete"' in page
    assert 'value="save"' not in page, "what can't be changed is not offered"
    assert 'value="archive"' in do("restore")
    page = do("delete")
    assert "This room will be deleted on" in page and 'value="restore"' in page and 'value="delete"' not in page
    seen = bob.client.get(path).content.decode()
    assert "This room will be deleted on" in seen and 'value="restore"' not in seen
    assert (
        bob.client.post(path, {"do": "restore"}, follow=True).content.decode().count("Only the room&#x27;s owners") == 1
    )
    do("restore")
    closed_room.refresh_from_db()
    assert (closed_room.archived_at, closed_room.deletes_at) == (None, None)


def test_people_who_are_gone_are_marked_demoted_and_removed_on_the_page(
    alice: Seat, bob: Seat, closed_room: Room
) -> None:
    bob.user.is_active = False
    bob.user.save()
    path = f"/rooms/{closed_room.slug}/people"
    assert "· deactivated" in alice.client.get(path).content.decode()
    for posted, said in (
        ({"do": "role", "user": "bob", "role": "moderator"}, "@bob is moderator now."),
        ({"do": "role", "user": "bob", "role": "member"}, "@bob is member now."),
        ({"do": "remove", "user": "@Bob"}, "@bob is not in Launch any more."),
        ({"do": "remove", "user": "ghost"}, "Person not found: @ghost."),
    ):
        assert said in alice.client.post(path, posted, follow=True).content.decode()
    assert not closed_room.memberships.filter(user=bob.user).exists()
