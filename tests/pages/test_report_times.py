"""Pages that the server draws tell times as the reader's clock does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, User
from chat.models import Invitation, Membership, Room, RoomBan
from tests.accounts.conftest import add_passkey
from tests.chat.fixtures import room_of
from tests.reports.shown_times import MOMENT, READERS, Reader

pytestmark = pytest.mark.django_db

FAR = MOMENT + timedelta(days=365 * 60)  # such a moment is never over


def sessions(alice: User, client: Client) -> str:
    client.get("/")
    UserSession.objects.filter(user=alice).update(created_at=MOMENT)
    return reverse("usersessions_list")


def tokens(alice: User, _: Client) -> str:
    token, _secret = ApiToken.issue(alice, "robot")
    ApiToken.objects.filter(pk=token.pk).update(created_at=MOMENT)
    return reverse("accounts_tokens")


def passkeys(alice: User, _: Client) -> str:
    add_passkey(alice)
    Authenticator.objects.filter(user=alice).update(created_at=MOMENT)
    return reverse("mfa_list_webauthn")


def people(alice: User, _: Client) -> str:
    Membership.objects.filter(user=alice).update(joined_at=MOMENT)
    return "/rooms/den/people"


def administration(alice: User, _: Client) -> str:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True, date_joined=MOMENT)
    return reverse("admin:accounts_user_change", args=[alice.pk])


PAGES: dict[str, Callable[[User, Client], str]] = {
    "sessions": sessions,
    "tokens": tokens,
    "passkeys": passkeys,
    "people": people,
    "administration": administration,
}


def seated(reader: Reader) -> tuple[User, Client]:
    alice = User.objects.create(username="alice", time_zone=reader.stored)
    client = Client()
    client.force_login(alice)
    if reader.cookie:
        client.cookies["timezone"] = reader.cookie
    room_of(alice, "den")
    return alice, client


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.kind)
def test_a_day_is_the_readers(reader: Reader, page: Callable[[User, Client], str]) -> None:
    alice, client = seated(reader)
    path = page(alice, client)
    alice.set_password("a long password for alice")  # the administration asks for proof otherwise
    html = client.get(path, follow=True).content.decode()
    days = (f"{reader.day} {reader.month}", f"{reader.month}. {reader.day}")
    assert any(day in html for day in days), "in the words of the page, or of Django's administration"
    other = 31 - reader.day
    assert f"{other} {'Dec' if other == 1 else 'Nov'} 2026" not in html


def deletion(alice: User, _: Client) -> str:
    Room.objects.filter(slug="den").update(archived_at=timezone.now(), deletes_at=MOMENT)
    return "/rooms/den/details"


def link(alice: User, _: Client) -> str:
    Invitation.objects.create(room=Room.objects.get(slug="den"), created_by=alice, expires_at=FAR)
    return "/rooms/den/invite"


def ban(alice: User, _: Client) -> str:
    bob = User.objects.create(username="bob")
    RoomBan.objects.create(room=Room.objects.get(slug="den"), user=bob, created_by=alice, ends_at=FAR)
    return "/rooms/den/people"


CLOCKS: dict[str, Callable[[User, Client], str]] = {
    "sessions": sessions,
    "a room that is about to be deleted": deletion,
    "an invitation link": link,
    "a ban": ban,
}


@pytest.mark.parametrize("page", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.kind)
def test_a_time_is_the_readers_and_says_whose(reader: Reader, page: Callable[[User, Client], str]) -> None:
    alice, client = seated(reader)
    html = client.get(page(alice, client)).content.decode()
    assert reader.clock in html
    assert reader.clock.endswith("UTC") or "23:30" not in html


def test_the_zone_of_one_reader_is_not_the_next_ones() -> None:
    _, client = seated(READERS[0])
    assert client.get("/rooms/den/people").status_code == 200
    assert timezone.get_current_timezone_name() == "UTC"
