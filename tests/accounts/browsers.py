"""Browsers that ask to be told, with keys of their own."""

import secrets
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from accounts.push_subscriptions import Browser
from accounts.vapid import to_base64url


class Keys(NamedTuple):
    """What a browser keeps to itself: with these it reads what it is sent."""

    private: ec.EllipticCurvePrivateKey
    auth: bytes


def new_browser(endpoint: str) -> tuple[Browser, Keys]:
    keys = Keys(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16))
    point = keys.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Browser(endpoint, to_base64url(point), to_base64url(keys.auth)), keys


def subscription(endpoint: str) -> tuple[dict[str, object], Keys]:
    """Return what a page sends, as `PushSubscription.toJSON()` makes it, and the keys."""
    browser, keys = new_browser(endpoint)
    shown = {"p256dh": browser.p256dh, "auth": browser.auth}
    return {"endpoint": endpoint, "expirationTime": None, "keys": shown}, keys
