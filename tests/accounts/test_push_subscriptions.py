"""Browsers that are told: one for each sign-in, bounded for each person, and gone with the sign-in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import push_subscriptions
from accounts.credentials import Credential
from accounts.models import PushSubscription, User
from tests.accounts.browsers import new_browser
from tests.accounts.conftest import PASSWORD, WRONG, Capture, sign_in

SERVICE = "https://fcm.googleapis.com/fcm/send/"


def credential_of(user: User, client: Client) -> Credential:
    return Credential(user.pk, user.username, "session", str(client.session.session_key))


def subscribe(user: User, client: Client, name: str = "one") -> Credential:
    credential = credential_of(user, client)
    push_subscriptions.subscribe(credential, new_browser(SERVICE + name)[0])
    return credential


def told(user: User) -> list[str]:
    return sorted(each.endpoint.removeprefix(SERVICE) for each in push_subscriptions.living([user.pk]))


def test_a_sign_in_has_one_browser_however_often_it_asks(alice: User, as_alice: Client) -> None:
    subscribe(alice, as_alice, "one")
    credential = subscribe(alice, as_alice, "two")
    assert told(alice) == ["two"]
    kept = push_subscriptions.browser_of(credential.key)
    assert kept is not None and kept.endpoint == SERVICE + "two"
    push_subscriptions.unsubscribe(credential)
    assert told(alice) == []


def test_a_browser_that_changes_hands_tells_its_new_owner_only(alice: User, bob: User, as_alice: Client) -> None:
    subscribe(alice, as_alice, "shared")
    subscribe(bob, sign_in(bob), "shared")
    assert (told(alice), told(bob)) == ([], ["shared"])


def test_beyond_the_bound_the_oldest_browser_is_told_no_more(alice: User, bob: User, settings: Any) -> None:
    settings.PUSH_BROWSERS_PER_USER = 2
    subscribe(bob, sign_in(bob), "of-bob")
    for name in ("a", "b", "c"):
        subscribe(alice, sign_in(alice), name)
    assert told(alice) == ["b", "c"]
    assert told(bob) == ["of-bob"]


@pytest.mark.parametrize(
    "end",
    [
        lambda alice, client: client.post(reverse("account_logout")),
        lambda alice, client: Session.objects.all().delete(),
        lambda alice, client: User.objects.get(pk=alice.pk).delete(),
    ],
    ids=["signing out", "ending the session", "deleting the account"],
)
def test_the_end_of_a_sign_in_is_the_end_of_its_subscription(
    alice: User,
    as_alice: Client,
    end: Callable[[User, Client], Any],
    django_capture_on_commit_callbacks: Capture,
) -> None:
    subscribe(alice, as_alice)
    with django_capture_on_commit_callbacks(execute=True):
        end(alice, as_alice)
    assert not PushSubscription.objects.exists()


def test_a_new_password_ends_all_subscriptions_but_that_of_the_browser_it_was_set_in(
    alice: User, as_alice: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    subscribe(alice, as_alice, "here")
    subscribe(alice, sign_in(alice), "elsewhere")
    wrong = {"oldpassword": WRONG, "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.post(reverse("account_change_password"), wrong).status_code == 200
    assert told(alice) == ["elsewhere", "here"]
    with django_capture_on_commit_callbacks(execute=True):
        as_alice.post(reverse("account_change_password"), {**wrong, "oldpassword": PASSWORD})
    assert told(alice) == ["here"]
    with django_capture_on_commit_callbacks(execute=True):
        as_alice.post(reverse("account_logout"))
    assert not PushSubscription.objects.exists()


def test_a_first_password_leaves_this_browser_its_subscription(
    alice: User, as_alice: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    User.objects.filter(pk=alice.pk).update(password=make_password(None))
    client = Client()
    client.force_login(User.objects.get(pk=alice.pk))
    subscribe(alice, client)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("account_set_password"), {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}
        )
    assert response.status_code == 302
    assert told(alice) == ["one"]


def test_deactivation_ends_all_subscriptions(
    alice: User, as_alice: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    subscribe(alice, as_alice, "one")
    subscribe(alice, sign_in(alice), "two")
    alice.is_active = False
    with django_capture_on_commit_callbacks(execute=True):
        alice.save()
    assert not PushSubscription.objects.exists()


def test_an_end_that_nobody_told_of_is_found_before_anything_is_sent(alice: User, as_alice: Client) -> None:
    """Rows removed by hand, or a session that has run out."""
    subscribe(alice, as_alice)
    other = sign_in(alice)
    subscribe(alice, other, "two")
    Session.objects.filter(session_key=as_alice.session.session_key)._raw_delete(using="default")
    Session.objects.filter(session_key=other.session.session_key).update(expire_date=timezone.now())
    assert told(alice) == []
    assert not PushSubscription.objects.exists()


def test_what_does_not_end_a_sign_in_leaves_its_subscription(
    alice: User, as_alice: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    subscribe(alice, as_alice)
    other = sign_in(alice)
    with django_capture_on_commit_callbacks(execute=True):
        other.post(reverse("account_logout"))
    assert told(alice) == ["one"]


def test_asking_for_people_who_want_nothing_is_one_query(alice: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert push_subscriptions.living([alice.pk]) == []


def test_a_subscription_that_fails_for_days_is_given_up(alice: User, as_alice: Client) -> None:
    subscribe(alice, as_alice)
    (mine,) = push_subscriptions.living([alice.pk])
    push_subscriptions.note_failed([mine.pk])
    push_subscriptions.note_failed([mine.pk])
    assert told(alice) == ["one"]
    PushSubscription.objects.update(failing_since=timezone.now() - timedelta(days=4))
    push_subscriptions.note_delivered([mine.pk])
    push_subscriptions.note_failed([mine.pk])
    assert told(alice) == ["one"], "one that arrives again starts again"
    PushSubscription.objects.update(failing_since=timezone.now() - timedelta(days=4))
    push_subscriptions.note_failed([mine.pk])
    assert told(alice) == []


def test_no_log_and_no_administrator_sees_the_endpoint_by_accident(alice: User, as_alice: Client) -> None:
    subscribe(alice, as_alice)
    assert SERVICE not in f"{PushSubscription.objects.get()} {PushSubscription.objects.get()!r}"
