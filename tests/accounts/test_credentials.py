"""What a connection was opened with, and whether it still holds."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import credentials
from accounts.credentials import Credential, Standing
from accounts.models import ApiToken, User
from tests.accounts.conftest import PASSWORD, sign_in


def session_of(client: Client) -> Credential:
    found = credentials.from_session_key(client.session.session_key or "")
    assert found is not None
    return found


def token_of(user: User) -> Credential:
    found = credentials.from_secret(ApiToken.issue(user, "bot")[1])
    assert found is not None
    return found


def standing(credential: Credential) -> Standing:
    return credentials.standings([credential])[credential]


def test_a_live_session_is_a_credential(alice: User, as_alice: Client) -> None:
    key = as_alice.session.session_key
    assert session_of(as_alice) == Credential(alice.pk, "alice", "session", str(key), "Alice Moreau")
    assert standing(session_of(as_alice)) is Standing.VALID


def test_a_secret_is_a_credential_and_its_use_is_noted(alice: User) -> None:
    token, secret = ApiToken.issue(alice, "bot")
    assert credentials.from_secret(secret) == Credential(alice.pk, "alice", "token", str(token.pk), "Alice Moreau")
    token.refresh_from_db()
    assert token.last_used_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 32, "../../etc", "ключ"])
def test_an_unknown_session_is_none(key: str) -> None:
    assert credentials.from_session_key(key) is None


def test_an_anonymous_session_is_none(db: None) -> None:
    client = Client()
    session = client.session
    session["seen"] = True
    session.save()
    assert credentials.from_session_key(str(session.session_key)) is None


def test_an_expired_session_is_none_and_signed_out(as_alice: Client) -> None:
    credential = session_of(as_alice)
    with time_machine.travel(timezone.now() + timedelta(days=365)):
        assert credentials.from_session_key(credential.key) is None
        assert standing(credential) is Standing.SIGNED_OUT


def test_a_representation_never_shows_the_key(as_alice: Client) -> None:
    credential = session_of(as_alice)
    assert credential.key not in repr(credential)
    assert credential.key not in f"{credential}"
    assert credential.key not in f"{[credential]}"


def test_standing_after_signing_out(as_alice: Client) -> None:
    credential = session_of(as_alice)
    as_alice.logout()
    assert standing(credential) is Standing.SIGNED_OUT


def test_standing_after_a_password_change(alice: User, as_alice: Client) -> None:
    credential = session_of(as_alice)
    alice.set_password(PASSWORD + "!")
    alice.save()
    assert standing(credential) is Standing.SIGNED_OUT
    assert credentials.from_session_key(credential.key) is None


def test_an_api_token_outlives_a_password_change(alice: User) -> None:
    credential = token_of(alice)
    alice.set_password(PASSWORD + "!")
    alice.save()
    assert standing(credential) is Standing.VALID


def test_standing_after_deactivation(alice: User, as_alice: Client) -> None:
    both = [session_of(as_alice), token_of(alice)]
    alice.is_active = False
    alice.save()
    assert set(credentials.standings(both).values()) == {Standing.DEACTIVATED}
    assert credentials.from_session_key(both[0].key) is None


def test_standing_after_the_user_is_deleted(alice: User, as_alice: Client) -> None:
    both = [session_of(as_alice), token_of(alice)]
    alice.delete()
    assert set(credentials.standings(both).values()) == {Standing.DEACTIVATED}


def test_standing_after_a_token_is_revoked(alice: User) -> None:
    kept, revoked = token_of(alice), token_of(alice)
    ApiToken.objects.get(pk=revoked.key).delete()
    assert credentials.standings([kept, revoked]) == {kept: Standing.VALID, revoked: Standing.SIGNED_OUT}


def test_another_person_s_session_key_is_not_one_s_own(alice: User, bob: User, as_alice: Client) -> None:
    User.objects.filter(pk=bob.pk).update(password=alice.password)  # so that nothing but the owner differs
    stolen = Credential(bob.pk, "bob", "session", session_of(as_alice).key)
    assert standing(stolen) is Standing.SIGNED_OUT


def test_a_session_outlives_the_rotation_of_the_secret_key(as_alice: Client, settings: Any) -> None:
    credential = session_of(as_alice)
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "the key after the rotation, long enough for anything"
    assert standing(credential) is Standing.SIGNED_OUT
    settings.SECRET_KEY_FALLBACKS = [old]
    assert standing(credential) is Standing.VALID


def test_standings_take_three_queries_however_many(
    alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shown = [session_of(sign_in(user)) for user in (alice, bob, alice)] + [token_of(user) for user in (alice, bob)]
    with django_assert_num_queries(3):
        assert credentials.standings(shown) == dict.fromkeys(shown, Standing.VALID)


def test_no_credentials_have_no_standings(db: None) -> None:
    assert credentials.standings([]) == {}


def test_a_request_is_known_by_its_bearer_token_first(alice: User, bob: User) -> None:
    _, secret = ApiToken.issue(bob, "bot")
    request = _request(sign_in(alice), alice, HTTP_AUTHORIZATION=f"Bearer {secret}")
    found = credentials.from_request(request)
    assert found is not None and (found.username, found.kind) == ("bob", "token")


def test_a_wrong_bearer_token_does_not_fall_back_to_the_session(alice: User) -> None:
    request = _request(sign_in(alice), alice, HTTP_AUTHORIZATION="Bearer parley_wrong")
    assert credentials.from_request(request) is None


def test_a_request_without_a_token_is_known_by_its_session(alice: User, as_alice: Client) -> None:
    found = credentials.from_request(_request(as_alice, alice))
    assert found == session_of(as_alice)


def _request(client: Client, user: User, **headers: Any) -> HttpRequest:
    request = RequestFactory().get("/", **headers)
    request.user = user
    request.session = client.session
    return request


def test_rows_of_other_people_do_not_disturb(alice: User, as_alice: Client, bob: User) -> None:
    sign_in(bob).logout()
    assert Session.objects.count() == 1
    assert standing(session_of(as_alice)) is Standing.VALID


def test_a_check_tells_how_the_user_is_called_now(
    alice: User, as_alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shown = session_of(as_alice)
    User.objects.filter(pk=alice.pk).update(display_name="Al")
    with django_assert_num_queries(2):  # no token is to be looked up
        found = credentials.check([shown])
    assert found == {shown: (Standing.VALID, shown._replace(display_name="Al"))}
    alice.delete()
    assert credentials.check([shown]) == {shown: (Standing.DEACTIVATED, shown)}
