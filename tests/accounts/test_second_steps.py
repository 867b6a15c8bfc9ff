"""The second step offers what the account has, and says what was wrong with what was tried.

The kind: a page that offers, asks for or blames something that the person does not have, or did not do.
"""

import json
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticatorData, CollectedClientData

from accounts.models import User
from tests.accounts.conftest import PASSWORD, add_passkey, add_totp, reauthenticate, sign_in

PASSKEY_BUTTON = 'data-passkey="get"'
UNKNOWN = "This passkey doesn&#x27;t open this account"
OUTDATED = "The confirmation came too late, or another tab asked for one meanwhile."


def add_codes(user: User) -> None:
    add_totp(user)
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()


def drop_codes(user: User) -> None:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()


class Account(NamedTuple):
    makes: tuple[Callable[[User], Any], ...]
    sentence: str
    label: str | None
    has_passkey: bool


ACCOUNTS = {
    "app and codes": Account(
        (add_totp,),
        "Enter the code from your authenticator app, or one of your recovery codes.",
        "Code from your authenticator app, or a recovery code",
        False,
    ),
    "app alone": Account(
        (add_totp, drop_codes), "Enter the code from your authenticator app.", "Code from your authenticator app", False
    ),
    "passkey and codes": Account(
        (add_codes, add_passkey),
        "Confirm with your passkey or security key, or enter one of your recovery codes.",
        "Recovery code",
        True,
    ),
    "passkey alone": Account((add_passkey,), "Confirm with your passkey or security key.", None, True),
    "everything": Account(
        (add_totp, add_passkey),
        "Confirm with your passkey or security key, or enter the code from your authenticator app, or one of your recovery "
        "codes.",
        "Code from your authenticator app, or a recovery code",
        True,
    ),
}


def html_of(response: Any) -> str:
    assert response.status_code == 200, response
    return str(response.content.decode())


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_signing_in_offers_what_the_account_has(alice: User, account: Account) -> None:
    for make in account.makes:
        make(alice)
    client = Client()
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    html = html_of(client.get(reverse("mfa_authenticate")))
    assert account.sentence in html
    assert (PASSKEY_BUTTON in html) is account.has_passkey
    assert (f">{account.label}</label>" in html) if account.label else ('name="code"' not in html)


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_confirming_who_one_is_offers_what_the_account_has(alice: User, account: Account) -> None:
    client = sign_in(alice)
    for make in account.makes:
        make(alice)
    pages = [html_of(client.get(reverse("account_reauthenticate"), follow=True))]
    if account.label:
        pages.append(html_of(client.get(reverse("mfa_reauthenticate"))))
        assert f">{account.label}</label>" in pages[-1]
    for html in pages:
        assert ("Use a passkey or security key" in html) is account.has_passkey
    words = "authenticator app" if account.label and "app" in account.label else "Use a recovery code"
    assert (words in pages[0]) is bool(account.label)


def assertion(key: bytes = b"") -> str:
    """Return what a browser sends for this key, signed by something else."""
    client_data = CollectedClientData.create(CollectedClientData.TYPE.GET, b"challenge", "http://testserver")
    auth_data = AuthenticatorData.create(secrets.token_bytes(32), AuthenticatorData.FLAG.UP, 0)
    key_id = websafe_encode(key or secrets.token_bytes(16))
    response = {
        "clientDataJSON": websafe_encode(client_data),
        "authenticatorData": websafe_encode(auth_data),
        "signature": websafe_encode(b"signature"),
        "userHandle": None,
    }
    return json.dumps(
        {"type": "public-key", "id": key_id, "rawId": key_id, "response": response, "clientExtensionResults": {}}
    )


def id_of(passkey: Authenticator) -> bytes:
    data = passkey.wrap().authenticator_data.credential_data
    assert data is not None
    return bytes(data.credential_id)


@pytest.mark.parametrize("is_known", [True, False], ids=["the key is known", "it was removed"])
def test_a_passkey_that_is_refused_is_not_called_a_code(alice: User, is_known: bool) -> None:
    add_totp(alice)
    passkey = add_passkey(alice)
    add_passkey(alice, "another")
    key = id_of(passkey)
    if not is_known:
        passkey.delete()
    client = Client()
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    html = html_of(client.post(reverse("mfa_authenticate"), {"credential": assertion(key)}))
    assert (OUTDATED if is_known else UNKNOWN) in html
    assert "Incorrect code" not in html


