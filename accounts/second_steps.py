"""The second steps of an account: which ways there are to confirm, and pages for those that there are not."""

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.models import User

View = Callable[..., HttpResponseBase]


class SecondSteps(NamedTuple):
    """What an account can confirm a sign-in with, beside its password."""

    has_app: bool
    has_passkey: bool
    has_codes: bool

    @property
    def takes_code(self) -> bool:
        return self.has_app or self.has_codes

    @property
    def label(self) -> str:
        """What the field for a code asks for."""
        if not self.has_app:
            return "Recovery code"
        return "Code from your authenticator app" + (", or a recovery code" if self.has_codes else "")

    @property
    def sentence(self) -> str:
        """What to do on the page that asks for the second step."""
        if not self.takes_code:
            return "Confirm with your passkey or security key."
        code = "the code from your authenticator app" if self.has_app else "one of your recovery codes"
        code += ", or one of your recovery codes" if self.has_app and self.has_codes else ""
        return f"Confirm with your passkey or security key, or enter {code}." if self.has_passkey else f"Enter {code}."


def of(user: User) -> SecondSteps:
    kinds = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    kind = Authenticator.Type
    return SecondSteps(kind.TOTP in kinds, kind.WEBAUTHN in kinds, kind.RECOVERY_CODES in kinds)


class ActivateAppForm(ActivateTOTPForm):
    """Keeps the secret until it is used: a second tab would make another, and the first tab's code would be wrong."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kept = auth.get_totp_secret()
        super().__init__(*args, **kwargs)
        self.secret = auth.context.request.session[auth.SECRET_SESSION_KEY] = kept


def _or_overview(view: View, told: str) -> View:
    """Return a view that leads to the overview, where allauth says 404: an old tab, or a bookmark, still leads here."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            messages.info(request, told)
            return redirect("mfa_index")

    return shown


@login_required
def activate_app(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
    """Set the authenticator app up; where it is on, allauth would offer to turn it off."""
    if Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP).exists():
        messages.info(request, "Your authenticator app is on already.")
        return redirect("mfa_index")
    response: HttpResponseBase = totp.activate_totp(request, *args, **kwargs)
    return response


class ReauthenticatePasskeyView(webauthn.ReauthenticateWebAuthnView):
    """Asks again after a passkey that was not accepted; allauth would lead to the sign-in page, and from there home."""

    def form_invalid(self, form: Form) -> HttpResponseBase:
        for error in form.errors.get("credential", []):
            messages.error(self.request, str(error))
        return redirect(self.passthrough_next_url(self.request.path))


reauthenticate_passkey: View = ReauthenticatePasskeyView.as_view()

_NO_CODES = "You have no recovery codes yet. They come with your first second step."
_APP_IS_OFF = "Your authenticator app is off already."
_NO_PASSKEY = "This passkey was removed already."

view_codes = _or_overview(recovery_codes.view_recovery_codes, _NO_CODES)
download_codes = _or_overview(recovery_codes.download_recovery_codes, _NO_CODES)
deactivate_app = _or_overview(totp.deactivate_totp, _APP_IS_OFF)
remove_passkey = _or_overview(webauthn.remove_webauthn, _NO_PASSKEY)
rename_passkey = _or_overview(webauthn.edit_webauthn, _NO_PASSKEY)
