"""Asking for the password or second step again, before what a session alone may not do."""

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest


def demand(request: HttpRequest, *, holds_password: bool = False) -> None:
    """Raise, unless the person has proved lately that it is them. Then allauth's middleware asks for a proof.

    What was sent is kept in the session meanwhile, and goes on after the proof. A password must not be kept: its form is
    shown again, empty.
    """
    if not is_reauthentication_required(request, app="allauth.account"):
        return
    if holds_password:
        request.method = "GET"  # only what was posted is kept
    raise ReauthenticationRequired
