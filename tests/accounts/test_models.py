"""Users and API tokens as rows."""

from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from django.db import IntegrityError, OperationalError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import API_TOKEN_PREFIX, ApiToken, ApiTokenQuerySet, User


def test_a_display_name_is_shown_before_the_user_name(alice: User, bob: User) -> None:
    assert alice.get_full_name() == alice.get_short_name() == "Alice Moreau"
    assert bob.get_full_name() == bob.get_short_name() == "bob"


def test_two_users_cannot_have_one_name(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user("alice")


def test_only_a_digest_of_a_secret_is_stored(alice: User) -> None:
    token, secret = ApiToken.issue(alice, "bot")
    row = ApiToken.objects.values().get()
    assert secret.startswith(API_TOKEN_PREFIX)
    assert len(secret) >= len(API_TOKEN_PREFIX) + 43  # 256 bits
    assert secret not in str(row)
    assert row["hint"] == secret[-4:]
    assert str(token) == f"bot (…{secret[-4:]})"


def test_every_secret_is_another(alice: User) -> None:
    assert ApiToken.issue(alice, "one")[1] != ApiToken.issue(alice, "two")[1]


def test_a_token_is_found_by_its_whole_secret_only(alice: User) -> None:
    token, secret = ApiToken.issue(alice, "bot")
    assert ApiToken.objects.for_secret(secret) == token
    for wrong in (secret[:-1], secret + "a", secret.upper(), token.digest, "", "\ud800"):
        assert ApiToken.objects.for_secret(wrong) is None


def test_a_deactivated_user_s_token_is_not_found(alice: User) -> None:
    _, secret = ApiToken.issue(alice, "bot")
    alice.is_active = False
    alice.save()
    assert ApiToken.objects.for_secret(secret) is None


def test_use_is_noted_at_most_once_a_minute(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    token, _ = ApiToken.issue(alice, "bot")
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        token.note_use()
    token.refresh_from_db()
    assert token.last_used_at == start
    with time_machine.travel(start + timedelta(seconds=59), tick=False), django_assert_num_queries(0):
        token.note_use()
    with time_machine.travel(start + timedelta(seconds=61), tick=False):
        token.note_use()
    token.refresh_from_db()
    assert token.last_used_at == start + timedelta(seconds=61)


def test_a_use_that_cannot_be_noted_is_let_go(alice: User) -> None:
    token, secret = ApiToken.issue(alice, "bot")
    with mock.patch.object(ApiTokenQuerySet, "update", side_effect=OperationalError("disk I/O error")):
        token.note_use()
    assert ApiToken.objects.for_secret(secret) == token
    token.refresh_from_db()
    assert token.last_used_at is None


def test_the_newest_token_comes_first(alice: User) -> None:
    first, _ = ApiToken.issue(alice, "first")
    second, _ = ApiToken.issue(alice, "second")
    assert list(alice.api_tokens.all()) == [second, first]
