"""Says that a user's access may have changed, by any person and any way.

Sessions, users and tokens are also written by Django, by allauth and by the admin site, which know nothing of sockets.
So this is the one place where model signals are used: no one can forget to call it. `accounts` may not import `chat`;
those who hold connections listen to `access_changed` and compare credentials again.
"""

from functools import partial
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import Signal

from accounts import access_log, push_subscriptions
from accounts.models import ApiToken, User

access_changed = Signal()
"""Sent after commit with `user_id`: something about this user's ways in is different now."""

access_lost = Signal()
"""Sent with `user_id`, in the transaction in which a person goes for good: before the rows of a deleted account go."""

# Not the display name: who holds connections reads it again together with the credentials.
_HARMLESS_FIELDS = frozenset({"last_login", "email"})


def announce(user_id: int) -> None:
    """Write it into the log, and tell the listeners after commit. Robust: a listener's fault must not turn a password
    change into an error page, and every process reads the log."""
    access_log.record(user_id)
    transaction.on_commit(partial(access_changed.send_robust, sender=User, user_id=user_id))


def watch_credentials() -> None:
    post_save.connect(_user_saved, sender=User, dispatch_uid="revocation.user_saved")
    pre_delete.connect(_user_going, sender=User, dispatch_uid="revocation.user_going")
    post_delete.connect(_user_deleted, sender=User, dispatch_uid="revocation.user_deleted")
    post_delete.connect(_session_deleted, sender=Session, dispatch_uid="revocation.session_deleted")
    post_delete.connect(_token_deleted, sender=ApiToken, dispatch_uid="revocation.token_deleted")
    access_changed.connect(_forget_ended, dispatch_uid="revocation.push_subscriptions")


def _forget_ended(user_id: int, **_: Any) -> None:
    push_subscriptions.forget_ended(user_id)


def _user_saved(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    if not created and not (update_fields and update_fields <= _HARMLESS_FIELDS):
        announce(instance.pk)
        if instance.is_gone:
            access_lost.send(sender=User, user_id=instance.pk)


def _user_going(instance: User, **_: Any) -> None:
    access_lost.send(sender=User, user_id=instance.pk)


def _user_deleted(instance: User, **_: Any) -> None:
    announce(instance.pk)


def _session_deleted(instance: Session, **_: Any) -> None:
    user_id = instance.get_decoded().get(SESSION_KEY)
    if user_id is not None:
        announce(int(user_id))


def _token_deleted(instance: ApiToken, **_: Any) -> None:
    announce(instance.user_id)
