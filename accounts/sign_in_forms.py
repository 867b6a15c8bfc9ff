"""Forms of signing up and of passwords, where ours do more than allauth's."""

from typing import Any, Final

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.core import context
from django import forms
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from accounts import whose
from accounts.models import User

TOKENS_REVOKED: Final = "All your API tokens are revoked."


class SignupForm(allauth_forms.SignupForm):
    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            # No account is made, and the page says the same: it should also take as long.
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    def clean_email(self) -> str:
        email = str(super().clean_email())
        self.users = [user for user in whose.accounts_with(email) if user.is_active]
        return email


class _RevokesTokens(forms.Form):
    """Offers to revoke the API tokens as well: they survive a new password, and so would those of a thief."""

    user: User | None
    revokes_unless_told = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = self.user.api_tokens.count() if self.user else 0
        if count:
            label = f"Also revoke my {count} API tokens" if count > 1 else "Also revoke my API token"
            self.fields["revoke_tokens"] = forms.BooleanField(
                required=False, label=label, initial=self.revokes_unless_told
            )

    def save(self) -> None:
        super().save()  # type: ignore[misc] # allauth's form, which comes after this one
        if self.user and self.cleaned_data.get("revoke_tokens"):
            self.user.api_tokens.all().delete()
            messages.success(context.request, TOKENS_REVOKED)


class ChangePasswordForm(_RevokesTokens, allauth_forms.ChangePasswordForm):
    def clean_oldpassword(self) -> str:
        """Compare as a sign-in does, and count failures: another person may sit at this browser."""
        password = str(self.cleaned_data.get("oldpassword", ""))
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class SetPasswordForm(_RevokesTokens, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordKeyForm(_RevokesTokens, allauth_forms.ResetPasswordKeyForm):
    # A password that was forgotten may have been stolen.
    revokes_unless_told = True