def test_a_removed_passkey_does_not_sign_in_and_says_so_on_the_page(db: None) -> None:
    client = Client()
    client.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    response = client.post(reverse("mfa_login_webauthn"), {"credential": assertion()}, follow=True)
    assert UNKNOWN in html_of(response)


def test_a_passkey_that_is_refused_when_one_confirms_stays_on_that_page_and_keeps_the_way(alice: User) -> None:
    client = sign_in(alice)
    add_passkey(alice)
    page = reverse("mfa_reauthenticate_webauthn")
    client.get(page)
    response = client.post(page, {"credential": assertion(), "next": "/settings/tokens"}, follow=True)
    assert response.request["PATH_INFO"] == page
    assert UNKNOWN in html_of(response) and 'name="next" value="/settings/tokens"' in html_of(response)


def test_a_wrong_code_is_a_wrong_code(alice: User) -> None:
    add_totp(alice)
    client = Client()
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    assert "Incorrect code." in html_of(client.post(reverse("mfa_authenticate"), {"code": "000000"}))


# --- The authenticator app, in two tabs ---------------------------------------------------------------------


def code_of(html: str) -> str:
    """Return what the app shows that scanned this page."""
    secret = html.partition('id="totp-key" type="text" value="')[2].partition('"')[0]
    now = list(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, now[len(now) // 2])))


@pytest.mark.parametrize("tab", [0, 1], ids=["the first tab", "the second tab"])
def test_the_authenticator_app_is_set_up_in_either_of_two_tabs(alice: User, tab: int) -> None:
    client = sign_in(alice)
    reauthenticate(client)
    page = reverse("mfa_activate_totp")
    codes = [code_of(html_of(client.get(page))) for _ in range(2)]
    assert "Incorrect code." in html_of(client.post(page, {"code": "000000"})), "and a slip changes nothing"
    assert client.post(page, {"code": codes[tab]}).headers["Location"] == reverse("mfa_view_recovery_codes")
    told = html_of(client.get(page, follow=True))
    assert "Your authenticator app is on already." in told and "<h1>Two-step verification</h1>" in told


def test_the_secret_of_an_app_that_was_turned_off_is_not_used_again(alice: User) -> None:
    client = sign_in(alice)
    reauthenticate(client)
    page = reverse("mfa_activate_totp")
    first = html_of(client.get(page))
    client.post(page, {"code": code_of(first)})
    Authenticator.objects.filter(user=alice).delete()
    assert html_of(client.get(page)).partition("totp-key")[2][:60] != first.partition("totp-key")[2][:60]


# --- Pages that an old tab or a bookmark leads to --------------------------------------------------------------

GONE = {
    "mfa_view_recovery_codes": "You have no recovery codes yet.",
    "mfa_download_recovery_codes": "You have no recovery codes yet.",
    "mfa_deactivate_totp": "Your authenticator app is off already.",
    "mfa_remove_webauthn": "This passkey was removed already.",
    "mfa_edit_webauthn": "This passkey was removed already.",
}


READ_ONLY = {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}


@pytest.mark.parametrize(
    ("method", "name"), [("get", name) for name in GONE] + [("post", name) for name in GONE if name not in READ_ONLY]
)
def test_a_page_for_what_one_does_not_have_leads_to_the_overview_and_says_so(
    alice: User, method: str, name: str
) -> None:
    client = sign_in(alice)
    reauthenticate(client)
    address = reverse(name, kwargs={"pk": 404} if "webauthn" in name else {})
    response = getattr(client, method)(address, follow=True)
    assert response.request["PATH_INFO"] == reverse("mfa_index")
    assert GONE[name] in html_of(response)


@pytest.mark.parametrize("name", GONE)
def test_a_stranger_is_sent_to_sign_in(db: None, name: str) -> None:
    address = reverse(name, kwargs={"pk": 404} if "webauthn" in name else {})
    assert Client().get(address).headers["Location"].startswith(reverse("account_login"))
