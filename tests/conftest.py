"""What all tests may ask for: a builder of real installations. See tests/servers."""

from collections.abc import Iterator

import pytest

from tests.servers.sites import SiteBuilder


@pytest.fixture(scope="session")
def site_builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteBuilder]:
    """Starts servers with what they need. Redis and PostgreSQL run from when a test first needs them."""
    builder = SiteBuilder(tmp_path_factory.mktemp("sites"))
    try:
        yield builder
    finally:
        builder.close()
