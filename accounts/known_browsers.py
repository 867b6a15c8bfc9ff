"""Browsers in which a person has signed in before: their failures count apart from those of strangers.

Without this, a stranger who knows a user name could keep its owner out by guessing wrong on purpose.
"""

import secrets
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User

_KEPT_FOR: Final = timedelta(days=180)


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Have the browser show, whenever it comes back, that this person has signed in there."""
    response.set_signed_cookie(
        _name(user),
        sign_of(request, user) or secrets.token_urlsafe(12),
        salt=_salt(user),
        max_age=_KEPT_FOR,
        secure=settings.TLS,
        httponly=True,
        samesite="Lax",
    )


def sign_of(request: HttpRequest, user: User) -> str:
    """Return what tells the browsers of a person apart, or "" for one in which they have never signed in."""
    return str(request.get_signed_cookie(_name(user), default="", salt=_salt(user), max_age=_KEPT_FOR) or "")


def _name(user: User) -> str:
    return f"{'__Host-' if settings.TLS else ''}known-{user.pk}"


def _salt(user: User) -> str:
    return f"parley known browser {user.pk}"
