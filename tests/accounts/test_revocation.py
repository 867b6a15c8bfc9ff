"""Whatever takes access away is announced, by any person and any way; what does not is not."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import update_last_login
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts import revocation
from accounts.models import ApiToken, User
from accounts.revocation import access_changed
from tests.accounts.conftest import PASSWORD, sign_in

Announced = Callable[[], AbstractContextManager[list[int]]]


def test_signing_out_is_announced(alice: User, as_alice: Client, announced: Announced) -> None:
    with announced() as heard:
        as_alice.post(reverse("account_logout"))
    assert set(heard) == {alice.pk}


def test_changing_the_password_on_its_page_is_announced(alice: User, as_alice: Client, announced: Announced) -> None:
    new = PASSWORD + "!"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    with announced() as heard:
        response = as_alice.post(reverse("account_change_password"), data)
    assert response.status_code == 302
    assert set(heard) == {alice.pk}


def test_setting_a_password_in_the_code_is_announced(alice: User, announced: Announced) -> None:
    alice.set_password("another one, long enough")
    with announced() as heard:
        alice.save()
    assert heard == [alice.pk]


def test_deactivation_is_announced(alice: User, announced: Announced) -> None:
    alice.is_active = False
    with announced() as heard:
        alice.save(update_fields=["is_active"])
    assert heard == [alice.pk]


def test_revoking_a_token_is_announced(alice: User, as_alice: Client, announced: Announced) -> None:
    token, _ = ApiToken.issue(alice, "bot")
    with announced() as heard:
        as_alice.post(reverse("accounts_revoke_token", args=[token.pk]))
    assert heard == [alice.pk]
    assert not ApiToken.objects.exists()


def test_revoking_many_tokens_at_once_is_announced(alice: User, bob: User, announced: Announced) -> None:
    for user in (alice, bob):
        ApiToken.issue(user, "bot")
    with announced() as heard:
        ApiToken.objects.all().delete()
    assert set(heard) == {alice.pk, bob.pk}


def test_ending_the_other_sessions_on_their_page_is_announced(alice: User, announced: Announced) -> None:
    here, elsewhere = sign_in(alice), sign_in(alice)
    with announced() as heard:
        here.post(reverse("usersessions_list"))
    assert set(heard) == {alice.pk}
    assert here.get(reverse("accounts_profile")).status_code == 200
    assert elsewhere.get(reverse("accounts_profile")).status_code == 302


def test_deleting_sessions_from_the_shell_is_announced(alice: User, as_alice: Client, announced: Announced) -> None:
    with announced() as heard:
        Session.objects.all().delete()
    assert heard == [alice.pk]


def test_deleting_a_user_is_announced(alice: User, announced: Announced) -> None:
    user_id = alice.pk
    ApiToken.issue(alice, "bot")
    with announced() as heard:
        alice.delete()
    assert set(heard) == {user_id}


def test_the_time_of_the_last_sign_in_is_not_announced(alice: User, announced: Announced) -> None:
    with announced() as heard:
        update_last_login(User, alice)
    assert heard == []


def test_a_new_display_name_is_announced_for_open_tabs_carry_it(
    alice: User, as_alice: Client, announced: Announced
) -> None:
    with announced() as heard:
        response = as_alice.post(reverse("accounts_profile"), {"display_name": "Al"})
    assert response.status_code == 302
    assert heard == [alice.pk]


def test_a_new_user_and_a_new_token_are_not_announced(announced: Announced, db: None) -> None:
    with announced() as heard:
        ApiToken.issue(User.objects.create_user("carol"), "bot")
    assert heard == []


def test_ending_an_anonymous_session_is_not_announced(announced: Announced, db: None) -> None:
    session = Client().session
    session["seen"] = True
    session.save()
    with announced() as heard:
        session.flush()
    assert heard == []


def test_what_is_rolled_back_is_not_announced(alice: User, announced: Announced) -> None:
    @transaction.atomic
    def deactivate_and_fail() -> None:
        alice.is_active = False
        alice.save()
        raise ZeroDivisionError

    with announced() as heard, pytest.raises(ZeroDivisionError):
        deactivate_and_fail()
    assert heard == []


def test_the_announcement_comes_after_the_commit(
    alice: User, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]]
) -> None:
    heard: list[int] = []

    def listen(user_id: int, **_: Any) -> None:
        heard.append(user_id)

    access_changed.connect(listen)
    try:
        with django_capture_on_commit_callbacks() as callbacks:
            revocation.announce(alice.pk)
        assert heard == []
        for callback in callbacks:
            callback()
        assert heard == [alice.pk]
    finally:
        access_changed.disconnect(listen)


def test_one_deaf_listener_neither_breaks_the_change_nor_silences_the_others(alice: User, announced: Announced) -> None:
    def fail(**_: Any) -> None:
        raise ConnectionError("no Redis")

    access_changed.connect(fail)
    try:
        with announced() as heard:
            alice.is_active = False
            alice.save()
    finally:
        access_changed.disconnect(fail)
    assert heard == [alice.pk]
