"""Announcements and invitations in the administration."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.models import Announcement, Invitation, Room
from chat.rooms import invitations
from tests.chat.conftest import Listening, queries_of

LIST = reverse("admin:chat_announcement_changelist")
ADD = reverse("admin:chat_announcement_add")
INVITATIONS = reverse("admin:chat_invitation_changelist")

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("target", ["everyone", "room", "person"])
def test_an_announcement_reaches_those_it_is_for(
    as_ruth: Client, ruth: User, bob: User, lounge: Room, told: Listening, target: str
) -> None:
    chosen = {"everyone": {}, "room": {"room": lounge.pk}, "person": {"user": bob.pk}}[target]
    group = {"everyone": "global", "room": "room:lounge", "person": f"user:{bob.pk}"}[target]
    with told() as heard:
        response = as_ruth.post(ADD, {"text": "Tea at four", "room": "", "user": "", **chosen})
    assert response.status_code == 302
    stored = Announcement.objects.get()
    assert stored.created_by == ruth
    ((where, type_, data),) = heard.events
    assert (where, type_, data["kind"], data["text"], data["id"]) == (
        group,
        "notification",
        "announcement",
        "Tea at four",
        str(stored.pk),
    )
    shown = {"everyone": "everyone", "room": "room lounge", "person": "bob"}[target]
    assert f'field-target">{shown}<' in as_ruth.get(LIST).content.decode()


def test_what_is_empty_too_long_or_for_two_targets_is_refused(
    as_ruth: Client, bob: User, lounge: Room, told: Listening
) -> None:
    wrong: list[dict[str, Any]] = [{"text": "  "}, {"text": "x" * 2001}, {"text": "a\x00b"}]
    wrong.append({"text": "both", "room": lounge.pk, "user": bob.pk})
    with told() as heard:
        for data in wrong:
            assert as_ruth.post(ADD, {"room": "", "user": "", **data}).context["errors"], data
    assert heard.events == [] and not Announcement.objects.exists()


def test_what_was_told_cannot_be_changed(as_ruth: Client) -> None:
    told = Announcement.objects.create(text="<b>Tea</b> at four")
    page = reverse("admin:chat_announcement_change", args=[told.pk])
    assert "&lt;b&gt;Tea&lt;/b&gt;" in as_ruth.get(page).content.decode()
    assert as_ruth.post(page, {"text": "Tea at five"}).status_code == 403


def test_the_list_costs_the_same_for_any_number(as_ruth: Client, ruth: User, bob: User, lounge: Room) -> None:
    Announcement.objects.create(text="x", room=lounge, created_by=ruth)
    Announcement.objects.bulk_create([Announcement(text="x", user=bob, created_by=ruth) for _ in range(30)])
    assert len(queries_of(as_ruth, LIST)) == 2, "the count and the rows"
    assert len(as_ruth.get(LIST).context["cl"].result_list) == 31


# --- Invitations ---------------------------------------------------------------------------------------------------


@pytest.fixture
def invitation(alice: User, lounge: Room) -> Invitation:
    soon = timezone.now() + timedelta(days=1)
    return Invitation.objects.create(room=lounge, created_by=alice, expires_at=soon)


def test_invitations_are_listed_without_their_secret_and_told_apart_by_being_good(
    as_ruth: Client, alice: User, lounge: Room, invitation: Invitation
) -> None:
    Invitation.objects.create(room=lounge, created_by=alice, expires_at=timezone.now() - timedelta(days=1))
    Invitation.objects.create(room=lounge, created_by=alice, expires_at=invitation.expires_at, uses_left=0)
    page = as_ruth.get(INVITATIONS)
    assert page.context["cl"].result_count == 3 and invitation.token not in page.content.decode()
    page = as_ruth.get(reverse("admin:chat_invitation_change", args=[invitation.pk]))
    assert page.status_code == 200 and invitation.token not in page.content.decode()
    assert list(as_ruth.get(INVITATIONS, {"open": "yes"}).context["cl"].result_list) == [invitation]
    assert as_ruth.get(INVITATIONS, {"open": "no"}).context["cl"].result_count == 2


def test_a_revoked_invitation_lets_nobody_in(as_ruth: Client, invitation: Invitation) -> None:
    assert invitations.look_up(invitation.token) is not None
    assert "Revoke selected invitations" in as_ruth.get(INVITATIONS).content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [invitation.pk], "post": "yes"}
    assert as_ruth.post(INVITATIONS, chosen).status_code == 302
    assert invitations.look_up(invitation.token) is None


def test_invitations_are_neither_made_nor_changed_here(as_ruth: Client, invitation: Invitation) -> None:
    assert as_ruth.get(reverse("admin:chat_invitation_add")).status_code == 403
    page = reverse("admin:chat_invitation_change", args=[invitation.pk])
    assert as_ruth.post(page, {"uses_left": "99"}).status_code == 403
