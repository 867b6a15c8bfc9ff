"""What all tests may ask for: a builder of real installations. See tests/servers."""

import signal
from collections.abc import Iterator

import pytest

from tests.servers.sites import SiteBuilder


def pytest_configure() -> None:
    # By default SIGTERM (a time limit, a cancelled CI job) ends Python at once, and leaves the servers running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def site_builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteBuilder]:
    """Starts servers with what they need. Redis and PostgreSQL run from when a test first needs them."""
    builder = SiteBuilder(tmp_path_factory.mktemp("sites"))
    try:
        yield builder
    finally:
        builder.close()
