"""A transaction that stands still holds its locks: PostgreSQL ends it, if a process that serves has begun it.

In a shell, an import or a migration it is a person or a file that is slow, and losing the transaction loses their work.
"""

from collections.abc import Iterator

import pytest

from tests.servers.sites import UVICORN_POSTGRES, Site, SiteBuilder

SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW idle_in_transaction_session_timeout")
    print(cursor.fetchone()[0])
"""
SERVER = "import config.asgi"
REPLIES = "from chat.realtime.database import bound_idle_transactions; bound_idle_transactions()"


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    with site_builder.running(UVICORN_POSTGRES) as running:
        yield running


def shown(site: Site, before: str) -> str:
    return site.manage("shell", "--no-imports", "-c", f"{before}\n{SHOW}").split()[-1]


def test_a_shell_may_think_as_long_as_it_likes(site: Site) -> None:
    assert shown(site, "") == "0"


@pytest.mark.parametrize("before", [SERVER, REPLIES], ids=["server", "run_replies"])
def test_what_serves_is_bounded_also_where_a_connection_was_open_before(site: Site, before: str) -> None:
    assert shown(site, before) == "5s"
    assert shown(site, f"{SHOW}\n{before}") == "5s"


def test_what_the_address_of_the_database_says_comes_first(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    url = site.env["DATABASE_URL"] + "?options=-c%20idle_in_transaction_session_timeout%3D9s"
    monkeypatch.setitem(site.env, "DATABASE_URL", url)
    assert shown(site, SERVER) == "9s"
