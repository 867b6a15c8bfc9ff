"""The cast of these tests, and ways to sign in as them."""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from accounts import tickets
from accounts.models import User
from accounts.revocation import access_changed
from config.admission import HASHING_VIEWS

PASSWORD = "correct horse battery staple"
WRONG = "wrong horse battery staple"

Capture = Callable[..., AbstractContextManager[list[Any]]]


@pytest.fixture(autouse=True)
def _fresh_limits(settings: Any) -> Iterator[None]:
    """Counters of failed sign-ins must not pass from test to test; hashing is made cheap."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    tickets._box.cache_clear()
    yield
    cache.clear()
    tickets._box.cache_clear()


@pytest.fixture(autouse=True)
def _only_known_forms_hash(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any other request that hashes a password would not wait in the line of `config.admission`."""
    others: list[str] = []

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def hashing(*args: Any) -> Any:
            match = _request_at_work()
            if match is not None and match not in HASHING_VIEWS:
                others.append(match)
            return original(*args)

        return hashing

    for name in ("encode", "verify"):
        monkeypatch.setattr(MD5PasswordHasher, name, noting(getattr(MD5PasswordHasher, name)))
    yield
    assert not others, f"these hash a password and are not in HASHING_VIEWS: {set(others)}"


def _request_at_work() -> str | None:
    """Return the name of the view from which this is called, however deep."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        match = getattr(frame.f_locals.get("request"), "resolver_match", None)
        if match is not None:
            return str(match.view_name)
        frame = frame.f_back
    return None


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", "alice@example.org", PASSWORD, display_name="Alice Moreau")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", "", PASSWORD)


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("ruth", "ruth@example.org", PASSWORD)


def sign_in(user: User, password: str = PASSWORD) -> Client:
    """Sign in through the page, as a browser of its own."""
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
    response = client.post(reverse("account_login"), {"login": user.username, "password": password})
    assert response.status_code == 302, response.content.decode()
    return client


def reauthenticate(client: Client) -> None:
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302


def reset_link(user: User, key: str = "") -> str:
    """Return the path of the link that a forgotten password's mail brings."""
    kwargs = {"uidb36": user_pk_to_url_str(user), "key": key or default_token_generator.make_token(user)}
    return reverse("account_reset_password_from_key", kwargs=kwargs)


@pytest.fixture
def as_alice(alice: User) -> Client:
    return sign_in(alice)


@pytest.fixture
def as_root(root: User) -> Client:
    client = sign_in(root)
    reauthenticate(client)
    return client


@pytest.fixture
def announced(django_capture_on_commit_callbacks: Capture) -> Callable[[], AbstractContextManager[list[int]]]:
    """Return a context in which the ids of the users whose access is said to have changed are collected."""

    @contextmanager
    def collecting() -> Iterator[list[int]]:
        heard: list[int] = []

        def listen(user_id: int, **_: Any) -> None:
            heard.append(user_id)

        access_changed.connect(listen)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                yield heard
        finally:
            access_changed.disconnect(listen)

    return collecting


def add_totp(user: User) -> str:
    """Turn on the authenticator app, with recovery codes; return its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def add_passkey(user: User, name: str = "phone") -> Authenticator:
    """Register a passkey as a device would have."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential_id = secrets.token_bytes(16)
    attested = AttestedCredentialData.create(b"\0" * 16, credential_id, key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    auth_data = AuthenticatorData.create(sha256(b"testserver"), flags, 0, attested)
    client_data = CollectedClientData.create(CollectedClientData.TYPE.CREATE, b"challenge", "http://testserver")
    credential = {
        "type": "public-key",
        "id": websafe_encode(credential_id),
        "rawId": websafe_encode(credential_id),
        "response": {
            "clientDataJSON": websafe_encode(client_data),
            "attestationObject": websafe_encode(AttestationObject.create("none", auth_data, {})),
        },
        "clientExtensionResults": {"credProps": {"rk": True}},
    }
    return WebAuthn.add(user, name, credential).instance
