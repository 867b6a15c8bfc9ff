"""What all tests may ask for: a builder of real installations. See tests/servers."""

import os
import signal
from collections.abc import Iterator
from typing import Final

import pytest

from tests.servers.sites import SiteBuilder

# pytest-django's ways to the database.
_DATABASE_FIXTURES: Final = frozenset(
    {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}
    | {"live_server", "admin_user", "admin_client"}
)

# Servers, load generators and databases share two cores, so one test in some thousands waits longer than it allows for. A
# test that passes only at the second try is listed by name, and counted as "rerun" in the closing line.
_BY_THE_CLOCK: Final = frozenset({"socket", "faults", "bench"})


def pytest_configure() -> None:
    # By default SIGTERM (a time limit, a cancelled CI job) ends Python at once, and leaves the servers running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "run only tests that use Django's database: the others do the same whatever database is set"
    parser.addoption("--on-database-only", action="store_true", help=told)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tries_again = config.pluginmanager.hasplugin("rerunfailures")
    for item in items:
        if tries_again and _BY_THE_CLOCK & set(item.path.parts):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if not config.getoption("--on-database-only"):
        return
    # pytest-django lets no other test reach the database, and servers that tests start have databases of their own.
    others = [item for item in items if not uses_database(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if uses_database(item)]


def uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or not _DATABASE_FIXTURES.isdisjoint(fixtures)


@pytest.fixture(scope="session")
def site_builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteBuilder]:
    """Starts servers with what they need. Redis and PostgreSQL run from when a test first needs them."""
    own = tmp_path_factory.getbasetemp()
    # With xdist each process has a directory of its own in that of the run.
    of_the_run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    builder = SiteBuilder(tmp_path_factory.mktemp("sites"), of_the_run)
    try:
        yield builder
    finally:
        builder.close()
