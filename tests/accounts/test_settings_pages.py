"""The settings: profile, API tokens, sessions."""

import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.forms import TOKENS_PER_USER, TokenForm
from accounts.models import AccessChange, ApiToken, User
from accounts.templatetags.account_pages import browser
from tests.accounts.conftest import add_passkey, add_totp, reauthenticate, sign_in
from tests.chat.fixtures import in_threads

PROFILE = "/settings/"
TOKENS = "/settings/tokens"


def test_a_display_name_is_saved_folded(alice: User, as_alice: Client) -> None:
    response = as_alice.post(PROFILE, {"display_name": "  Ａlice   M. "}, follow=True)
    assert "Profile saved." in response.content.decode()
    alice.refresh_from_db()
    assert alice.display_name == "Alice M."


def test_saving_the_profile_writes_nothing_else(alice: User, as_alice: Client) -> None:
    data = {
        "display_name": "Al",
        "username": "root",
        "is_staff": "on",
        "is_superuser": "on",
        "email": "evil@example.org",
    }
    as_alice.post(PROFILE, data)
    alice.refresh_from_db()
    assert (alice.username, alice.is_staff, alice.is_superuser, alice.email) == (
        "alice",
        False,
        False,
        "alice@example.org",
    )


def test_a_person_changes_their_name_only_so_often(alice: User, as_alice: Client) -> None:
    """Each change tells every room that they are in who is there, and holds their sockets while their access is read."""
    for number in range(10):
        assert as_alice.post(PROFILE, {"display_name": f"Alice {number}"}).status_code == 302
    refused = as_alice.post(PROFILE, {"display_name": "Alice 10"}).content.decode()
    assert "too often" in refused and refused.count("Alice 10") == 1, "it stands in the field only"
    logged = AccessChange.objects.count()
    assert as_alice.post(PROFILE, {"display_name": "Alice 9"}).status_code == 302, (
        "saving what stands there is no change"
    )
    alice.refresh_from_db()
    assert (alice.display_name, AccessChange.objects.count()) == ("Alice 9", logged)


@pytest.mark.parametrize("name", ["Claude", " ＣＬＡＵＤＥ ", "a\u202eb", "x" * 61, "nul\x00"])
def test_a_forbidden_display_name_is_refused_and_shown_nowhere_else(alice: User, as_alice: Client, name: str) -> None:
    response = as_alice.post(PROFILE, {"display_name": name})
    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.content.decode()
    assert '<b class="truncate" dir="auto">Alice Moreau</b>' in response.content.decode()
    alice.refresh_from_db()
    assert alice.display_name == "Alice Moreau"


@pytest.mark.parametrize("name", ["bob", "Bob", "ВОВ", "@bob"])
def test_the_user_name_of_somebody_else_is_no_display_name(alice: User, bob: User, as_alice: Client, name: str) -> None:
    assert "another person" in as_alice.post(PROFILE, {"display_name": name}).content.decode()
    alice.refresh_from_db()
    assert alice.display_name == "Alice Moreau"
    assert as_alice.post(PROFILE, {"display_name": "Alice"}).status_code == 302, "one's own is"


def test_the_display_name_may_be_emptied(alice: User, as_alice: Client) -> None:
    as_alice.post(PROFILE, {"display_name": ""})
    alice.refresh_from_db()
    assert alice.get_full_name() == "alice"


def test_markup_in_a_display_name_is_text(as_alice: Client) -> None:
    html = as_alice.post(PROFILE, {"display_name": "<script>alert(1)</script>"}, follow=True).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_profile_says_what_protects_the_account(alice: User, as_alice: Client) -> None:
    assert '<span class="row-value">Off</span>' in as_alice.get(PROFILE).content.decode()
    add_totp(alice)
    add_passkey(alice)
    add_passkey(alice, "key")
    assert "2 passkeys, authenticator app" in as_alice.get(PROFILE).content.decode()


def test_a_secret_is_shown_exactly_once(alice: User, as_alice: Client) -> None:
    reauthenticate(as_alice)
    response = as_alice.post(TOKENS, {"name": "deploy bot"})
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    token = ApiToken.objects.get(user=alice)
    secret = response.context["secret"]
    assert ApiToken.objects.for_secret(secret) == token
    assert response.content.decode().count(secret) == 1
    later = as_alice.get(TOKENS).content.decode()
    assert secret not in later
    assert token.digest not in later
    assert "deploy bot" in later and token.hint in later and "Never used" in later


