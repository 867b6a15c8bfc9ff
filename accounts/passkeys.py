"""Forms that take passkeys, whatever was sent in place of one.

allauth reads the JSON before anybody is signed in, and lets what is too deep, too long or not of the shape go through as
an error of the server.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
    SignupWebAuthnForm,
)
from django import forms
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

_NOT_A_CREDENTIAL: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


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
            raise get_adapter().validation_error("incorrect_code") from error
        return credential

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show nothing of it again: it counts once, and might not even be JSON."""
        return initial


class AddPasskeyForm(AddWebAuthnForm):
    credential = CredentialField(RegistrationResponse.from_dict)


class SignupPasskeyForm(SignupWebAuthnForm):
    credential = CredentialField(RegistrationResponse.from_dict)


class LoginPasskeyForm(LoginWebAuthnForm):
    credential = CredentialField(AuthenticationResponse.from_dict)


class AuthenticatePasskeyForm(AuthenticateWebAuthnForm):
    credential = CredentialField(AuthenticationResponse.from_dict)


class ReauthenticatePasskeyForm(ReauthenticateWebAuthnForm):
    credential = CredentialField(AuthenticationResponse.from_dict)
