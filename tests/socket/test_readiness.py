"""/readyz: a proxy is told to send no work: while the database is away or has no tables, and from a drain on."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Profile, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, http

READY = (200, "ready")
UNMIGRATED = (503, "database not migrated: run manage.py migrate")
DRAIN_SECONDS = 5
NOTICED_WITHIN_SECONDS = 15


def asked(client: httpx.Client, path: str = "/readyz") -> tuple[int, str]:
    """Return the response to a probe, which comes by IP address and without TLS."""
    response = client.get(path, headers={"Host": "10.0.0.1"})
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.text.strip()


@pytest.mark.parametrize("profile", [UVICORN_SQLITE, UVICORN_POSTGRES], ids=str)
async def test_a_process_that_is_told_to_end_shuts_its_door_and_is_not_ready(
    site_builder: SiteBuilder, profile: Profile
) -> None:
    """A proxy that keeps its connection is told; one that opens another finds no one there."""
    with site_builder.running(profile, DRAIN_SECONDS=DRAIN_SECONDS, TLS=1) as site, http(site.processes[0]) as kept:
        (process,) = site.processes
        (alice,) = site.people.create("alice")
        tabs = [await Tabs(site)(alice) for _ in range(4)]
        assert asked(kept) == READY
        process.send_signal(signal.SIGTERM)
        await tabs[0].expect("server_draining")
        assert asked(kept) == (503, "draining")
        assert asked(kept, "/healthz") == (200, f"ok {settings.VERSION}")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", process.port)
        assert all(tab.is_open for tab in tabs[1:]), "this must be seen while people are still there"
        assert await asyncio.gather(*(closing_code(tab) for tab in tabs)) == [1012] * len(tabs)
        await asyncio.to_thread(process.wait, 2 * DRAIN_SECONDS)


@pytest.mark.parametrize("profile", [UVICORN_SQLITE, UVICORN_POSTGRES], ids=str)
def test_a_process_is_ready_once_its_database_has_the_tables_of_this_version(
    site_builder: SiteBuilder, profile: Profile, tmp_path: Path
) -> None:
    """A proxy that sent people to it before would show them an error for each page."""
    if profile is UVICORN_SQLITE:
        url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        url = site_builder.postgres.url(site_builder.postgres.create_database())
    # Its runner of replies finds no table, and says so.
    site = site_builder.start(profile, DATABASE_URL=url)
    try:
        with http(site.processes[0]) as client:
            assert asked(client) == UNMIGRATED
            assert asked(client, "/healthz") == (200, f"ok {settings.VERSION}")
            site.manage("migrate", "chat", "0001")
            assert asked(client) == UNMIGRATED, "some tables are not all"
            site.manage("migrate")
            assert asked(client) == READY
    finally:
        site.stop()


async def closing_code(tab: SocketClient) -> int:
    return (await tab.wait_closed(2 * DRAIN_SECONDS))[0]


async def test_a_process_without_its_database_lives_and_is_not_ready(site_builder: SiteBuilder) -> None:
    with (
        site_builder.private_postgres() as (postgres, url),
        site_builder.running(UVICORN_POSTGRES, DATABASE_URL=url, noisy_logger="psycopg.pool") as site,
        http(site.processes[0]) as client,
    ):
        assert asked(client) == READY
        postgres.stop()
        assert asked(client) == (503, "database unreachable")
        assert asked(client, "/healthz") == (200, f"ok {settings.VERSION}")
        postgres.start()
        async with asyncio.timeout(NOTICED_WITHIN_SECONDS):
            while asked(client) != READY:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.2)
