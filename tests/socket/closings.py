"""Closings as a client sees them."""

from tests.servers.sites import Site


def closing_reason(site: Site, reason: str) -> str:
    """Return the reason that comes with a code: Daphne sends codes only."""
    return "" if site.is_daphne else reason
