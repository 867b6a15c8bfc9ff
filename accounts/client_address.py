"""The address that a request comes from: the connection's, or what our own proxies have added in front of it.

One parser for the socket, the pages, the sign-in limits and the tokens: an address that two of them spelled differently
would be two clients to each limit.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest

# For what must be counted and stored, of a client that has no address: one on a Unix socket.
NO_ADDRESS: Final = "::"
_IPV6_NETWORK_BITS: Final = 64
# Gateways in front of servers that have IPv6 alone (RFC 6052, RFC 2765): all of IPv4 comes in one network.
_TRANSLATED: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96")))
# The longest address has 45 characters; a port, brackets, quotes and a zone come on top.
_LONGEST: Final = 100


def seen_from_outside(peer: str | None, forwarded: Iterable[str]) -> str:
    """Return the client's address; behind trusted proxies, the one that the outermost of them saw.

    forwarded: the lines of X-Forwarded-For. Several lines are one list: of the last line alone, a client that sends its
    own would choose its address. Where a proxy writes no address ("unknown"), the next proxy's own is taken: it is as
    close as we get. With fewer entries than proxies, each of them is one of ours.
    """
    hops = [hop for hop in ",".join(forwarded).split(",") if hop.strip()]
    trusted = hops[-settings.TRUSTED_PROXIES :] if settings.TRUSTED_PROXIES > 0 else []
    for hop in trusted:
        address = as_ip(hop)
        if address is not None:
            return address
    return as_ip(peer or "") or NO_ADDRESS


def of_request(request: HttpRequest) -> str:
    """Return the address of an HTTP request, as it can be stored."""
    return seen_from_outside(request.META.get("REMOTE_ADDR"), [request.headers.get("X-Forwarded-For", "")])


@lru_cache(maxsize=1000)
def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6 a network, since each home has billions of addresses in one."""
    written = as_ip(address)
    if written is None:
        return address
    found = ipaddress.ip_address(written)
    if found.version == 4:
        return written
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))


def as_ip(text: str) -> str | None:
    """Return the one spelling of an IP address; None when it is not one.

    Proxies add ports, brackets and quotes. An IPv4 address that came through an IPv6 socket (`::ffff:203.0.113.9`) is the
    IPv4 address, and so is one of a gateway between both (`64:ff9b::203.0.113.9`). A zone (`%eth0`) only says by which of
    its interfaces a proxy was reached.
    """
    text = text.strip().strip('"')
    if len(text) > _LONGEST:
        return None
    for candidate in (text, _without_port(text)):
        try:
            found = ipaddress.ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
        return str(_untranslated(found) if isinstance(found, ipaddress.IPv6Address) else found)
    return None


def _untranslated(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that a socket or a gateway has written as IPv6."""
    is_translated = found.ipv4_mapped or any(found in network for network in _TRANSLATED)
    return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if is_translated else found


def _without_port(text: str) -> str:
    """Return what stands in brackets, or before the one colon."""
    if text.startswith("["):
        inside, bracket, after = text[1:].partition("]")
        return inside if bracket and (not after or _is_port(after)) else ""
    host, _colon, port = text.partition(":")
    return host if _is_port(f":{port}") else ""


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and (text[1:].isdigit() or not text[1:])
