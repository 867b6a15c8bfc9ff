"""Bans from the installation: nothing lets a banned person in, they read why, and it is over at its end."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import bans, credentials
from accounts.ban_form import BanForm
from accounts.credentials import Credential, Standing
from accounts.models import ApiToken, PushSubscription, User
from tests.accounts.conftest import PASSWORD, WRONG, add_totp, announced, sign_in
from tests.accounts.test_admin import USERS, act, clerk_with

__all__ = ["announced"]


def in_days(days: float) -> Any:
    return timezone.now() + timedelta(days=days)


def try_to_sign_in(password: str = PASSWORD) -> Any:
    return Client().post("/accounts/login/", {"login": "alice", "password": password}, follow=True)


def test_a_banned_person_is_told_until_when_and_why_and_is_not_signed_in(alice: User) -> None:
    alice.ban("Advertising <b>", timezone.now() + timedelta(days=7))
    response = try_to_sign_in()
    page = response.content.decode()
    assert response.status_code == 403 and "This account is banned" in page
    assert re.search(
        r"You are banned from Parley until \d+ \w+ \d{4}, \d\d:\d\d UTC. Reason: Advertising &lt;b&gt;", page
    )
    assert not response.wsgi_request.user.is_authenticated
    assert response.client.get("/accounts/settings/").status_code in (302, 404)


def test_the_wrong_password_tells_nothing_of_a_ban(alice: User) -> None:
    before = without_token(try_to_sign_in(WRONG).content.decode())
    alice.ban("Advertising", None)
    assert without_token(try_to_sign_in(WRONG).content.decode()) == before


def without_token(page: str) -> str:
    return re.sub(r'(value|content)="\w{64}"|nonce="[^"]*"', "", page)


def test_a_second_step_does_not_lead_around_a_ban(alice: User) -> None:
    add_totp(alice)
    alice.ban("", None)
    response = try_to_sign_in()
    assert "This account is banned" in response.content.decode() and response.redirect_chain == []


@pytest.mark.parametrize("end", [None, 1.0], ids=["no end", "an end"])
def test_sessions_and_tokens_end_with_the_ban_and_come_back_after_it(alice: User, end: float | None) -> None:
    client = sign_in(alice)
    key = str(client.session.session_key)
    _token, secret = ApiToken.issue(alice, "bot")
    held = [credentials.from_session_key(key), credentials.from_secret(secret)]
    assert all(isinstance(each, Credential) for each in held)
    alice.ban("", None if end is None else in_days(end))
    assert credentials.from_session_key(key) is None and credentials.from_secret(secret) is None
    assert set(credentials.standings([each for each in held if each is not None]).values()) == {Standing.BANNED}
    assert client.get("/accounts/profile/").status_code != 200 and client.get("/").status_code == 302
    alice.lift_ban()
    assert credentials.from_session_key(key) is not None and credentials.from_secret(secret) is not None
    assert client.get("/").status_code == 200


def test_a_ban_is_over_at_its_end_without_anything_having_run(alice: User) -> None:
    client = sign_in(alice)
    alice.ban("", in_days(1))
    User.objects.update(ban_ends_at=timezone.now() - timedelta(milliseconds=1))
    alice.refresh_from_db()
    assert alice.may_enter and not alice.is_banned
    assert User.objects.filter(bans.active()).contains(alice)
    assert client.get("/").status_code == 200
    assert try_to_sign_in().wsgi_request.user == alice


@pytest.mark.parametrize("change", [lambda user: user.ban("", None), lambda user: user.lift_ban()])
def test_a_ban_and_its_end_are_told_to_all_who_hold_connections(
    alice: User, announced: Callable[[], Any], change: Callable[[User], None]
) -> None:
    with announced() as heard:
        change(alice)
    assert heard == [alice.pk]


def test_a_banned_person_is_notified_of_nothing(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    key = str(sign_in(alice).session.session_key)
    PushSubscription.objects.create(user=alice, session_key=key, endpoint="https://push.example", p256dh="", auth="")
    with django_capture_on_commit_callbacks(execute=True):
        alice.ban("", None)
    assert not PushSubscription.objects.exists()


def test_no_token_is_made_for_a_banned_person(alice: User) -> None:
    alice.ban("", None)
    with pytest.raises(CommandError, match="is banned"):
        call_command("api_token", "alice")


# --- The administration --------------------------------------------------------------------------------------------------


def test_staff_ban_with_reason_and_end_and_lift_it(root: User, alice: User, bob: User) -> None:
    client = sign_in(root)
    page = act(client, "ban_users", alice, bob).content.decode()
    assert 'name="reason"' in page and 'name="length"' in page and not User.objects.exclude(banned_at=None).exists()
    act(client, "ban_users", alice, bob, confirmed="yes", reason=" Advertising  again ", length="30")
    alice.refresh_from_db()
    assert alice.is_banned and alice.ban_reason == "Advertising again"
    assert alice.ban_ends_at is not None and abs(alice.ban_ends_at - in_days(30)) < timedelta(minutes=1)
    assert LogEntry.objects.filter(object_id=str(alice.pk), change_message__contains="Banned until").exists()
    listed = client.get(f"{USERS}?banned=yes").content.decode()
    assert "Advertising again" in listed and "alice" in listed and ">ruth</a></th>" not in listed
    act(client, "lift_bans", alice, confirmed="yes")
    alice.refresh_from_db()
    assert alice.may_enter and not alice.ban_reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"length": "date"},
        {"length": "date", "until": "2020-01-01"},
        {"length": "date", "until": "9999-12-31"},
        {"length": "date", "until": "soon"},
        {"length": "5"},
        {"reason": "x" * 201},
    ],
)
def test_a_wrong_end_or_reason_bans_no_one(root: User, alice: User, wrong: dict[str, str]) -> None:
    response = act(sign_in(root), "ban_users", alice, **{"confirmed": "yes", "length": "1", **wrong})
    assert response.status_code == 200 and "errorlist" in response.content.decode()
    alice.refresh_from_db()
    assert not alice.is_banned


def test_a_ban_until_a_date_ends_at_its_midnight(db: None) -> None:
    day = (timezone.now() + timedelta(days=40)).date()
    form = BanForm({"length": "date", "until": day.isoformat()})
    assert form.is_valid() and form.ends_at is not None
    assert (form.ends_at.date(), form.ends_at.hour, form.ends_at.utcoffset()) == (day, 0, timedelta())
    never = BanForm({"length": ""})
    assert never.is_valid() and never.ends_at is None


def test_staff_cannot_ban_themselves_nor_superusers(root: User, bob: User) -> None:
    clerk = clerk_with("view_user", "change_user")
    act(clerk, "ban_users", root, User.objects.get(username="clerk"), bob, confirmed="yes", length="1")
    assert set(User.objects.exclude(banned_at=None)) == {bob}
    reader = sign_in(User.objects.create_user("reader", "", PASSWORD, is_staff=True))
    assert act(reader, "ban_users", bob, confirmed="yes", length="1").status_code == 403


def test_a_ban_is_not_set_by_the_form_of_a_user(root: User, alice: User) -> None:
    sign_in(root).post(
        f"{USERS}{alice.pk}/change/", {"username": "alice", "banned_at": "2026-01-01", "ban_reason": "x"}
    )
    alice.refresh_from_db()
    assert (alice.banned_at, alice.ban_reason) == (None, "")
