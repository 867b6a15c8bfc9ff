"""Some clients that ask for the heaviest there is and read nothing: what they make a process hold is bounded."""

import pytest

from tests.faults.worst_clients import MEGABYTE, measured
from tests.servers.sites import SiteBuilder

SOCKETS = 6
MESSAGES = 40
# Measured: 10 to 40 MB, most of it what one page takes while it is made. Without the bounds it is 190 MB and more.
GROWTH_MEGABYTES = 90


@pytest.mark.parametrize("case", ["joins", "recoveries", "syncs", "pages", "room pages"])
async def test_the_worst_clients_make_a_process_grow_by_little(site_builder: SiteBuilder, case: str) -> None:
    peak = await measured(site_builder, case, sockets=SOCKETS, messages=MESSAGES)
    assert peak.megabytes < GROWTH_MEGABYTES, f"{peak.megabytes:.0f} MB in {peak.seconds:.0f} s ({MEGABYTE=})"
