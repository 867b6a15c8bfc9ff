"""API tokens outlive sessions and passwords: creating one takes a proof, and a new password offers to revoke them."""

import socket
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import credentials
from accounts.credentials import Standing
from accounts.models import ApiToken, User
from tests.accounts.conftest import PASSWORD, WRONG, add_passkey, add_totp, reauthenticate, reset_link, sign_in

TOKENS = "/settings/tokens"
ASKED_AGAIN = "/accounts/reauthenticate/?next=%2Fsettings%2Ftokens"
NEW_PASSWORD = "another horse battery staple"


# --- Making one ----------------------------------------------------------------------------------------------------------


def test_a_session_alone_makes_no_token(alice: User, as_alice: Client) -> None:
    response = as_alice.post(TOKENS, {"name": "mine"})
    assert (response.status_code, response.headers["Location"]) == (302, ASKED_AGAIN)
    assert not ApiToken.objects.exists()
    assert as_alice.get(TOKENS).status_code == 200, "to look at the list takes no proof"


def test_with_the_password_the_token_is_made_that_was_asked_for(alice: User, as_alice: Client) -> None:
    as_alice.post(TOKENS, {"name": "deploy bot"})
    wrong = as_alice.post(ASKED_AGAIN, {"password": WRONG, "next": TOKENS})
    assert wrong.status_code == 200 and not ApiToken.objects.exists()
    response = as_alice.post(ASKED_AGAIN, {"password": PASSWORD, "next": TOKENS})
    assert response.status_code == 200 and response.context["secret"] in response.content.decode()
    assert ApiToken.objects.for_secret(response.context["secret"]).name == "deploy bot"  # type: ignore[union-attr]
    assert "no-store" in response.headers["Cache-Control"]


