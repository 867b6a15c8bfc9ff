"""Socket tickets: a credential sealed for a minute, to be used once, fit to stand in a URL.

A browser cannot set headers on a WebSocket, and a query string ends up in logs, so what stands there is worth nothing
a minute later. The ticket is encrypted, because it carries the session key by which access is checked again.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections import OrderedDict
from functools import cache
from typing import Final

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.cache import caches

from accounts.credentials import Credential

log = structlog.get_logger(__name__)

_USED_REMEMBERED_AT_MOST: Final = 200_000


class _UsedHere:
    """The tickets that this process has seen, for as long as they could still be valid."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, nonce: str, seconds: float) -> bool:
        now = time.monotonic()
        with self._lock:
            while self._until and (
                next(iter(self._until.values())) < now or len(self._until) > _USED_REMEMBERED_AT_MOST
            ):
                self._until.popitem(last=False)
            if nonce in self._until:
                return False
            self._until[nonce] = now + seconds
            return True


_used_here = _UsedHere()


@cache
def _box() -> MultiFernet:
    secrets_in_use = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [hashlib.sha256(b"parley socket ticket\0" + key.encode()).digest() for key in secrets_in_use]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def issue(credential: Credential) -> str:
    """Seal a credential into a ticket."""
    # As it is written: escaped, a display name of emoji alone would make it longer than an opening takes.
    facts = json.dumps([secrets.token_urlsafe(12), *credential], ensure_ascii=False)
    return _box().encrypt(facts.encode()).decode()


def unseal(ticket: str) -> tuple[str, Credential] | None:
    """Open a ticket into its nonce and credential; None when it is forged, damaged or older than a minute."""
    try:
        nonce, *credential = json.loads(_box().decrypt(ticket.encode(), ttl=settings.SOCKET_TICKET_SECONDS))
    except (InvalidToken, UnicodeEncodeError):
        return None
    return nonce, Credential(*credential)


def spend_here(nonce: str) -> bool:
    """Mark a ticket as used in this process; False when it already was."""
    # Twice the life: the two clocks, ours and the one in the ticket, need not agree.
    return _used_here.add(nonce, 2 * settings.SOCKET_TICKET_SECONDS)


def spend_everywhere(nonce: str) -> bool:
    """Mark a ticket as used in all processes; False when it already was. Blocks on Redis, so run it in a thread.

    While Redis cannot be reached, single use holds within each process only: refusing everyone would turn a fault
    that may only delay into an outage.
    """
    try:
        return bool(caches["default"].add(f"ticket:{nonce}", 1, timeout=2 * settings.SOCKET_TICKET_SECONDS))
    except Exception as error:  # noqa: BLE001 - each cache backend has errors of its own
        log.warning("ticket.shared_store_unreachable", error=type(error).__name__)
        return True
