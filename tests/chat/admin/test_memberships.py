"""Memberships in the administration: every way of removing someone takes their access away."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.access import Actor
from chat.models import Kind, Membership, Message, Room
from chat.protocol.errors import ProtocolError
from chat.rooms import operators
from tests.chat.conftest import Listening, person, queries_of

LIST = reverse("admin:chat_membership_changelist")
ADD = reverse("admin:chat_membership_add")

pytestmark = pytest.mark.django_db


def page_of(membership: Membership) -> str:
    return reverse("admin:chat_membership_change", args=[membership.pk])


@pytest.fixture
def bobs(lounge: Room, bob: User) -> Membership:
    return Membership.objects.get(room=lounge, user=bob)


def remove_on_delete_page(client: Client, membership: Membership) -> Any:
    return client.post(reverse("admin:chat_membership_delete", args=[membership.pk]), {"post": "yes"})


def remove_in_list(client: Client, membership: Membership) -> Any:
    chosen = {"action": "delete_selected", "_selected_action": [membership.pk], "post": "yes"}
    return client.post(LIST, chosen)


@pytest.mark.parametrize("remove", [remove_on_delete_page, remove_in_list])
def test_removing_takes_access_away_and_tells_the_room_and_the_member(
    as_ruth: Client, bob: User, bobs: Membership, told: Listening, remove: Any
) -> None:
    with told() as heard:
        assert remove(as_ruth, bobs).status_code == 302
    assert not Membership.objects.filter(user=bob).exists()
    assert heard.orders == [("access", bob.pk, "lounge")]
    assert [fact["role"] for fact in heard.of("member_updated", "room:lounge")] == [None]
    assert heard.of("notification", f"user:{bob.pk}") == [{"kind": "removed", "room": "lounge"}]
    (notice,) = heard.of("new_message", "room:lounge")
    assert (notice["message"]["kind"], notice["message"]["content"]) == ("leave", "ruth")
    assert LogEntry.objects.get().is_deletion()


def test_the_list_asks_first(as_ruth: Client, bobs: Membership) -> None:
    response = as_ruth.post(LIST, {"action": "delete_selected", "_selected_action": [bobs.pk]})
    assert (
        response.context["affected"] == [(bobs.pk, "bob in lounge as member")]
        and Membership.objects.filter(pk=bobs.pk).exists()
    )


def test_nothing_else_that_deletes_rows_goes_around_the_action(
    as_ruth: Client, bobs: Membership, told: Listening
) -> None:
    request = as_ruth.get(LIST).wsgi_request
    with told() as heard:
        admin.site.get_model_admin(Membership).delete_queryset(request, Membership.objects.filter(pk=bobs.pk))
    assert heard.orders == [("access", bobs.user_id, "lounge")]


def test_who_was_removed_meanwhile_is_not_said_to_leave_twice(bobs: Membership, ruth: User) -> None:
    again = Membership.objects.get(pk=bobs.pk)
    operators.remove_member(bobs, Actor.of(ruth))
    operators.remove_member(again, Actor.of(ruth))
    assert Message.objects.filter(kind=Kind.LEAVE).count() == 1


def test_adding_goes_the_way_of_all_members(as_ruth: Client, mallory: User, lounge: Room, told: Listening) -> None:
    with told() as heard:
        response = as_ruth.post(ADD, {"room": lounge.pk, "user": mallory.pk, "role": "moderator"})
    assert response.status_code == 302
    added = Membership.objects.get(user=mallory)
    (notice,) = heard.of("new_message", "room:lounge")
    assert (notice["message"]["kind"], notice["message"]["content"]) == ("join", "ruth")
    assert (added.role, added.last_read_seq) == ("moderator", notice["change"])
    assert heard.of("member_updated")[0]["role"] == "moderator"
    assert as_ruth.post(ADD, {"room": lounge.pk, "user": mallory.pk, "role": "member"}).status_code == 200


def test_who_came_in_since_the_form_was_checked_is_not_added_twice(ruth: User, bob: User, lounge: Room) -> None:
    with pytest.raises(ProtocolError, match="already"):
        operators.add_member(lounge.pk, bob.pk, "member", Actor.of(ruth))


def test_a_role_is_told_and_room_and_person_are_for_ever(
    as_ruth: Client, alice: User, bob: User, bobs: Membership, told: Listening
) -> None:
    with told() as heard:
        response = as_ruth.post(page_of(bobs), {"role": "moderator", "user": alice.pk, "room": 999, "muted": "on"})
    assert response.status_code == 302
    bobs.refresh_from_db()
    assert (bobs.user, bobs.room.slug, bobs.role, bobs.muted) == (bob, "lounge", "moderator", False)
    assert [(fact["user"]["username"], fact["role"]) for fact in heard.of("member_updated")] == [("bob", "moderator")]
    assert len(heard.of("notification", f"user:{bob.pk}")) == 1


def test_the_list_costs_the_same_for_any_number_and_is_searched_by_person_and_room(
    as_ruth: Client, lounge: Room
) -> None:
    assert len(queries_of(as_ruth, LIST)) == 2, "the count and the rows"
    Membership.objects.bulk_create([Membership(room=lounge, user=person(f"guest-{n}")) for n in range(50)])
    assert len(queries_of(as_ruth, LIST)) == 2
    assert len(as_ruth.get(LIST).context["cl"].result_list) == 52
    assert as_ruth.get(LIST, {"q": "guest-7"}).context["cl"].result_count == 1
    assert as_ruth.get(LIST, {"q": "lounge"}).context["cl"].result_count == 52


def test_people_and_rooms_are_picked_by_typing(as_ruth: Client, bob: User, lounge: Room) -> None:
    for field, term, text in (("user", "bo", "bob"), ("room", "loun", "lounge")):
        query = {"app_label": "chat", "model_name": "membership", "field_name": field, "term": term}
        found = as_ruth.get(reverse("admin:autocomplete"), query).json()
        assert [row["text"] for row in found["results"]] == [text]


def test_a_user_who_is_in_rooms_can_be_deleted_by_an_operator(as_ruth: Client, bob: User, bobs: Membership) -> None:
    response = as_ruth.post(reverse("admin:accounts_user_delete", args=[bob.pk]), {"post": "yes"})
    assert response.status_code == 302 and not User.objects.filter(pk=bob.pk).exists()