def test_the_proof_is_good_for_five_minutes(alice: User, as_alice: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        reauthenticate(as_alice)
        clock.shift(timedelta(minutes=4))
        assert as_alice.post(TOKENS, {"name": "one"}).status_code == 200
        clock.shift(timedelta(minutes=2))
        assert as_alice.post(TOKENS, {"name": "two"}).status_code == 302
    assert ApiToken.objects.count() == 1


def test_a_person_with_a_second_step_proves_themselves_by_it(alice: User, as_alice: Client) -> None:
    add_totp(alice)
    response = as_alice.post(TOKENS, {"name": "bot"})
    assert response.headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    by_password = as_alice.post("/accounts/reauthenticate/?next=/settings/tokens", {"password": PASSWORD})
    assert by_password.headers["Location"] == "/accounts/2fa/reauthenticate/?next=/settings/tokens"
    assert as_alice.post(TOKENS, {"name": "bot"}).status_code == 302 and not ApiToken.objects.exists()
    code = RecoveryCodes(Authenticator.objects.get(user=alice, type="recovery_codes")).get_unused_codes()[0]
    made = as_alice.post("/accounts/2fa/reauthenticate/", {"code": code, "next": TOKENS})
    assert made.status_code == 200 and ApiToken.objects.get().name == "bot"


def test_a_person_with_passkeys_only_is_asked_for_one(alice: User, as_alice: Client) -> None:
    add_passkey(alice)
    alice.set_unusable_password()
    alice.save()
    client = Client()
    client.force_login(alice)
    response = client.post(TOKENS, {"name": "bot"})
    assert response.headers["Location"].startswith("/accounts/2fa/webauthn/reauthenticate/")
    assert client.get(response.headers["Location"]).status_code == 200
    assert "passkey before we create it" in client.get(TOKENS).content.decode()


def test_the_page_says_what_a_token_can_do_and_that_it_stays(as_alice: Client) -> None:
    html = as_alice.get(TOKENS).content.decode()
    assert "read and write everything you can" in html
    assert "keeps working when you sign out or change your password" in html


def test_a_mail_tells_of_a_new_token_where_mail_is_configured(alice: User, as_alice: Client, settings: Any) -> None:
    reauthenticate(as_alice)
    as_alice.post(TOKENS, {"name": "quiet"})
    assert mail.outbox == [], "without a mail server"
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    secret = as_alice.post(TOKENS, {"name": "bot <b>"}).context["secret"]
    (message,) = mail.outbox
    assert (message.to, "bot <b>" in message.subject) == (["alice@example.org"], True)
    assert "“bot <b>”" in message.body and secret not in message.body


def test_a_mail_server_that_is_down_does_not_lose_the_secret(alice: User, as_alice: Client, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    reauthenticate(as_alice)
    assert as_alice.post(TOKENS, {"name": "bot"}).context["secret"]


def test_a_mail_server_that_is_silent_does_not_hang_the_page(alice: User, as_alice: Client, settings: Any) -> None:
    assert 0 < settings.EMAIL_TIMEOUT <= 10
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.ACCOUNT_EMAIL_NOTIFICATIONS, settings.EMAIL_TIMEOUT = True, 0.2
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        reauthenticate(as_alice)
        assert as_alice.post(TOKENS, {"name": "bot"}).context["secret"]


# --- Where and until when it is used --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "noted"),
    [
        (0, "203.0.113.9", "198.51.100.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "nonsense", "198.51.100.1"),
        (1, "x" * 10_000, "198.51.100.1"),
        (1, "", "198.51.100.1"),
    ],
)
def test_a_token_remembers_the_address_that_our_own_proxies_saw(
    alice: User, settings: Any, proxies: int, forwarded: str, noted: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    token, secret = ApiToken.issue(alice, "bot")
    headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": forwarded}
    assert credentials.from_request(RequestFactory().get("/", headers=headers, REMOTE_ADDR="198.51.100.1"))
    token.refresh_from_db()
    assert token.last_used_from == noted


def test_the_list_shows_when_a_token_was_used_from_where_and_how_it_looks(alice: User, as_alice: Client) -> None:
    _token, secret = ApiToken.issue(alice, "bot")
    credentials.from_secret(secret, "2001:db8::7")
    html = as_alice.get(TOKENS).content.decode()
    assert f"{secret[:11]}…{secret[-4:]}" in html and secret not in html
    assert "from 2001:db8::7" in html and "Last used" in html
    old = ApiToken.objects.create(user=alice, name="old", digest="0" * 64, hint="wxyz")
    assert old.masked == "parley_…wxyz", "made before the beginning was kept"


def test_many_uses_are_one_write_a_minute_whatever_the_address(alice: User) -> None:
    token, secret = ApiToken.issue(alice, "bot")
    for number in range(1, 6):
        credentials.from_secret(secret, f"203.0.113.{number}")
    token.refresh_from_db()
    assert token.last_used_from == "203.0.113.1"


def test_a_token_ends_when_it_was_to_and_its_connections_with_it(alice: User, as_alice: Client) -> None:
    reauthenticate(as_alice)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        secret = as_alice.post(TOKENS, {"name": "bot", "days": "30"}).context["secret"]
        credential = credentials.from_secret(secret)
        assert credential is not None
        clock.shift(timedelta(days=29, hours=23))
        assert credentials.standings([credential])[credential] is Standing.VALID
        clock.shift(timedelta(hours=2))
        assert credentials.from_secret(secret) is None
        assert credentials.standings([credential])[credential] is Standing.SIGNED_OUT


def test_the_list_says_when_a_token_ends_or_has_ended(alice: User, as_alice: Client) -> None:
    for days in (-1, 1):
        ApiToken.issue(alice, f"bot {days}", timezone.now() + timedelta(days=days))
    html = as_alice.get(TOKENS).content.decode()
    assert html.count("<b>ended</b>") == 1 and html.count("· ends <time") == 1


@pytest.mark.parametrize("days", ["0", "-1", "31", "9" * 30, "x"])
def test_only_the_offered_ends_are_taken(as_alice: Client, days: str) -> None:
    reauthenticate(as_alice)
    assert as_alice.post(TOKENS, {"name": "bot", "days": days}).context["secret"] is None
    assert not ApiToken.objects.exists()


# --- Revoking them with everything else -----------------------------------------------------------------------------------


@pytest.fixture
def with_tokens(alice: User, bob: User) -> None:
    ApiToken.issue(alice, "one")
    ApiToken.issue(alice, "two")
    ApiToken.issue(bob, "theirs")


def left() -> list[str]:
    return sorted(ApiToken.objects.values_list("name", flat=True))


def changed_password(**more: str) -> dict[str, str]:
    return {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD, **more}


@pytest.mark.usefixtures("with_tokens")
def test_changing_the_password_offers_to_revoke_them(alice: User, as_alice: Client) -> None:
    page = as_alice.get(reverse("account_change_password")).content.decode()
    assert "Also revoke my 2 API tokens" in page and "keep working unless you revoke them" in page
    as_alice.post(reverse("account_change_password"), changed_password(oldpassword=WRONG, revoke_tokens="on"))
    assert left() == ["one", "theirs", "two"]
    changed = as_alice.post(reverse("account_change_password"), changed_password(revoke_tokens="on"), follow=True)
    assert "All your API tokens are revoked." in changed.content.decode()
    assert left() == ["theirs"]


@pytest.mark.usefixtures("with_tokens")
def test_changing_the_password_alone_leaves_them(alice: User, as_alice: Client) -> None:
    assert as_alice.post(reverse("account_change_password"), changed_password()).status_code == 302
    assert left() == ["one", "theirs", "two"]


def test_without_tokens_nothing_is_offered(as_alice: Client) -> None:
    assert "revoke_tokens" not in as_alice.get(reverse("account_change_password")).content.decode()
    assert "revoke_tokens" not in as_alice.get(reverse("usersessions_list")).content.decode()


@pytest.mark.usefixtures("with_tokens")
@pytest.mark.parametrize("keeps", [False, True])
def test_after_a_forgotten_password_they_go_unless_one_says_no(alice: User, keeps: bool) -> None:
    client = Client()
    page = client.get(reset_link(alice), follow=True)
    field = page.context["form"]["revoke_tokens"]
    assert field.value() is True and "Also revoke my 2 API tokens" in page.content.decode()
    fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD} | ({} if keeps else {"revoke_tokens": "on"})
    assert client.post(page.redirect_chain[-1][0], fields).status_code == 302
    assert left() == (["one", "theirs", "two"] if keeps else ["theirs"])


@pytest.mark.usefixtures("with_tokens")
def test_signing_out_everywhere_else_offers_it_too(alice: User) -> None:
    here, there = sign_in(alice), sign_in(alice)
    assert "Also revoke my 2 API tokens" in here.get(reverse("usersessions_list")).content.decode()
    here.post(reverse("usersessions_list"), {"revoke_tokens": "1"})
    assert left() == ["theirs"]
    assert there.get("/settings/").status_code == 302 and here.get("/settings/").status_code == 200


@pytest.mark.usefixtures("with_tokens")
def test_all_one_s_own_can_be_revoked_at_once(alice: User, as_alice: Client, announced: Any) -> None:
    assert as_alice.get(reverse("accounts_revoke_tokens")).status_code == 405
    with announced() as heard:
        as_alice.post(reverse("accounts_revoke_tokens"))
    assert set(heard) == {alice.pk} and left() == ["theirs"]
