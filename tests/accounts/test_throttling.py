"""Guessing passwords and codes is slow."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.accounts.conftest import PASSWORD, WRONG, add_totp, reset_link, sign_in

TOO_MANY = "Too many failed login attempts"
LOGIN = "/accounts/login/"


def try_to_sign_in(login: str, password: str, **headers: str) -> bool:
    """Return whether it worked."""
    response = Client().post(LOGIN, {"login": login, "password": password}, headers=headers)
    return response.status_code == 302


def fail(login: str, times: int, **headers: str) -> None:
    for _ in range(times):
        assert not try_to_sign_in(login, WRONG, **headers)


def test_the_fifth_try_may_still_be_the_right_one(alice: User) -> None:
    fail("alice", 4)
    assert try_to_sign_in("alice", PASSWORD)


def test_the_sixth_try_is_refused_even_with_the_right_password(alice: User) -> None:
    fail("alice", 5)
    response = Client().post(LOGIN, {"login": "alice", "password": PASSWORD})
    assert response.status_code == 200
    assert TOO_MANY in response.content.decode()
    assert "sessionid" not in response.cookies


def test_after_five_minutes_one_may_try_again(alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail("alice", 5)
        clock.shift(timedelta(minutes=4, seconds=59))
        assert not try_to_sign_in("alice", PASSWORD)
        clock.shift(timedelta(seconds=2))
        assert try_to_sign_in("alice", PASSWORD)


def test_a_successful_sign_in_between_does_not_reset_the_count(alice: User) -> None:
    fail("alice", 4)
    assert try_to_sign_in("alice", PASSWORD)
    fail("alice", 1)
    assert not try_to_sign_in("alice", PASSWORD)


@pytest.mark.parametrize("written", ["ALICE", " alice ", "Alice\t"])
def test_writing_the_name_differently_does_not_help(alice: User, written: str) -> None:
    fail("alice", 5)
    assert not try_to_sign_in(written, PASSWORD)


OTHER_WAYS_TO_WRITE = ["alice@example.org", "ALICE@Example.ORG", " alice@example.org ", "Alice", " alice"]


@pytest.mark.parametrize("written", OTHER_WAYS_TO_WRITE)
def test_a_name_and_an_address_are_one_account(alice: User, written: str) -> None:
    fail("alice", 3)
    fail(written, 2)
    assert not try_to_sign_in("alice", PASSWORD)
    assert not try_to_sign_in("alice@example.org", PASSWORD)


def test_of_all_the_ways_to_name_an_account_five_guesses_are_looked_at(alice: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login": "1000/m/ip", "login_failed": "5/5m/key"}
    names = ["alice", "ALICE", "alice@example.org", "Alice@example.org", "alice ", "\talice@EXAMPLE.org"]
    hosts = ["testserver", "testserver:81", "testserver:4444", "TESTSERVER"]
    with mock.patch.object(User, "check_password", return_value=False) as looked_at:
        for name in names:
            for host in hosts:
                fail(name, 1, Host=host)
    assert looked_at.call_count == 5


def test_confirming_and_changing_the_password_count_with_signing_in(alice: User) -> None:
    client = sign_in(alice)
    for _ in range(3):
        assert client.post(reverse("account_reauthenticate"), {"password": WRONG}).status_code == 200
    for _ in range(2):
        typed = {"oldpassword": WRONG, "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
        assert client.post(reverse("account_change_password"), typed).status_code == 200
    right = {"oldpassword": PASSWORD, "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    assert TOO_MANY in client.post(reverse("account_change_password"), right).content.decode()
    assert TOO_MANY in client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).content.decode()
    assert alice.check_password(PASSWORD)


def test_a_stranger_who_guesses_wrong_does_not_keep_out_who_has_signed_in_in_this_browser_before(alice: User) -> None:
    browser = sign_in(alice)
    browser.post(reverse("account_logout"))
    fail("alice", 5)
    assert not try_to_sign_in("alice", PASSWORD), "in a browser that is new to this account"
    assert browser.post(LOGIN, {"login": "alice@example.org", "password": PASSWORD}).status_code == 302


def test_a_known_browser_has_five_guesses_too(alice: User) -> None:
    browser = sign_in(alice)
    browser.post(reverse("account_logout"))
    for _ in range(5):
        assert browser.post(LOGIN, {"login": "alice", "password": WRONG}).status_code == 200
    assert TOO_MANY in browser.post(LOGIN, {"login": "alice", "password": PASSWORD}).content.decode()


@pytest.mark.parametrize("value", ["", "x", "made-up:1aaaaa:bbbb", "\x00", "x" * 4000])
def test_a_made_up_sign_of_a_known_browser_is_none(alice: User, value: str) -> None:
    fail("alice", 5)
    client = Client()
    client.cookies[f"known-{alice.pk}"] = value
    assert client.post(LOGIN, {"login": "alice", "password": PASSWORD}).status_code in (200, 400)
    assert "_auth_user_id" not in client.session


def test_the_sign_of_one_person_is_none_for_another(alice: User, bob: User) -> None:
    bobs = sign_in(bob)
    bobs.post(reverse("account_logout"))
    fail("alice", 5)
    bobs.cookies[f"known-{alice.pk}"] = bobs.cookies[f"known-{bob.pk}"].value
    assert TOO_MANY in bobs.post(LOGIN, {"login": "alice", "password": PASSWORD}).content.decode()


def test_a_new_password_by_mail_may_be_used_however_often_others_have_guessed(alice: User) -> None:
    fail("alice", 5)
    link = reset_link(alice)
    client = Client()
    page = client.get(link, follow=True).redirect_chain[-1][0]
    new = PASSWORD + "!"
    assert client.post(page, {"password1": new, "password2": new}).status_code == 302
    assert try_to_sign_in("alice", new)


def test_resetting_one_s_own_password_frees_no_guesses_at_the_address_of_another(alice: User, bob: User) -> None:
    EmailAddress.objects.create(user=bob, email="alice@example.org", verified=False)
    fail("alice", 5)
    client = Client()
    page = client.get(reset_link(bob), follow=True).redirect_chain[-1][0]
    assert client.post(page, {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}).status_code == 302
    assert not try_to_sign_in("alice@example.org", PASSWORD)


def test_a_flood_of_made_up_names_does_not_make_the_server_forget_whom_it_has_counted(alice: User) -> None:
    fail("alice", 5)
    for number in range(2000):
        cache.set(f"flood-{number}", [1.0], 300)
    assert not try_to_sign_in("alice", PASSWORD)


def test_one_person_s_failures_do_not_keep_others_out(alice: User, bob: User) -> None:
    fail("alice", 5)
    assert try_to_sign_in("bob", PASSWORD)


def test_ten_failures_a_minute_from_one_address_are_enough(bob: User) -> None:
    for number in range(10):
        assert not try_to_sign_in(f"stranger{number}", WRONG)
    assert not try_to_sign_in("bob", PASSWORD)


def test_a_made_up_forwarding_header_does_not_help(bob: User) -> None:
    for number in range(10):
        assert not try_to_sign_in(f"stranger{number}", WRONG, **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert not try_to_sign_in("bob", PASSWORD, **{"X-Forwarded-For": "203.0.113.99"})


def test_unknown_and_known_names_get_the_same_response(alice: User) -> None:
    responses = [Client().post(LOGIN, {"login": name, "password": WRONG}).content.decode() for name in ("alice", "eve")]
    message = "The username and/or password you specified are not correct."
    assert all(message in response for response in responses)


def test_codes_of_the_second_step_are_throttled_too(alice: User) -> None:
    secret = add_totp(alice)
    client = Client()
    assert (
        client.post(LOGIN, {"login": "alice", "password": PASSWORD}).headers["Location"]
        == "/accounts/2fa/authenticate/"
    )
    for _ in range(5):
        assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    counter = next(iter(yield_hotp_counters_from_time()))
    right = format_hotp_value(hotp_value(secret, counter))
    response = client.post("/accounts/2fa/authenticate/", {"code": right})
    assert response.status_code == 200
    assert TOO_MANY in response.content.decode()


def test_a_password_alone_does_not_sign_in_whoever_has_a_second_step(alice: User) -> None:
    add_totp(alice)
    client = Client()
    client.post(LOGIN, {"login": "alice", "password": PASSWORD})
    assert client.get(reverse("accounts_profile")).status_code == 302


def test_asking_for_reset_mails_too_often_shows_our_page(db: None) -> None:
    for _ in range(20):
        response = Client().post(reverse("account_reset_password"), {"email": "eve@example.org"})
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert "Too many tries" in response.content.decode()


def test_of_one_address_twenty_accounts_a_minute_are_enough(db: None) -> None:
    for number in range(21):
        fields = {"username": f"many{number}", "password1": PASSWORD, "password2": PASSWORD}
        response = Client().post(reverse("account_signup"), fields)
    assert response.status_code == 429
    assert User.objects.filter(username__startswith="many").count() == 20
