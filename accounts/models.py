"""Users, their API tokens, and the browsers that are told when they are away."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Final

from django.contrib.auth.models import AbstractUser
from django.db import DatabaseError, models, transaction
from django.utils import timezone

from accounts import bans
from accounts.names import refuse_hidden_characters, username_validator
from accounts.search_name import SearchNameField, with_search_name


class User(AbstractUser):
    """A person, or Claude. `username` is the name on the wire; `display_name` is free text for the pages."""

    username = models.CharField(
        max_length=32,
        unique=True,
        validators=[username_validator],
        help_text="1 to 32 of: a to z, digits, dot, dash, underscore.",
        error_messages={"unique": "This name is taken."},
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField(
        max_length=60,
        blank=True,
        validators=[refuse_hidden_characters],
        help_text="Shown beside the user name.",
    )
    # Of the browser that this person used last, as IANA names it. Claude is told it with their prompts.
    time_zone = models.CharField(max_length=64, blank=True, editable=False)
    search_name = SearchNameField(of=("username", "display_name"))
    # A ban from the installation; ended or not, it stays here until the next one. Without an end, it has none.
    banned_at = models.DateTimeField(null=True, blank=True, editable=False)
    ban_ends_at = models.DateTimeField(null=True, blank=True, editable=False)
    ban_reason = models.CharField(max_length=bans.REASON_CHARS, blank=True, editable=False)

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        super().save(update_fields=with_search_name(update_fields, "username", "display_name"), **kwargs)

    def get_full_name(self) -> str:
        return self.display_name or self.username

    def get_short_name(self) -> str:
        return self.get_full_name()

    @property
    def is_banned(self) -> bool:
        return self.banned_at is not None and not bans.has_ended(self.ban_ends_at)

    @property
    def may_enter(self) -> bool:
        """Whether this person may use Parley now; `bans.active` is the same for queries."""
        return self.is_active and not self.is_banned

    @property
    def is_gone(self) -> bool:
        """Whether this person can't come back on their own: a ban with an end, they outlast."""
        return not self.is_active or (self.is_banned and self.ban_ends_at is None)

    @property
    def ban_sentence(self) -> str:
        """What the banned person is told."""
        return bans.sentence("Parley", self.ban_ends_at, self.ban_reason)

    def ban(self, reason: str, ends_at: datetime | None) -> None:
        """Keep this person out of the installation. Saved as a row, so that their connections end."""
        self.banned_at, self.ban_ends_at, self.ban_reason = timezone.now(), ends_at, reason
        self.save(update_fields=["banned_at", "ban_ends_at", "ban_reason"])

    def lift_ban(self) -> None:
        self.banned_at, self.ban_ends_at, self.ban_reason = None, None, ""
        self.save(update_fields=["banned_at", "ban_ends_at", "ban_reason"])


API_TOKEN_PREFIX: Final = "parley_"  # noqa: S105 - lets secret scanners recognise a leaked token
_SHOWN_START_CHARS: Final = 4
_LAST_USED_RESOLUTION_SECONDS: Final = 60


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self) -> "ApiTokenQuerySet":
        """Leave out the tokens that have expired."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()))

    def for_secret(self, secret: str) -> "ApiToken | None":
        """Return the live token of an active user whose secret this is, or None."""
        return self.live().select_related("user").filter(bans.active("user"), digest=digest_of(secret)).first()


class ApiToken(models.Model):
    """A long-lived secret for a program that acts as its user. Only a digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    start = models.CharField(
        max_length=16, blank=True, db_default="", editable=False, help_text="How the secret begins."
    )
    hint = models.CharField(max_length=8, editable=False, help_text="The secret's last four characters.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_from = models.GenericIPAddressField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"

    @property
    def masked(self) -> str:
        """What its owner recognises it by, in a program's settings: far too little to guess the rest from."""
        return f"{self.start or API_TOKEN_PREFIX}…{self.hint}"

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @classmethod
    def issue(cls, user: User, name: str, expires_at: datetime | None = None) -> tuple["ApiToken", str]:
        """Create a token; return it and its secret, which is shown once and cannot be read again."""
        secret = API_TOKEN_PREFIX + secrets.token_urlsafe(32)
        token = cls.objects.create(
            user=user,
            name=name,
            digest=digest_of(secret),
            start=secret[: len(API_TOKEN_PREFIX) + _SHOWN_START_CHARS],
            hint=secret[-4:],
            expires_at=expires_at,
        )
        return token, secret

    def note_use(self, address: str | None = None) -> None:
        """Remember the time and address of use, at most once a minute: a write for every request would make reading
        expensive.

        A database that takes no writes (its disk is full, say) still lets people in.
        """
        now = timezone.now()
        if self.last_used_at is None or (now - self.last_used_at).total_seconds() > _LAST_USED_RESOLUTION_SECONDS:
            # In a transaction of its own: on PostgreSQL a failure would spoil the one around it.
            with contextlib.suppress(DatabaseError), transaction.atomic():
                type(self).objects.filter(pk=self.pk).update(last_used_at=now, last_used_from=address)


ENDPOINT_CHARS: Final = 1000


class PushSubscription(models.Model):
    """A browser that is told when its user is away, for as long as the sign-in by which it was asked for holds.

    The endpoint is a secret between the browser, its push service and us: it must not reach a log.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="push_subscriptions")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    endpoint = models.CharField(max_length=ENDPOINT_CHARS, unique=True, editable=False)
    p256dh = models.CharField(max_length=88, editable=False, help_text="The browser's public key, as base64url.")
    auth = models.CharField(max_length=24, editable=False, help_text="The browser's secret, as base64url.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager["PushSubscription"]] = models.Manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"push subscription {self.pk}"


class AccessChange(models.Model):
    """A line of the log of whose access may have ended, written in the transaction that ended it (access_log.py).

    No foreign key: the user may be gone as well.
    """

    user_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["AccessChange"]] = models.Manager()

    def __str__(self) -> str:
        return f"the access of user {self.user_id} changed"


def digest_of(secret: str) -> str:
    """SHA-256 suffices: the secret has 256 random bits, so there is nothing to guess that a slow hash would slow."""
    # A client may send lone surrogates, which plain UTF-8 refuses: that is a wrong secret, not a server error.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
