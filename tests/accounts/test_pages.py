"""Every page of signing in and of the settings is there, is ours, and works under the Content-Security-Policy."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account import urls as account_urls
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa import urls as mfa_urls
from allauth.mfa.models import Authenticator
from allauth.usersessions import urls as session_urls
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.models import User
from tests.accounts.conftest import PASSWORD, add_passkey, add_totp, reauthenticate, reset_link, sign_in

# Each page with the address by which it is reached; `user` has a password, an address, both second steps.
Address = Callable[[User], str]


def plain(name: str, **kwargs: Any) -> Address:
    return lambda _user: reverse(name, kwargs=kwargs)


def passkey_page(name: str) -> Address:
    return lambda user: reverse(name, kwargs={"pk": Authenticator.objects.get(user=user, type="webauthn").pk})


def confirmation_link(user: User) -> str:
    address = EmailAddress.objects.create(user=user, email="new@example.org")
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])


ANONYMOUS: dict[str, Address] = {
    "account_login": plain("account_login"),
    "account_signup": plain("account_signup"),
    "account_inactive": plain("account_inactive"),
    "account_reset_password": plain("account_reset_password"),
    "account_reset_password_done": plain("account_reset_password_done"),
    "account_reset_password_from_key": reset_link,
    "account_reset_password_from_key_done": plain("account_reset_password_from_key_done"),
    "account_email_verification_sent": plain("account_email_verification_sent"),
    "account_confirm_email": confirmation_link,
}
SIGNED_IN: dict[str, Address] = {
    "accounts_profile": plain("accounts_profile"),
    "accounts_tokens": plain("accounts_tokens"),
    "account_email": plain("account_email"),
    "account_change_password": plain("account_change_password"),
    "account_logout": plain("account_logout"),
    "account_reauthenticate": plain("account_reauthenticate"),
    "mfa_index": plain("mfa_index"),
    "mfa_reauthenticate": plain("mfa_reauthenticate"),
    "mfa_deactivate_totp": plain("mfa_deactivate_totp"),
    "mfa_view_recovery_codes": plain("mfa_view_recovery_codes"),
    "mfa_generate_recovery_codes": plain("mfa_generate_recovery_codes"),
    "mfa_list_webauthn": plain("mfa_list_webauthn"),
    "mfa_add_webauthn": plain("mfa_add_webauthn"),
    "mfa_edit_webauthn": passkey_page("mfa_edit_webauthn"),
    "mfa_remove_webauthn": passkey_page("mfa_remove_webauthn"),
    "mfa_reauthenticate_webauthn": plain("mfa_reauthenticate_webauthn"),
    "usersessions_list": plain("usersessions_list"),
}
# Reached in another state, each in a test of its own below; or no pages: they respond with JSON, a file or a redirect.
ELSEWHERE = {"account_set_password", "mfa_activate_totp", "mfa_authenticate"}
NO_PAGES = {
    "mfa_login_webauthn",
    "mfa_download_recovery_codes",
    "account_confirm_login_code",
    "accounts_revoke_token",
    "accounts_revoke_tokens",
}


def assert_clean(response: Any) -> str:
    """Check that the page is ours and needs nothing that the policy forbids; return its HTML."""
    assert response.status_code == 200, response
    html = str(response.content.decode())
    assert "chat/css/accounts.css" in html
    assert html.count("<h1") == 1
    assert html.count('id="main"') == 1
    for tag in re.findall(r"<script\b[^>]*>", html):
        assert " src=" in tag or 'type="application/json"' in tag, tag
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", html)
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    for name in re.findall(r'aria-describedby="([^"]*)"', html):
        for target in name.split():
            assert f'id="{target}"' in html, f"described by {target}, which is not there"
    for target in re.findall(r'<label[^>]* for="([^"]+)"', html):
        assert f'id="{target}"' in html, f"a label for {target}, which is not there"
    return html


@pytest.fixture
def equipped(alice: User) -> User:
    add_totp(alice)
    add_passkey(alice)
    return alice


@pytest.fixture
def as_equipped(alice: User) -> Client:
    """Alice, signed in, lately confirmed, with all second steps."""
    client = sign_in(alice)
    reauthenticate(client)
    add_totp(alice)
    add_passkey(alice)
    return client


@pytest.mark.parametrize("name", ANONYMOUS)
def test_pages_for_everybody(name: str, alice: User) -> None:
    assert_clean(Client().get(ANONYMOUS[name](alice), follow=True))


@pytest.mark.parametrize("name", SIGNED_IN)
def test_pages_for_those_signed_in(name: str, as_equipped: Client, alice: User) -> None:
    assert_clean(as_equipped.get(SIGNED_IN[name](alice), follow=name == "account_reauthenticate"))


@pytest.mark.parametrize("name", SIGNED_IN)
def test_pages_of_one_s_own_ask_strangers_to_sign_in(name: str, equipped: User) -> None:
    if name == "account_logout":
        assert Client().get(reverse(name)).status_code == 302
        return
    response = Client().get(SIGNED_IN[name](equipped))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=")


def test_every_page_that_can_be_reached_is_in_these_tests() -> None:
    def names(patterns: list[Any]) -> set[str]:
        found: set[str] = set()
        for pattern in patterns:
            found |= names(pattern.url_patterns) if isinstance(pattern, URLResolver) else {pattern.name}
        return found

    reachable = names([*account_urls.urlpatterns, *mfa_urls.urlpatterns, *session_urls.urlpatterns])
    reachable |= {name for name in get_resolver().reverse_dict if str(name).startswith("accounts_")}
    assert reachable == set(ANONYMOUS) | set(SIGNED_IN) | ELSEWHERE | NO_PAGES


def test_setting_a_first_password(alice: User, as_alice: Client) -> None:
    alice.set_unusable_password()
    alice.save()
    client = Client()
    client.force_login(alice)
    assert_clean(client.get(reverse("account_set_password")))


def test_setting_up_the_authenticator_app(as_alice: Client) -> None:
    reauthenticate(as_alice)
    html = assert_clean(as_alice.get(reverse("mfa_activate_totp")))
    assert 'src="data:image/svg+xml;base64,' in html


def test_the_second_step(equipped: User) -> None:
    client = Client()
    response = client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD}, follow=True)
    html = assert_clean(response)
    assert 'data-passkey="get"' in html
    assert_clean(client.post(reverse("mfa_authenticate"), {"code": "000000"}))


def test_the_page_when_sign_up_is_closed(db: None, settings: Any) -> None:
    settings.ACCOUNT_SIGNUP_OPEN = False
    html = assert_clean(Client().get(reverse("account_signup")))
    assert "Sign-up is closed" in html
    assert "Create an account" not in assert_clean(Client().get(reverse("account_login")))


def test_sign_up_cannot_be_posted_when_it_is_closed(db: None, settings: Any) -> None:
    settings.ACCOUNT_SIGNUP_OPEN = False
    data = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    Client().post(reverse("account_signup"), data)
    assert not User.objects.exists()


def test_links_that_no_longer_work(alice: User) -> None:
    used = reset_link(alice, key="x-y")
    assert "no longer works" in assert_clean(Client().get(used))
    assert "no longer works" in assert_clean(Client().get(reverse("account_confirm_email", args=["nonsense"])))


def test_a_deactivated_person_is_told_so(alice: User) -> None:
    alice.is_active = False
    alice.save()
    response = Client().post(reverse("account_login"), {"login": "alice", "password": PASSWORD}, follow=True)
    assert "This account is deactivated" in assert_clean(response)


@pytest.mark.parametrize("changes_one_address", [False, True])
def test_the_page_for_the_e_mail_address(alice: User, settings: Any, changes_one_address: bool) -> None:
    settings.ACCOUNT_CHANGE_EMAIL = changes_one_address
    client = sign_in(alice)
    reauthenticate(client)
    url = reverse("account_email")
    assert_clean(client.get(url))
    assert client.post(url, {"action_add": "", "email": "other@example.org"}).status_code == 302
    assert "other@example.org" in assert_clean(client.get(url))
    assert_clean(client.post(url, {"action_add": "", "email": "not an address"}))


@pytest.mark.parametrize("page", ["account_login", "account_signup", "account_reset_password"])
def test_errors_stand_beside_their_fields(page: str, db: None) -> None:
    html = assert_clean(Client().post(reverse(page), {}))
    assert 'aria-invalid="true"' in html
    assert re.search(r'<ul class="[^"]*error[^"]*" id="id_\w+_error"', html)


def test_the_place_where_one_wanted_to_go_survives_signing_in(alice: User) -> None:
    url = reverse("account_login") + "?next=/settings/tokens"
    html = assert_clean(Client().get(url))
    assert html.count('name="next" value="/settings/tokens"') == 2  # by password, by passkey
    response = Client().post(url, {"login": "alice", "password": PASSWORD, "next": "/settings/tokens"})
    assert response.headers["Location"] == "/settings/tokens"


def test_nobody_is_sent_to_another_site_after_signing_in(alice: User) -> None:
    data = {"login": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post(reverse("account_login"), data).headers["Location"] == "/"


def test_options_for_passkeys_come_as_json(db: None) -> None:
    response = Client().get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    assert response.json()["request_options"]["publicKey"]["userVerification"] == "required"


def test_a_forgotten_password_is_reset_by_mail(alice: User, mailoutbox: list[Any]) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": alice.email})
    link = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[0].body)
    assert link is not None
    page = client.get(link[0], follow=True)
    new = PASSWORD + "!"
    done = client.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert done.headers["Location"] == reverse("account_reset_password_from_key_done")
    sign_in(alice, new)


def test_resetting_for_an_unknown_address_looks_the_same(alice: User) -> None:
    responses = [Client().post(reverse("account_reset_password"), {"email": to}) for to in (alice.email, "eve@x.org")]
    assert {(response.status_code, response.headers["Location"]) for response in responses} == {
        (302, reverse("account_reset_password_done"))
    }


def test_recovery_codes_are_downloaded_as_a_file(as_equipped: Client) -> None:
    response = as_equipped.get(reverse("mfa_download_recovery_codes"))
    assert "attachment" in response.headers["Content-Disposition"]
    assert len(response.content.split()) == 10


def test_an_address_that_nobody_can_confirm_keeps_no_second_step_away(db: None) -> None:
    client = Client()
    data = {"username": "carol", "email": "carol@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post(reverse("account_signup"), data).status_code == 302
    reauthenticate(client)
    assert_clean(client.get(reverse("mfa_add_webauthn")))
    assert_clean(client.get(reverse("mfa_activate_totp")))