def test_a_secret_is_not_kept_in_the_session(as_alice: Client) -> None:
    reauthenticate(as_alice)
    secret = as_alice.post(TOKENS, {"name": "bot"}).context["secret"]
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_sending_the_form_again_makes_no_second_token(alice: User, as_alice: Client) -> None:
    reauthenticate(as_alice)
    as_alice.post(TOKENS, {"name": "bot"})
    again = as_alice.post(TOKENS, {"name": " bot "})
    assert "You have a token with this name" in again.content.decode()
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb"])
def test_a_token_needs_a_proper_name(as_alice: Client, name: str) -> None:
    reauthenticate(as_alice)
    assert as_alice.post(TOKENS, {"name": name}).context["secret"] is None
    assert not ApiToken.objects.exists()


def test_there_is_a_most_to_the_tokens_of_a_person(alice: User, as_alice: Client) -> None:
    reauthenticate(as_alice)
    rows = [ApiToken(user=alice, name=f"t{n}", digest=f"{n:064}", hint="abcd") for n in range(TOKENS_PER_USER)]
    ApiToken.objects.bulk_create(rows)
    assert "the most there can be" in as_alice.post(TOKENS, {"name": "one more"}).content.decode()
    assert ApiToken.objects.count() == TOKENS_PER_USER


@pytest.mark.django_db(transaction=True)
def test_tokens_created_at_the_same_time_do_not_pass_the_most(
    alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    reauthenticate(as_alice)
    counted = TokenForm.clean

    def clean(form: TokenForm) -> Any:
        found = counted(form)
        time.sleep(0.2)  # long enough for the others to count as well, if they may
        return found

    monkeypatch.setattr(TokenForm, "clean", clean)
    rows = [ApiToken(user=alice, name=f"t{n}", digest=f"{n:064}", hint="abcd") for n in range(TOKENS_PER_USER - 1)]
    ApiToken.objects.bulk_create(rows)

    def create(name: str) -> int:
        browser = Client()
        browser.cookies = as_alice.cookies
        return browser.post(TOKENS, {"name": name}).status_code

    assert in_threads(*[partial(create, f"new {number}") for number in range(5)]) == [200] * 5
    assert ApiToken.objects.count() == TOKENS_PER_USER


def test_one_sees_and_revokes_one_s_own_tokens_only(alice: User, bob: User, as_alice: Client) -> None:
    theirs, _ = ApiToken.issue(bob, "the bot of bob")
    assert "the bot of bob" not in as_alice.get(TOKENS).content.decode()
    assert as_alice.post(reverse("accounts_revoke_token", args=[theirs.pk])).status_code == 404
    assert ApiToken.objects.filter(pk=theirs.pk).exists()


def test_a_token_is_not_revoked_by_following_a_link(alice: User, as_alice: Client) -> None:
    token, _ = ApiToken.issue(alice, "bot")
    assert as_alice.get(reverse("accounts_revoke_token", args=[token.pk])).status_code == 405
    assert ApiToken.objects.exists()


def test_forms_without_their_csrf_token_are_refused(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(TOKENS, {"name": "bot"}).status_code == 403
    assert client.post(PROFILE, {"display_name": "x"}).status_code == 403
    assert not ApiToken.objects.exists()


def test_the_list_of_tokens_takes_the_same_queries_however_long(
    alice: User, as_alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        ApiToken.issue(alice, f"bot {number}")
    with django_assert_max_num_queries(7):
        assert as_alice.get(TOKENS).content.decode().count("bot ") >= 20


def test_the_sessions_page_names_browsers_and_the_present_one(alice: User) -> None:
    here = sign_in(alice)
    phone = Client(
        headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"}
    )
    phone.post(reverse("account_login"), {"login": "alice", "password": "correct horse battery staple"})
    html = here.get(reverse("usersessions_list")).content.decode()
    assert "Firefox on Linux" in html
    assert "Safari on iPhone" in html
    assert html.count("This browser") == 1


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15", "Safari on Mac"),
        ("curl/8.9", "curl/8.9"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_are_called_as_people_call_them(agent: str, name: str) -> None:
    assert browser(agent) == name


def test_activity_is_written_at_most_once_a_minute(alice: User) -> None:
    client = sign_in(alice)
    row = UserSession.objects.get(user=alice)
    first = row.last_seen_at
    client.get(PROFILE)
    row.refresh_from_db()
    assert row.last_seen_at == first
    UserSession.objects.update(last_seen_at=first - timedelta(minutes=2))
    client.get(PROFILE)
    row.refresh_from_db()
    assert row.last_seen_at > first


def test_a_session_that_moves_is_noted_at_once(alice: User) -> None:
    client = sign_in(alice)
    client.get(PROFILE, REMOTE_ADDR="203.0.113.7")
    assert UserSession.objects.get(user=alice).ip == "203.0.113.7"
