"""Which addresses a subscription may name. We send requests there, so anything else would open our own network."""

import re
from typing import Final

from django.conf import settings

# Nothing before the host, no fragment, no backslash: what parsers of addresses read in different ways is refused.
_ENDPOINT: Final = re.compile(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?/[!-~]*")
_HTTPS_PORT: Final = "443"


def is_allowed(endpoint: str) -> bool:
    """Whether this is an https address of one of PUSH_SERVICES."""
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None or "\\" in endpoint or "#" in endpoint:
        return False
    host, port = found[1], found[2] or _HTTPS_PORT
    return any(_covers(service, host, port) for service in settings.PUSH_SERVICES)


def host_of(endpoint: str) -> str:
    """Return the service's name: all of an endpoint that a log may hold."""
    found = _ENDPOINT.fullmatch(endpoint)
    return "" if found is None else found[1]


def _covers(service: str, host: str, port: str) -> bool:
    name, _, its_port = service.strip().lower().partition(":")
    if port != (its_port or _HTTPS_PORT):
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name
