"""The address that a request comes from: the connection's, or what our own proxies have added in front of it."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

# For what must be counted and stored, of a client that has no address: one on a Unix socket.
_NO_ADDRESS: Final = "::"
_IPV6_NETWORK_BITS: Final = 64


def seen_from_outside(peer: str | None, forwarded: Iterable[str]) -> str:
    """Return the client's address; behind trusted proxies, the one that the outermost of them saw.

    forwarded: the lines of X-Forwarded-For. Several lines are one list: of the last line alone, a client that sends its
    own would choose its address.
    """
    trusted: int = settings.TRUSTED_PROXIES
    if trusted:
        hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()]
        if hops:
            return hops[-min(trusted, len(hops))]
    return peer or "unknown"


def of_request(request: HttpRequest) -> str:
    """Return the address of an HTTP request as one that can be stored. A proxy's nonsense counts as the proxy itself."""
    peer = request.META.get("REMOTE_ADDR")
    seen = seen_from_outside(peer, [request.headers.get("X-Forwarded-For", "")])
    return as_ip(seen) or as_ip(peer or "") or _NO_ADDRESS


@lru_cache(maxsize=1000)
def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6 a network, since each home has billions of addresses in one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))
    return address


def as_ip(text: str) -> str | None:
    """Return an IP address in its written form, without the port that some proxies add; None when it is not one."""
    for candidate in (text, split_domain_port(text)[0].strip("[]")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return None
