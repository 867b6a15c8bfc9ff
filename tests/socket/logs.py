"""What the server says of one connection in its log."""

import asyncio
import json
from typing import Any

from tests.servers.sites import Site

_SETTLE_SECONDS = 0.05
_TRIES = 20


def lines_of(site: Site, connection_id: str, since: list[int]) -> list[dict[str, Any]]:
    lines = site.log_text(since).splitlines()
    return [json.loads(line) for line in lines if connection_id in line]


async def the_one_line(site: Site, connection_id: str, since: list[int]) -> dict[str, Any]:
    """Return the only line about a connection since a mark; wait for it, because logging may follow the response."""
    for _ in range(_TRIES):
        if lines_of(site, connection_id, since):
            break
        await asyncio.sleep(_SETTLE_SECONDS)
    await asyncio.sleep(_SETTLE_SECONDS)
    lines = lines_of(site, connection_id, since)
    assert len(lines) == 1, lines
    return lines[0]
