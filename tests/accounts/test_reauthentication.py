"""What a session alone may not do: someone who has taken it over must not be able to stay, or to shut its owner out."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User
from tests.accounts.conftest import PASSWORD, add_passkey, add_totp, reauthenticate, sign_in

Request = tuple[str, dict[str, str]]
NEW = {"password1": "another horse battery", "password2": "another horse battery"}


def passkey_of(user: User) -> int:
    return int(Authenticator.objects.get(user=user, type="webauthn").pk)


# Every power over an account's ways in: the page, and what is sent to it.
POWERS: dict[str, Callable[[User], Request]] = {
    "make an API token": lambda _: ("/settings/tokens", {"name": "bot"}),
    "add an address": lambda _: (reverse("account_email"), {"action_add": "", "email": "evil@example.org"}),
    "remove the address": lambda user: (reverse("account_email"), {"action_remove": "", "email": user.email}),
    "add a passkey": lambda _: (reverse("mfa_add_webauthn"), {"name": "mine", "credential": "{}"}),
    "rename a passkey": lambda user: (reverse("mfa_edit_webauthn", args=[passkey_of(user)]), {"name": "mine"}),
    "remove a passkey": lambda user: (reverse("mfa_remove_webauthn", args=[passkey_of(user)]), {}),
    "turn the authenticator app off": lambda _: (reverse("mfa_deactivate_totp"), {}),
    "make recovery codes": lambda _: (reverse("mfa_generate_recovery_codes"), {}),
    "see the recovery codes": lambda _: (reverse("mfa_view_recovery_codes"), {}),
    "download the recovery codes": lambda _: (reverse("mfa_download_recovery_codes"), {}),
}


@pytest.fixture
def equipped(alice: User) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    return alice


def state(user: User) -> list[object]:
    user.refresh_from_db()
    rows: list[object] = [user.email, user.password]
    rows += Authenticator.objects.filter(user=user).values_list("pk", "type", "data")
    rows += EmailAddress.objects.filter(user=user).values_list("email", "verified")
    return rows + list(ApiToken.objects.values_list("name"))


@pytest.mark.parametrize("power", POWERS)
def test_a_session_alone_may_not(equipped: User, power: str) -> None:
    client = sign_in(equipped)
    add_totp(equipped)
    add_passkey(equipped)
    path, fields = POWERS[power](equipped)
    before = state(equipped)
    sent, seen = client.post(path, fields), client.get(path)
    assert sent.status_code == 405 or "reauthenticate" in sent.headers["Location"]
    if power not in ("make an API token", "add an address", "remove the address"):  # these pages show nothing secret
        assert "reauthenticate" in seen.headers["Location"]
    assert state(equipped) == before


def test_a_session_alone_turns_no_authenticator_app_on(equipped: User) -> None:
    client = sign_in(equipped)
    for response in (
        client.get(reverse("mfa_activate_totp")),
        client.post(reverse("mfa_activate_totp"), {"code": "1"}),
    ):
        assert "reauthenticate" in response.headers["Location"]


def test_a_session_alone_gives_no_password_to_an_account_of_passkeys(equipped: User) -> None:
    add_passkey(equipped)
    equipped.set_unusable_password()
    equipped.save()
    client = Client()
    client.force_login(equipped)
    for response in (client.get(reverse("account_set_password")), client.post(reverse("account_set_password"), NEW)):
        assert response.headers["Location"].startswith("/accounts/2fa/webauthn/reauthenticate/")
    equipped.refresh_from_db()
    assert not equipped.has_usable_password()
    assert NEW["password1"] not in str(client.session.items()), "a password is not kept while it is asked"


def test_a_session_alone_changes_no_password(equipped: User) -> None:
    client = sign_in(equipped)
    assert client.post(reverse("account_change_password"), NEW).status_code == 200
    equipped.refresh_from_db()
    assert equipped.check_password(PASSWORD)


def test_the_password_does_not_stand_in_for_the_second_step(equipped: User) -> None:
    client = sign_in(equipped)
    add_totp(equipped)
    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert response.headers["Location"] == "/accounts/2fa/reauthenticate/"
    assert "Use your password" not in client.get("/accounts/2fa/reauthenticate/").content.decode()
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=equipped, type="totp").exists()


def test_after_the_password_an_account_without_a_second_step_may(equipped: User) -> None:
    client = sign_in(equipped)
    reauthenticate(client)
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    assert client.post("/settings/tokens", {"name": "bot"}).status_code == 200
