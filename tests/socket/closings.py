"""Closings as a client sees them: Daphne can send neither a reason nor a code below 3000 other than 1000."""

from tests.servers.sites import Site

DONE = 1000
_LOWEST_OF_DAPHNE = 3000


def closing_reason(site: Site, reason: str) -> str:
    return "" if site.is_daphne else reason


def closing_code(site: Site, code: int) -> int:
    return DONE if site.is_daphne and code < _LOWEST_OF_DAPHNE else code
