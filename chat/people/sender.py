"""Sends one notification to one browser, by way of its push service. The only importer of pywebpush.

It must never be called from the event loop: it waits for a server of someone else's.
"""

import time
from enum import Enum
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings

from accounts.push_services import host_of, is_allowed
from chat.lifetime import part
from chat.people.notification import Push

log = structlog.get_logger(__name__)

# What no one has seen after a day is no news: the page shows it anyway.
_KEPT_SECONDS: Final = 86_400
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 5.0
_FORGOTTEN: Final = (404, 410)
# So long a service that could not be reached is left alone: waiting for it each time would hold up those of the others.
_LEFT_ALONE_SECONDS: Final = 10.0


class LeftAlone(dict[str, float]):
    """Until when each push service is left alone, by its name and the clock's `monotonic` seconds."""


class Outcome(Enum):
    DELIVERED = "delivered"
    GONE = "gone"  # the service does not know this browser any more
    FAILED = "failed"


def send(push: Push) -> Outcome:
    """Encrypt for the browser and hand over to its push service, which sees when and how much, not what."""
    if not is_allowed(push.endpoint):
        return Outcome.GONE  # the setting allows less than it did
    if time.monotonic() < part(LeftAlone).get(_service_of(push), 0):
        return Outcome.FAILED
    from pywebpush import webpush  # an extra, and slow to load

    subscription = {"endpoint": push.endpoint, "keys": {"p256dh": push.p256dh, "auth": push.auth}}
    try:
        webpush(
            subscription,
            push.payload,
            vapid_private_key=settings.VAPID_PRIVATE_KEY,
            vapid_claims={"sub": settings.VAPID_SUBJECT},
            ttl=_KEPT_SECONDS,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            headers={"Topic": push.topic, "Urgency": "normal"},
            requests_session=_new_session(),
        )
    except Exception as error:  # noqa: BLE001 - the library, its HTTP client and its cryptography each have their own
        return _failed(push, error)
    return Outcome.DELIVERED


def _failed(push: Push, error: Exception) -> Outcome:
    """Say what the failure means. Neither the endpoint nor a response's text may reach the log, so not the error's."""
    from requests import RequestException

    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _FORGOTTEN:
        return Outcome.GONE
    if isinstance(error, RequestException):
        part(LeftAlone)[_service_of(push)] = time.monotonic() + _LEFT_ALONE_SECONDS
    log.warning("push.failed", service=host_of(push.endpoint), status=status, error=type(error).__name__)
    return Outcome.FAILED


def _service_of(push: Push) -> str:
    """Return host and port, which are those of an allowed service: there are few."""
    return urlsplit(push.endpoint).netloc


def _new_session() -> Any:
    return _session_class()()


@lru_cache(maxsize=1)
def _session_class() -> Any:
    from requests import Session

    class WithoutRedirects(Session):
        """A push service must not send us on to an address that no subscription could name."""

        def get_redirect_target(self, resp: Any) -> None:
            return None

    return WithoutRedirects
