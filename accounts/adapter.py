"""Our answers to the questions that django-allauth asks."""

import unicodedata
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from accounts.origins import public_origin


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up can be closed; names are folded before they are checked, so that look-alikes collide."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.ACCOUNT_SIGNUP_OPEN)

    def clean_username(self, username: str, shallow: bool = False) -> str:
        folded = unicodedata.normalize("NFKC", username).strip().lower()
        return str(super().clean_username(folded, shallow))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Name this installation by where people reach it; allauth would take the Host of the request that asked."""
        site = {"name": "Parley", "domain": public_origin(self.request)}
        super().send_mail(template_prefix, email, {**context, "current_site": site})

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


class MFAAdapter(DefaultMFAAdapter):
    """What a phone or key shows beside the account, and the name that a new passkey is offered."""

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        kept = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {kept + 1}" if kept else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.MFA_TOTP_ISSUER}
