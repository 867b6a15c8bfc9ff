"""Rooms and their members in the administration: tabs follow what is done there."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.access import Actor
from chat.models import Kind, Membership, Message, Room
from chat.protocol import requests
from chat.rooms import members, rooms
from tests.chat.conftest import Listening, person, post, queries_of

LIST = reverse("admin:chat_room_changelist")
ADD = reverse("admin:chat_room_add")

pytestmark = pytest.mark.django_db


def page_of(room: Room) -> str:
    return reverse("admin:chat_room_change", args=[room.pk])


def form_of(client: Client, room: Room, **changed: Any) -> dict[str, Any]:
    """Return what a browser would send from a room's page with these fields changed."""
    context = client.get(page_of(room)).context
    form = context["adminform"].form
    data = {name: form.initial.get(name) for name in form.fields}
    for inline in context["inline_admin_formsets"]:
        formset = inline.formset
        data |= {field.html_name: field.value() for field in formset.management_form}
        for row in formset.forms:
            data |= {bound.html_name: bound.value() for bound in row if not bound.field.disabled}
    return {name: "" if value is None else value for name, value in (data | changed).items() if value is not False}


def test_the_list_shows_members_and_the_last_message_at_the_same_cost_for_any_number_of_rooms(
    as_ruth: Client, alice: User, lounge: Room
) -> None:
    post(alice, lounge, "hello")
    page = as_ruth.get(LIST).content.decode()
    assert re.search(r'field-member_count">2<', page) and re.search(r'field-last_message_at nowrap">\w', page)
    assert len(queries_of(as_ruth, LIST)) == 2, "the count and the rows"
    for number in range(50):
        rooms.create_room(Actor.of(alice), requests.CreateRoom(name=f"Room {number}"))
    assert len(queries_of(as_ruth, LIST)) == 2
    assert len(as_ruth.get(LIST).context["cl"].result_list) == 51


def test_rooms_are_found_by_slug_name_and_topic_and_sorted_by_members(
    as_ruth: Client, alice: User, lounge: Room
) -> None:
    rooms.create_room(Actor.of(alice), requests.CreateRoom(name="Garden", topic="roses"))
    for query, found in {"loun": ["lounge"], "gard": ["garden"], "roses": ["garden"], "tulips": []}.items():
        assert [room.slug for room in as_ruth.get(LIST, {"q": query}).context["cl"].result_list] == found
    assert [room.slug for room in as_ruth.get(LIST, {"o": "-4"}).context["cl"].result_list] == ["lounge", "garden"]
    assert [room.slug for room in as_ruth.get(LIST, {"kind__exact": "closed"}).context["cl"].result_list] == ["lounge"]
    assert len(as_ruth.get(LIST, {"archived_at__isempty": "1"}).context["cl"].result_list) == 2


def test_who_creates_a_room_owns_it(as_ruth: Client, ruth: User, told: Listening) -> None:
    with told() as heard:
        response = as_ruth.post(ADD, {"slug": "attic", "name": "Attic", "topic": "dust", "kind": "session"})
    assert response.status_code == 302
    room = Room.objects.get(slug="attic")
    assert (room.name, room.topic, room.kind, room.created_by) == ("Attic", "dust", "session", ruth)
    assert [(row.user, row.role) for row in room.memberships.all()] == [(ruth, "owner")]
    assert heard.of("notification", f"user:{ruth.pk}") == [{"kind": "added", "room": "attic"}]
    assert LogEntry.objects.get().object_id == str(room.pk)


def test_a_slug_that_is_taken_or_wrong_and_a_direct_room_are_refused(as_ruth: Client, lounge: Room) -> None:
    for wrong in ({"slug": "lounge"}, {"slug": "No Such"}, {"slug": "a\x00"}, {"kind": "direct"}, {"name": " "}):
        response = as_ruth.post(ADD, {"slug": "fresh", "name": "Fresh", "topic": "", "kind": "open"} | wrong)
        assert response.status_code == 200 and response.context["errors"], wrong
    assert Room.objects.count() == 1


def test_a_refusal_by_the_action_is_told_and_nothing_is_stored(
    as_ruth: Client, ruth: User, monkeypatch: pytest.MonkeyPatch, lounge: Room
) -> None:
    Membership.objects.create(room=lounge, user=ruth)  # a room that she can't see would get another slug
    # As when the slug is taken between the form's look and the action's.
    monkeypatch.setattr(Room, "validate_unique", lambda self, exclude=None: None)
    response = as_ruth.post(ADD, {"slug": "lounge", "name": "Second", "topic": "", "kind": "open"}, follow=True)
    assert response.redirect_chain == [(ADD, 302)]
    assert "There is already a room with this address." in response.content.decode()
    assert Room.objects.get().name == "Lounge"


