"""PostgreSQL goes away and comes back: nothing is stored meanwhile, and a resend is stored once."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.servers.private_postgres import PrivatePostgres
from tests.servers.sites import UVICORN_POSTGRES, Site, SiteBuilder
from tests.servers.tabs import Tabs

ANSWER_SECONDS = 15
BACK_SECONDS = 15


@pytest.fixture
def own_postgres(site_builder: SiteBuilder) -> Iterator[tuple[Site, PrivatePostgres]]:
    """A site on a PostgreSQL that may be stopped."""
    with (
        site_builder.private_postgres() as (postgres, url),
        site_builder.running(UVICORN_POSTGRES, DATABASE_URL=url) as site,
    ):
        yield site, postgres


async def test_without_its_database_the_server_says_so_and_goes_on_afterwards(
    own_postgres: tuple[Site, PrivatePostgres],
) -> None:
    site, postgres = own_postgres
    alice, bob = site.people.create("alice", "bob")
    open_tab = Tabs(site)
    room = await open_tab.make_room(alice, bob)
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    await alices.post(room, "before")
    postgres.stop()
    for type_, payload in {
        "create_message": {"content": "meanwhile", "clientId": f"{room}-1"},
        "get_messages": {},
    }.items():
        error = await asyncio.wait_for(alices.refusal(type_, room=room, **payload), ANSWER_SECONDS)
        assert error["code"] == "UNAVAILABLE", type_
    await alices.fence()
    postgres.start()
    for _ in range(BACK_SECONDS * 5):
        answer = await alices.ask("create_message", room=room, content="meanwhile", clientId=f"{room}-1")
        if answer["success"]:
            break
        assert answer["error"]["code"] == "UNAVAILABLE"
        await asyncio.sleep(0.2)
    assert answer["success"]
    await bobs.expect_message("meanwhile")
    history = (await bobs.request("get_messages", room=room))["messages"]
    assert [message["content"] for message in history] == ["before", "meanwhile"]
    await open_tab.close_all()
