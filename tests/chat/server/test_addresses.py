"""Whose address counts: the connection's, or behind proxies that are ours, the one that the outermost of them saw."""

from typing import Any

import pytest

from chat.server.opening import address_of

PEER = "192.0.2.1"


def scope(*forwarded: str) -> dict[str, Any]:
    """Return a connection's scope with these lines of X-Forwarded-For, in their order."""
    lines = [(b"X-Forwarded-For", line.encode()) for line in forwarded]
    return {"client": (PEER, 5000), "headers": [(b"host", b"chat.example"), *lines]}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, ["203.0.113.9"], PEER),
        (1, [], PEER),
        (1, ["203.0.113.9"], "203.0.113.9"),
        (1, ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),  # the first one is what the client claims
        (1, ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        (2, ["198.51.100.7, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (2, ["198.51.100.7", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        (2, ["203.0.113.9"], "203.0.113.9"),
        (1, [" , "], PEER),
    ],
)
def test_only_what_our_own_proxies_have_added_is_believed(
    settings: Any, proxies: int, forwarded: list[str], address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert address_of(scope(*forwarded)) == address