def test_a_new_name_and_topic_reach_open_tabs_as_notices_and_as_the_room(
    as_ruth: Client, ruth: User, lounge: Room, told: Listening
) -> None:
    data = form_of(as_ruth, lounge, name="Salon", topic="tea")
    with told() as heard:
        assert as_ruth.post(page_of(lounge), data).status_code == 302
    notices = [event["message"] for event in heard.of("new_message", "room:lounge")]
    assert [(n["kind"], n["content"], n["author"]["username"]) for n in notices] == [
        ("rename", "Salon", "ruth"),
        ("topic", "tea", "ruth"),
    ]
    (updated,) = heard.of("room_updated", "room:lounge")
    assert (updated["room"]["name"], updated["room"]["topic"]) == ("Salon", "tea")
    assert [n["change"] for n in notices] == [lounge.change + 1, lounge.change + 2]
    assert updated["room"]["change"] == Room.objects.get().change == lounge.change + 2


def test_a_form_opened_long_ago_turns_neither_the_counter_nor_other_fields_back(
    as_ruth: Client, alice: User, lounge: Room
) -> None:
    data = form_of(as_ruth, lounge, topic="tea")
    rooms.update_room(Actor.of(alice), requests.UpdateRoom(room="lounge", name="Salon"))
    post(alice, lounge, "one", "two")
    before = Room.objects.get()
    stale = data | {"initial-name": "Lounge"}
    as_ruth.post(page_of(lounge), stale | {"name": "Salon"})
    after = Room.objects.get()
    assert (after.name, after.topic, after.change) == ("Salon", "tea", before.change + 1)
    assert after.last_message_at == before.last_message_at


def test_saving_without_a_change_says_nothing(as_ruth: Client, lounge: Room, told: Listening) -> None:
    data = form_of(as_ruth, lounge)
    with told() as heard:
        assert as_ruth.post(page_of(lounge), data).status_code == 302
    assert heard.events == [] and Room.objects.get().change == lounge.change


def test_the_slug_is_for_ever_and_the_kind_of_a_session_or_direct_room_too(
    as_ruth: Client, alice: User, bob: User, lounge: Room
) -> None:
    as_ruth.post(page_of(lounge), form_of(as_ruth, lounge, slug="other", kind="open"))
    lounge.refresh_from_db()
    assert (lounge.slug, lounge.kind) == ("lounge", "open")
    assert as_ruth.post(page_of(lounge), form_of(as_ruth, lounge, kind="session")).status_code == 200
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="session", name="Study", room="study"))
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"]))
    study, direct = Room.objects.get(slug="study"), Room.objects.get(kind="direct")
    as_ruth.post(page_of(study), form_of(as_ruth, study, name="Den", kind="open"))
    as_ruth.post(page_of(direct), form_of(as_ruth, direct, name="Ours", topic="x", kind="open"))
    study.refresh_from_db()
    direct.refresh_from_db()
    assert (study.name, study.kind) == ("Den", "session")
    assert (direct.name, direct.topic, direct.kind) == ("alice, bob", "", "direct")


