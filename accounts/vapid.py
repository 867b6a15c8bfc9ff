"""The key by which push services know this installation (VAPID, RFC 8292), and whether web push is on."""

import base64
import binascii
from functools import lru_cache
from importlib.util import find_spec
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

_KEY_BYTES: Final = 32
_SUBJECTS: Final = ("mailto:", "https:")


def new_private_key() -> str:
    """Return a fresh private key as VAPID_PRIVATE_KEY takes it: the 32 bytes of its number, as base64url."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return to_base64url(number.to_bytes(_KEY_BYTES, "big"))


@lru_cache(maxsize=4)
def public_key_of(private_key: str) -> str:
    """Return the public half as browsers take it: an uncompressed point as base64url. Raises ValueError for no key."""
    raw = from_base64url(private_key)
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"A private key has {_KEY_BYTES} bytes, this has {len(raw)}.")
    public = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()).public_key()
    return to_base64url(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def offered_key() -> str | None:
    """Return the public key that browsers subscribe with; None while web push is off or cannot work."""
    if not settings.VAPID_PRIVATE_KEY or not is_installed() or not is_subject(settings.VAPID_SUBJECT):
        return None
    try:
        return public_key_of(settings.VAPID_PRIVATE_KEY)
    except ValueError:
        return None  # accounts.checks tells the operator; a page must not break for it


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Whether the library that sends is there, without loading it."""
    return find_spec("pywebpush") is not None


def is_subject(text: str) -> bool:
    """Whether push services take this as whom to ask about us."""
    return text.startswith(_SUBJECTS) and text not in _SUBJECTS


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes, with or without padding before. Raises ValueError for anything that is not base64url."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
