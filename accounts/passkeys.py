"""Forms that take passkeys, whatever was sent in place of one.

allauth reads the JSON before anybody is signed in, and lets what is too deep, too long or not of the shape go through as
an error of the server.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
    SignupWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth
from django import forms
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

from accounts.models import User

_NOT_A_CREDENTIAL: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
# allauth's word for whatever is wrong; of a passkey it says "Incorrect code.", though no code was typed.
_INCORRECT: Final = "incorrect_code"
_UNREADABLE: Final = "What the browser sent is not a passkey. Try again."
_UNKNOWN: Final = (
    "This passkey doesn't open this account; it may have been removed. Choose another one, or sign in another way."
)
_OUTDATED: Final = "The confirmation came too late, or another tab asked for one meanwhile. Try again."
_NOT_ALONE: Final = (
    "This key didn't ask for a fingerprint, face or PIN, so it can't sign in alone. Untick “Sign in with it alone”, and try "
    "again."
)


class CredentialField(forms.JSONField):
    """What a browser's passkey said, as its `toJSON` writes it; anything else is a wrong code."""

    widget = forms.HiddenInput

    def __init__(self, parse: Callable[[Mapping[str, Any]], object]) -> None:
        super().__init__()
        self._parse = parse

    def to_python(self, value: Any) -> Any:
        try:
            credential = super().to_python(value)
            if credential not in self.empty_values:
                self._parse(credential)
        except _NOT_A_CREDENTIAL as error:
            raise forms.ValidationError(_UNREADABLE, code=_INCORRECT) from error
        return credential

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show nothing of it again: it counts once, and might not even be JSON."""
        return initial


class _RegistersPasskey(forms.Form):
    credential = CredentialField(RegistrationResponse.from_dict)

    def clean(self) -> dict[str, Any]:
        if "credential" not in self.cleaned_data:  # and there is an error beside it
            return self.cleaned_data
        had_challenge = auth.get_state() is not None
        try:
            cleaned: dict[str, Any] = super().clean()  # type: ignore[assignment]
        except forms.ValidationError as error:
            if error.code != _INCORRECT:
                raise
            # allauth forgets the challenge once it was met: what is wrong then is the key itself.
            was_met = had_challenge and auth.get_state() is None
            sentence = _NOT_ALONE if was_met and self.cleaned_data.get("passwordless") else _OUTDATED
            raise forms.ValidationError(sentence, code=_INCORRECT) from error
        return cleaned


class _ConfirmsWithPasskey(forms.Form):
    user: User | None

    credential = CredentialField(AuthenticationResponse.from_dict)

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError as error:
            if error.code != _INCORRECT:
                raise
            sentence = _OUTDATED if self._is_known(self.cleaned_data["credential"]) else _UNKNOWN
            raise forms.ValidationError(sentence, code=_INCORRECT) from error

    def _is_known(self, credential: dict[str, Any]) -> bool:
        """Whether the passkey is one of this person's; without a person, of the one that it names."""
        try:
            user = self.user or auth.extract_user_from_response(credential)
            key = AuthenticationResponse.from_dict(credential).raw_id
        except (forms.ValidationError, *_NOT_A_CREDENTIAL):
            return False
        return auth.get_authenticator_by_credential_id(user, key) is not None


class AddPasskeyForm(_RegistersPasskey, AddWebAuthnForm):
    pass


class SignupPasskeyForm(_RegistersPasskey, SignupWebAuthnForm):
    pass


class LoginPasskeyForm(_ConfirmsWithPasskey, LoginWebAuthnForm):
    pass


class AuthenticatePasskeyForm(_ConfirmsWithPasskey, AuthenticateWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(_ConfirmsWithPasskey, ReauthenticateWebAuthnForm):
    pass
