"""A delta costs no database query: what PostgreSQL counts while words stream is what it counts while they do not."""

import asyncio
import time

import psycopg

from fake_claude import Slow
from tests.servers.sessions import make_session, site_with_claude, words_of
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

# At the slower pace, these take four seconds.
WINDOW_DELTAS = 10
# A backend hands its counts on once a second.
COUNTED_SECONDS = 1.5
TABS = 4
# Words so far apart that checkpoints have something to write, and so near that deltas are many.
SPARSE_SECONDS, DENSE_SECONDS = 0.4, 0.01


def transactions(site: Site) -> int:
    """Return how many transactions the site's database has seen; outside of one, a query counts as one."""
    with psycopg.connect(site.env["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def deltas_of(tabs: list[SocketClient]) -> int:
    return sum(frame["type"] == "stream_delta" for tab in tabs for frame in tab.frames)


async def window(site: Site, tabs: list[SocketClient], count: int) -> tuple[float, float]:
    """Watch a running reply until each tab has so many more deltas.

    Return transactions a second, and deltas a second that have reached the tabs.
    """
    began, counted, heard = time.monotonic(), await asyncio.to_thread(transactions, site), deltas_of(tabs)
    async with asyncio.timeout(60):
        while deltas_of(tabs) - heard < count * len(tabs):
            await tabs[0].wait(0.02)
    seconds = time.monotonic() - began
    return (await asyncio.to_thread(transactions, site) - counted) / seconds, (deltas_of(tabs) - heard) / seconds


async def test_many_deltas_cost_as_many_queries_as_few(site_builder: SiteBuilder) -> None:
    with site_with_claude(site_builder, CLUSTER) as (site, fake):
        tabs = Tabs(site)
        (alice,) = site.people.create("alice")
        session = await make_session(tabs, alice)
        opened = [await tabs.in_room(alice, session) for _ in range(TABS)]
        found = []
        # 40 ms of words are one delta.
        for pause, deltas in ((SPARSE_SECONDS, WINDOW_DELTAS), (DENSE_SECONDS, 10 * WINDOW_DELTAS)):
            fake.default = Slow("word " * 20_000, pause_s=pause)
            asked = await opened[0].request("execute", session=session, prompt="Go on")
            await words_of(opened[0], asked["reply"]["id"], 3)
            await asyncio.sleep(COUNTED_SECONDS)
            found.append(await window(site, opened, deltas))
            await opened[0].request("stop_reply", message=asked["reply"]["id"])
        await tabs.close_all()
    (few_transactions, few_deltas), (transactions_, many_deltas) = found
    assert many_deltas - few_deltas > 4 * few_deltas, "hardly more words came than before"
    # One for each delta, let alone for each tab that hears it, would be a quarter of this or all of it.
    assert transactions_ - few_transactions < (many_deltas - few_deltas) / TABS / 2, found
