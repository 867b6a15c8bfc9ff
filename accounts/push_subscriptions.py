"""The browsers that want to be told when their person is away: one for each sign-in, and none without one."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.credentials import Credential, Standing, standings
from accounts.models import PushSubscription

# A push service that has refused a subscription for so long will not take it again: an exchanged key, say.
_GIVEN_UP_AFTER: Final = timedelta(days=3)


class Browser(NamedTuple):
    """Where a browser is reached, and by what only it can read: base64url of a point on P-256 and of 16 bytes."""

    endpoint: str
    p256dh: str
    auth: str


def subscribe(credential: Credential, browser: Browser) -> None:
    """Tell this sign-in's browser from now on, in place of what this sign-in or this browser had before.

    A browser that changes hands takes its endpoint along: the person signed in there now is told.
    """
    with transaction.atomic():
        PushSubscription.objects.filter(session_key=credential.key).delete()
        PushSubscription.objects.filter(endpoint=browser.endpoint).delete()
        PushSubscription.objects.create(user_id=credential.user_id, session_key=credential.key, **browser._asdict())
        if settings.PUSH_BROWSERS_PER_USER:
            mine = PushSubscription.objects.filter(user=credential.user_id).order_by("-pk")
            too_many = list(mine.values_list("pk", flat=True)[settings.PUSH_BROWSERS_PER_USER :])
            PushSubscription.objects.filter(pk__in=too_many).delete()


def unsubscribe(credential: Credential) -> None:
    """Tell this sign-in's browser no more."""
    PushSubscription.objects.filter(session_key=credential.key, user=credential.user_id).delete()


def browser_of(session_key: str | None) -> Browser | None:
    """Return the browser that is told for this sign-in, if there is one."""
    found = PushSubscription.objects.filter(session_key=session_key or "").first()
    return None if found is None else Browser(found.endpoint, found.p256dh, found.auth)


def living(user_ids: Collection[int]) -> list[PushSubscription]:
    """Return the subscriptions of these people whose sign-in holds; delete the others.

    One query when there are none. Compared with the sessions each time: no hint that a sign-in has ended can be missed.
    """
    found = list(PushSubscription.objects.filter(user__in=user_ids))
    if not found:
        return []
    by_credential = {each.pk: Credential(each.user_id, "", "session", each.session_key) for each in found}
    standing = standings(by_credential.values())
    ended = [pk for pk, credential in by_credential.items() if standing[credential] is not Standing.VALID]
    if ended:
        PushSubscription.objects.filter(pk__in=ended).delete()
    return [each for each in found if each.pk not in ended]


def forget_ended(user_id: int) -> None:
    """Delete the subscriptions of a person whose sign-in does not hold any more."""
    living([user_id])


def forget(ids: Collection[int]) -> None:
    """Delete what push services do not know any more."""
    PushSubscription.objects.filter(pk__in=ids).delete()


def note_delivered(ids: Collection[int]) -> None:
    PushSubscription.objects.filter(pk__in=ids, failing_since__isnull=False).update(failing_since=None)


def note_failed(ids: Collection[int]) -> None:
    """Remember since when these fail, and give up those that have for days."""
    now = timezone.now()
    failing = PushSubscription.objects.filter(pk__in=ids)
    failing.filter(failing_since__lt=now - _GIVEN_UP_AFTER).delete()
    failing.filter(failing_since=None).update(failing_since=now)
