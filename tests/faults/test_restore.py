"""A database that is put back under tabs: each of them ends with what the database holds, and nothing else."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.backups import Backup, FilesBackup, PostgresBackup, SqliteBackup
from tests.reports.restores import RESTORES, Restore
from tests.servers.event_streams import EventStream
from tests.servers.people import Person
from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

POSITION_LOST = 4003
NOTICED_SECONDS = 15
LOOKED_SECONDS = 2.5  # and, when it goes on, compared with the database: HEAD_CHECK_SECONDS is 1 here
KEPT_SECONDS = 0.5  # what a process remembers is kept outside of it within


SQLITE, POSTGRES = "sqlite", "postgres and redis"


@pytest.fixture(scope="module")
def sqlite_place(site_builder: SiteBuilder) -> Iterator[tuple[Site, Backup]]:
    with site_builder.running(UVICORN_SQLITE) as site:
        yield site, SqliteBackup(site)


@pytest.fixture
def postgres_place(site_builder: SiteBuilder) -> Iterator[tuple[Site, Backup]]:
    """One for each test: a database that is put back cuts off all that speak to it, `site.people` too."""
    with (
        site_builder.private_postgres() as (postgres, url),
        site_builder.running(UVICORN_POSTGRES, DATABASE_URL=url) as site,
    ):
        yield site, PostgresBackup(site, postgres)


@pytest.fixture(params=[SQLITE, POSTGRES])
def place(request: pytest.FixtureRequest) -> tuple[Site, Backup]:
    """A site for these tests alone, and what backs its database up."""
    return request.getfixturevalue("sqlite_place" if request.param == SQLITE else "postgres_place")


async def insist(tab: SocketClient, type_: str, **payload: Any) -> dict[str, Any]:
    """Ask; while the database is away, again."""
    for _ in range(100):
        response = await tab.ask(type_, **payload)
        if response["success"]:
            return dict(response["data"])
        assert response["error"]["code"] == "UNAVAILABLE", response
        await asyncio.sleep(0.1)
    raise AssertionError(f"{type_} never got a response")


async def posted(tab: SocketClient, room: str, content: str) -> None:
    await insist(tab, "create_message", room=room, content=content, clientId=content)


async def seen_by(tab: SocketClient, room: str) -> dict[str, Any]:
    """Return the cursor of a tab that has just read the room."""
    joined = await insist(tab, "join_room", room=room)
    return {"after": joined["change"], "epoch": joined["epoch"]}


async def is_asked_again(site: Site, person: Person, room: str, cursor: dict[str, Any]) -> None:
    """Come back with a cursor of before: the tab must be told to start afresh, with what is stored."""
    tab = await Tabs(site)(person)
    joined = await insist(tab, "join_room", room=room, **cursor)
    assert joined["reset"] is True
    history = await insist(tab, "get_messages", room=room)
    assert joined["messages"] == history["messages"]
    synced = await insist(tab, "sync", rooms={room: {"change": cursor["after"], "epoch": cursor["epoch"]}})
    assert synced["rooms"][room]["reset"] is True
    await tab.close()


async def is_told_by_its_id_alone(site: Site, person: Person, room: str, cursor: dict[str, Any]) -> None:
    """A stream of events knows no epoch, in its header or its address: an id of before must not be honoured either."""
    (process,) = site.processes
    ways: tuple[dict[str, Any], ...] = (
        {"headers": {"Last-Event-ID": str(cursor["after"])}},
        {"query": f"?after={cursor['after']}"},
        {"query": f"?after={cursor['after']}&epoch={cursor['epoch']}"},
        {"query": f"?epoch={cursor['epoch']}", "headers": {"Last-Event-ID": str(cursor["after"])}},
    )
    for way in ways:
        stream = await EventStream.open(process, room, person, **way)
        joined = (await stream.expect("joined")).data
        assert joined["reset"] is True and joined["messages"], way
        stream.close()
        again = f"?after={joined['change']}&epoch={joined['epoch']}"
        stream = await EventStream.open(process, room, person, query=again)
        assert (await stream.expect("joined")).data["reset"] is False
        stream.close()


async def change_something(tab: SocketClient, room: str, case: Restore, first_id: str) -> None:
    for number in range(case.lost):
        if case.lost_is_edit:
            await insist(tab, "edit_message", message=first_id, content=f"edited {number}")
        else:
            await posted(tab, room, f"lost {number}")


@pytest.mark.parametrize(
    ("place", "case"),
    [(SQLITE, case) for case in RESTORES] + [(POSTGRES, case) for case in RESTORES if case.everywhere],
    indirect=["place"],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
async def test_a_tab_of_before_starts_afresh(place: tuple[Site, Backup], case: Restore) -> None:
    site, backup = place
    (process,) = site.processes
    alice, bob = site.people.create("alice", "bob")
    tabs = Tabs(site)
    room = await tabs.make_room(alice, bob)
    alices, bobs = await tabs.in_room(alice, room), await tabs.in_room(bob, room)
    first = await alices.post(room, "kept")
    files = FilesBackup(site)
    await asyncio.sleep(KEPT_SECONDS)  # what is remembered beside the uploads shall be in their backup
    backup.make()
    files.make()
    await change_something(alices, room, case, first["id"])
    await bobs.fence()
    cursor = await seen_by(bobs, room)
    if not case.is_quick:
        await asyncio.sleep(LOOKED_SECONDS if case.how == "running" else KEPT_SECONDS)
    if case.how == "running":
        alices = await tabs(alice)  # not in the room: the tabs that are will be sent away
        backup.put_back()
    else:
        process.kill() if case.how == "killed" else process.stop()
        backup.put_back()
        if case.with_files:
            files.put_back()
        process.start()
        alices = await tabs(alice)
    for number in range(case.later):
        await posted(alices, room, f"later {number}")
    if case.how == "running":
        assert (await asyncio.wait_for(bobs.wait_closed(), NOTICED_SECONDS))[0] == POSITION_LOST
    await is_asked_again(site, bob, room, cursor)
    await is_told_by_its_id_alone(site, bob, room, cursor)
    await tabs.close_all()


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_restart_alone_costs_no_tab_its_place(place: tuple[Site, Backup], how: str) -> None:
    site, _ = place
    (process,) = site.processes
    alice, bob = site.people.create("alice", "bob")
    tabs = Tabs(site)
    room = await tabs.make_room(alice, bob)
    alices = await tabs.in_room(alice, room)
    await alices.post(room, "before")
    cursor = await seen_by(alices, room)
    await alices.post(room, "missed")
    for _ in range(2):
        process.kill() if how == "killed" else process.stop()
        process.start()
    back = await tabs(alice)
    joined = await back.request("join_room", room=room, **cursor)
    assert joined["reset"] is False
    assert [message["content"] for message in joined["messages"]] == ["missed"]
    await tabs.close_all()


async def test_the_command_has_every_tab_start_afresh(place: tuple[Site, Backup]) -> None:
    site, _ = place
    alice, bob = site.people.create("alice", "bob")
    tabs = Tabs(site)
    room = await tabs.make_room(alice, bob)
    alices = await tabs.in_room(alice, room)
    await alices.post(room, "kept")
    cursor = await seen_by(alices, room)
    assert re.search(r"[1-9]\d* rooms?", site.manage("renew_epochs"))
    assert (await asyncio.wait_for(alices.wait_closed(), NOTICED_SECONDS))[0] == POSITION_LOST
    await is_asked_again(site, alice, room, cursor)
    await tabs.close_all()


async def test_a_second_restore_is_noticed_like_the_first(place: tuple[Site, Backup]) -> None:
    site, backup = place
    (process,) = site.processes
    (alice,) = site.people.create("alice")
    tabs = Tabs(site)
    room = await tabs.make_room(alice)
    alices = await tabs.in_room(alice, room)
    await alices.post(room, "kept")
    await asyncio.sleep(KEPT_SECONDS)
    backup.make()
    for number in range(2):
        await posted(alices, room, f"lost {number}")
        cursor = await seen_by(alices, room)
        process.stop()
        backup.put_back()
        process.start()
        alices = await tabs(alice)
        await posted(alices, room, f"later {number}")
        await is_asked_again(site, alice, room, cursor)
        alices = await tabs.in_room(alice, room)
    await tabs.close_all()
