"""What Parley decides where django-allauth asks."""

import unicodedata
from smtplib import SMTPException
from typing import Any, Final

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.account.signals import password_reset
from allauth.core import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts import client_address, known_browsers, whose
from accounts.models import User
from accounts.origins import public_origin

# What the links to other ways of confirming say.
_WORDS: Final = {
    "mfa_reauthenticate": "Use a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey or security key",
}
_WORDS_WITH_APP: Final = _WORDS | {"mfa_reauthenticate": "Use your authenticator app or a recovery code"}

# What a mail server, the way to it, or an address that it can't write raises.
_MAIL_FAULTS: Final = (SMTPException, OSError, UnicodeError)
_CONFIRMATION_SENT: Final = "account/messages/email_confirmation_sent.txt"
MAIL_FAILED: Final = "We couldn't send the email. Try again in a few minutes."

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up can be closed; names are folded before they are checked, so that look-alikes collide."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.ACCOUNT_SIGNUP_OPEN)

    def clean_username(self, username: str, shallow: bool = False) -> str:
        folded = unicodedata.normalize("NFKC", username).strip().lower()
        return str(super().clean_username(folded, shallow))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address.of_request(request)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().post_login(request, user, **kwargs)
        known_browsers.remember(request, response, user)
        return response

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Compare one password, whether the account exists or not.

        allauth compares an address twice, and once for each account that has it: the time would tell which addresses are
        known, and accounts that share an address would make each guess at it as dear as they are many.
        """
        account = whose.account_for(_login_of(credentials))
        if account is not None:
            credentials = {"username": account.username, "password": credentials["password"]}
        user: User | None = super().authenticate(request, **credentials)
        return user

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failures by account. allauth would count a user name, an address and each port of a Host apart."""
        login = _login_of(credentials)
        account = whose.account_for(login)
        sign = known_browsers.sign_of(request, account) if account else ""
        return f"{whose.account_key(account)}:{sign}" if account and sign else whose.counted_as(login)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave the counts: of an unconfirmed address, they may be another person's. See `_forget_failures`."""

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """Ask for a second step where there is one: another person may know the password, too."""
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        second_steps = [method for method in methods if method["id"] != "reauthenticate"]
        # A passkey first: those who have one have recovery codes as well, and should not use these up.
        second_steps.sort(key=lambda method: method["id"] != "mfa_reauthenticate:webauthn")
        has_app = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()
        words = _WORDS_WITH_APP if has_app else _WORDS
        return [method | {"description": words[method["id"]]} for method in second_steps] or methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Name this installation by where people reach it; allauth would take the Host of the request that asked.

        A mail server that fails is no reason to fail: what the mail is about has been stored. The page says so instead.
        """
        site = {"name": "Parley", "domain": public_origin(self.request)}
        try:
            super().send_mail(template_prefix, email, {**context, "current_site": site})
        except _MAIL_FAULTS as error:
            log.warning("mail.failed", about=template_prefix, error=type(error).__name__)
            self.request.mail_failed = True

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Say that a mail could not be sent, where allauth says that it was: to known and unknown addresses alike."""
        if message_template == _CONFIRMATION_SENT and has_mail_failed(request):
            messages.error(request, MAIL_FAILED)
        else:
            super().add_message(request, level, message_template, *args, **kwargs)

    def pre_login(self, request: HttpRequest, user: User, **facts: Any) -> HttpResponse | None:
        """Tell the banned until when and why, once they have shown that the account is theirs."""
        response: HttpResponse | None = super().pre_login(request, user, **facts)
        if response is not None or not user.is_banned:
            return response
        clear_login(request)
        told = {"sentence": user.ban_sentence, "ends_at": user.ban_ends_at}
        return render(request, "accounts/banned.html", told, status=403)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts_profile")  # the form again, empty, would look as if nothing had happened


def has_mail_failed(request: HttpRequest) -> bool:
    """Whether a mail that this request was to send could not be sent."""
    return getattr(request, "mail_failed", False)


def _login_of(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or "")


def forget_failures_after_reset() -> None:
    """Let a person who set a new password by mail use it now, however often a stranger has guessed."""
    password_reset.connect(_forget_failures, dispatch_uid="adapter.forget_failures")


def _forget_failures(request: HttpRequest, user: User, **_: Any) -> None:
    ratelimit.clear(request, action="login_failed", key=whose.account_key(user))


class MFAAdapter(DefaultMFAAdapter):
    """What a phone or key shows beside the account, and the name that a new passkey is offered."""

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        kept = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {kept + 1}" if kept else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.MFA_TOTP_ISSUER}
