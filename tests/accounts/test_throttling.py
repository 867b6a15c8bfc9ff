"""Guessing passwords and codes is slow."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.accounts.conftest import PASSWORD, WRONG, add_totp

TOO_MANY = "Too many failed login attempts"
LOGIN = "/accounts/login/"


def try_to_sign_in(login: str, password: str, **headers: str) -> bool:
    """Return whether it worked."""
    answer = Client().post(LOGIN, {"login": login, "password": password}, headers=headers)
    return answer.status_code == 302


def fail(login: str, times: int, **headers: str) -> None:
    for _ in range(times):
        assert not try_to_sign_in(login, WRONG, **headers)


def test_the_fifth_try_may_still_be_the_right_one(alice: User) -> None:
    fail("alice", 4)
    assert try_to_sign_in("alice", PASSWORD)


def test_the_sixth_try_is_refused_even_with_the_right_password(alice: User) -> None:
    fail("alice", 5)
    answer = Client().post(LOGIN, {"login": "alice", "password": PASSWORD})
    assert answer.status_code == 200
    assert TOO_MANY in answer.content.decode()
    assert "sessionid" not in answer.cookies


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


def test_one_person_s_failures_do_not_keep_others_out(alice: User, bob: User) -> None:
    fail("alice", 5)
    assert try_to_sign_in("bob", PASSWORD)


def test_ten_failures_a_minute_from_one_address_are_enough(bob: User) -> None:
    for number in range(10):
        assert not try_to_sign_in(f"nobody{number}", WRONG)
    assert not try_to_sign_in("bob", PASSWORD)


def test_a_made_up_forwarding_header_does_not_help(bob: User) -> None:
    for number in range(10):
        assert not try_to_sign_in(f"nobody{number}", WRONG, **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert not try_to_sign_in("bob", PASSWORD, **{"X-Forwarded-For": "203.0.113.99"})


def test_unknown_and_known_names_are_answered_alike(alice: User) -> None:
    answers = [Client().post(LOGIN, {"login": name, "password": WRONG}).content.decode() for name in ("alice", "eve")]
    message = "The username and/or password you specified are not correct."
    assert all(message in answer for answer in answers)


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
    answer = client.post("/accounts/2fa/authenticate/", {"code": right})
    assert answer.status_code == 200
    assert TOO_MANY in answer.content.decode()


def test_a_password_alone_does_not_sign_in_whoever_has_a_second_step(alice: User) -> None:
    add_totp(alice)
    client = Client()
    client.post(LOGIN, {"login": "alice", "password": PASSWORD})
    assert client.get(reverse("accounts_profile")).status_code == 302


def test_asking_for_reset_mails_too_often_shows_our_page(db: None) -> None:
    for _ in range(20):
        answer = Client().post(reverse("account_reset_password"), {"email": "eve@example.org"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()


def test_of_one_address_twenty_accounts_a_minute_are_enough(db: None) -> None:
    for number in range(21):
        fields = {"username": f"many{number}", "password1": PASSWORD, "password2": PASSWORD}
        answer = Client().post(reverse("account_signup"), fields)
    assert answer.status_code == 429
    assert User.objects.filter(username__startswith="many").count() == 20