def test_rooms_are_archived_after_a_question_and_never_deleted_at_once(
    as_ruth: Client, lounge: Room, told: Listening
) -> None:
    chosen = {"action": "archive", "_selected_action": [lounge.pk]}
    assert "Lounge" not in as_ruth.post(LIST, chosen).context["explanation"]
    assert Room.objects.get().archived_at is None, "only asked so far"
    with told() as heard:
        as_ruth.post(LIST, chosen | {"post": "yes"})
        as_ruth.post(LIST, chosen | {"post": "yes"})
    assert Room.objects.get().archived_at is not None
    assert [event["message"]["kind"] for event in heard.of("new_message")] == ["archive"]
    assert heard.of("room_updated")[0]["room"]["archivedAt"] > 0
    assert as_ruth.post(reverse("admin:chat_room_delete", args=[lounge.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in dict(as_ruth.get(LIST).context["action_form"].fields["action"].choices)


def test_rooms_are_deleted_after_a_delay_and_restored_before_it(
    as_ruth: Client, lounge: Room, told: Listening, settings: Any
) -> None:
    settings.ROOM_DELETION_DAYS = 3
    chosen = {"action": "delete_later", "_selected_action": [lounge.pk]}
    assert "In 3 days" in as_ruth.post(LIST, chosen).context["explanation"]
    assert Room.objects.get().deletes_at is None, "only asked so far"
    as_ruth.post(LIST, chosen | {"post": "yes"})
    room = Room.objects.get()
    assert room.archived_at is not None and room.deletes_at is not None
    chosen = {"action": "restore", "_selected_action": [lounge.pk]}
    with told() as heard:
        as_ruth.post(LIST, chosen | {"post": "yes"})
        as_ruth.post(LIST, chosen | {"post": "yes"})
    room = Room.objects.get()
    assert (room.archived_at, room.deletes_at) == (None, None)
    assert [event["message"]["kind"] for event in heard.of("new_message")] == ["restore"]


def test_a_direct_room_is_not_deleted_by_operators_either(as_ruth: Client, alice: User, bob: User) -> None:
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"]))
    room = Room.objects.get()
    as_ruth.post(LIST, {"action": "delete_later", "_selected_action": [room.pk], "post": "yes"})
    assert Room.objects.get().deletes_at is None


# --- Members on the room's page ------------------------------------------------------------------------------------


def test_a_member_is_removed_added_and_promoted_on_the_rooms_page(
    as_ruth: Client, alice: User, bob: User, mallory: User, lounge: Room, told: Listening
) -> None:
    data = form_of(as_ruth, lounge)
    assert data["memberships-0-role"] == "owner" and data["memberships-1-role"] == "member"
    data |= {"memberships-0-role": "moderator", "memberships-1-DELETE": "on"}
    data |= {"memberships-2-user": mallory.pk, "memberships-2-role": "owner"}
    with told() as heard:
        assert as_ruth.post(page_of(lounge), data).status_code == 302
    assert dict(lounge.memberships.values_list("user__username", "role")) == {"alice": "moderator", "mallory": "owner"}
    facts = [(fact["user"]["username"], fact["role"]) for fact in heard.of("member_updated", "room:lounge")]
    assert facts == [("mallory", "owner"), ("alice", "moderator"), ("bob", None)], "no one inherits in between"
    assert heard.orders == [("access", bob.pk, "lounge")]
    assert heard.of("notification", f"user:{bob.pk}") == [{"kind": "removed", "room": "lounge"}]
    assert heard.of("notification", f"user:{mallory.pk}") == [{"kind": "added", "room": "lounge"}]
    notices = [event["message"] for event in heard.of("new_message", "room:lounge")]
    assert [(n["kind"], n["author"]["username"], n["content"]) for n in notices] == [
        ("join", "mallory", "ruth"),
        ("leave", "bob", "ruth"),
    ]
    assert Membership.objects.get(user=mallory).last_read_seq == notices[0]["seq"], "has read what was before"


def test_nobody_is_swapped_for_somebody_else(as_ruth: Client, bob: User, mallory: User, lounge: Room) -> None:
    data = form_of(as_ruth, lounge) | {"memberships-1-user": mallory.pk}
    as_ruth.post(page_of(lounge), data)
    assert set(lounge.memberships.values_list("user__username", flat=True)) == {"alice", "bob"}


@pytest.mark.parametrize("who", ["member", "deactivated"])
def test_who_is_in_already_or_deactivated_is_not_added(
    as_ruth: Client, bob: User, mallory: User, lounge: Room, who: str
) -> None:
    User.objects.filter(pk=mallory.pk).update(is_active=False)
    chosen = bob if who == "member" else mallory
    response = as_ruth.post(page_of(lounge), form_of(as_ruth, lounge, **{"memberships-2-user": chosen.pk}))
    assert response.status_code == 200 and response.context["errors"]
    assert lounge.memberships.count() == 2


def test_a_direct_room_takes_back_its_own_two_people_only(
    as_ruth: Client, alice: User, bob: User, mallory: User
) -> None:
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"]))
    direct = Room.objects.get()
    members.expel(direct.memberships.get(user=bob), Actor.of(alice))
    for user, expected in ((mallory, 200), (bob, 302)):
        data = form_of(as_ruth, direct, **{"memberships-1-user": user.pk, "memberships-1-role": "owner"})
        assert as_ruth.post(page_of(direct), data).status_code == expected
    assert set(direct.memberships.values_list("user__username", flat=True)) == {"alice", "bob"}


def test_a_room_with_many_members_costs_the_same_and_one_with_too_many_links_to_the_list(
    as_ruth: Client, lounge: Room
) -> None:
    few = queries_of(as_ruth, page_of(lounge))

    def fill(names: list[str]) -> None:
        Membership.objects.bulk_create([Membership(room=lounge, user=person(name)) for name in names])

    fill([f"guest-{number}" for number in range(90)])
    assert len(queries_of(as_ruth, page_of(lounge))) == len(few) < 8
    response = as_ruth.get(page_of(lounge))
    assert len(response.context["inline_admin_formsets"][0].formset.forms) == 93
    fill([f"late-{number}" for number in range(20)])
    response = as_ruth.get(page_of(lounge))
    assert response.context["inline_admin_formsets"] == []
    link = f"{reverse('admin:chat_membership_changelist')}?room__id__exact={lounge.pk}"
    assert link in response.content.decode()
    assert as_ruth.get(link).context["cl"].result_count == 112


def test_a_room_that_links_its_members_can_still_be_renamed(as_ruth: Client, lounge: Room) -> None:
    Membership.objects.bulk_create([Membership(room=lounge, user=person(f"guest-{n}")) for n in range(110)])
    assert as_ruth.post(page_of(lounge), {"name": "Hall", "topic": "", "kind": "closed"}).status_code == 302
    assert Room.objects.get().name == "Hall" and lounge.memberships.count() == 112
    assert Message.objects.filter(kind=Kind.RENAME).count() == 1
