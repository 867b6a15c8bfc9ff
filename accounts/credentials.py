"""What a connection was opened with, and whether it still holds.

A credential outlives the request that showed it, so it is compared with the database again whenever access may have
changed, and now and then besides. It must never reach a log: `key` opens the account.
"""

import hmac
from collections.abc import Iterable
from enum import Enum
from typing import Literal, NamedTuple

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from accounts import bans, client_address
from accounts.models import ApiToken, User

BEARER = "Bearer "


class Standing(Enum):
    VALID = "valid"
    SIGNED_OUT = "signed out"  # session gone, password changed or token revoked
    DEACTIVATED = "deactivated"
    BANNED = "banned"


class Credential(NamedTuple):
    """Who, and by what: `key` is the session key, or the API token's primary key. The names are those of the moment."""

    user_id: int
    username: str
    kind: Literal["session", "token"]
    key: str
    display_name: str = ""

    def __repr__(self) -> str:
        return f"Credential(user_id={self.user_id}, kind={self.kind!r})"  # never the key


def from_session_key(session_key: str) -> Credential | None:
    """Return the credential of a live session of an active user, or None."""
    if "\0" in session_key:  # a quoted cookie may hold one, and PostgreSQL takes no such text
        return None
    session = Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now()).first()
    if session is None:
        return None
    data = session.get_decoded()
    try:
        user = User.objects.get(bans.active(), pk=data[SESSION_KEY])
    except (KeyError, ValueError, User.DoesNotExist):
        return None
    if not _hash_matches(data, user):
        return None
    return Credential(user.pk, user.username, "session", session_key, user.display_name)


def from_secret(secret: str, address: str = "") -> Credential | None:
    """Return the credential of a live API token, and note its use from an address; None if there is none."""
    token = ApiToken.objects.for_secret(secret)
    if token is None:
        return None
    token.note_use(client_address.as_ip(address))
    return Credential(token.user_id, token.user.username, "token", str(token.pk), token.user.display_name)


def from_request(request: HttpRequest) -> Credential | None:
    """Return the credential of an HTTP request: its Bearer token if it shows one, else its session."""
    header = request.headers.get("Authorization", "")
    if header.startswith(BEARER):
        return from_secret(header.removeprefix(BEARER).strip(), client_address.of_request(request))
    user: User | AnonymousUser = request.user
    key = request.session.session_key
    if not isinstance(user, User) or not user.may_enter or key is None:
        return None
    return Credential(user.pk, user.username, "session", key, user.display_name)


class Checked(NamedTuple):
    """Whether a credential holds, and the same with the names that its user has now."""

    standing: Standing
    current: Credential


def standings(credentials: Iterable[Credential]) -> dict[Credential, Standing]:
    """Compare credentials with the database: three queries however many there are."""
    return {credential: checked.standing for credential, checked in check(credentials).items()}


def check(credentials: Iterable[Credential]) -> dict[Credential, Checked]:
    """Compare credentials with the database, and read the names of their users: three queries however many."""
    wanted = set(credentials)
    users = User.objects.in_bulk({credential.user_id for credential in wanted})
    tokens = set(ApiToken.objects.live().filter(pk__in=_keys(wanted, "token")).values_list("pk", flat=True))
    store = SessionStore()
    live = Session.objects.filter(session_key__in=_keys(wanted, "session"), expire_date__gt=timezone.now())
    sessions = {session.session_key: store.decode(session.session_data) for session in live}

    def standing(credential: Credential) -> Standing:
        user = users.get(credential.user_id)
        if user is None or not user.is_active:
            return Standing.DEACTIVATED
        if user.is_banned:
            return Standing.BANNED
        if credential.kind == "token":
            return Standing.VALID if int(credential.key) in tokens else Standing.SIGNED_OUT
        data = sessions.get(credential.key, {})
        owns = data.get(SESSION_KEY) == str(user.pk)
        return Standing.VALID if owns and _hash_matches(data, user) else Standing.SIGNED_OUT

    def current(credential: Credential) -> Credential:
        user = users.get(credential.user_id)
        if user is None:
            return credential
        return credential._replace(username=user.username, display_name=user.display_name)

    return {credential: Checked(standing(credential), current(credential)) for credential in wanted}


def _keys(credentials: set[Credential], kind: str) -> list[str]:
    return [credential.key for credential in credentials if credential.kind == kind]


def _hash_matches(data: dict[str, str], user: User) -> bool:
    """A password change makes every older session's hash stale: that is how Django signs them out."""
    if BACKEND_SESSION_KEY not in data:
        return False
    shown = data.get(HASH_SESSION_KEY, "")
    known = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(hmac.compare_digest(shown, candidate) for candidate in known)
