"""PostgreSQL goes away or falls silent, and comes back: nothing is stored meanwhile, and a resend is stored once."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.proxy import ProxyThread
from tests.servers.private_postgres import PrivatePostgres
from tests.servers.sites import UVICORN_POSTGRES, Site, SiteBuilder
from tests.servers.tabs import Tabs

RESPONSE_SECONDS = 15
BACK_SECONDS = 15
SILENT_SECONDS = 2


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
        error = await asyncio.wait_for(alices.refusal(type_, room=room, **payload), RESPONSE_SECONDS)
        assert error["code"] == "UNAVAILABLE", type_
    await alices.fence()
    postgres.start()
    for _ in range(BACK_SECONDS * 5):
        response = await alices.ask("create_message", room=room, content="meanwhile", clientId=f"{room}-1")
        if response["success"]:
            break
        assert response["error"]["code"] == "UNAVAILABLE"
        await asyncio.sleep(0.2)
    assert response["success"]
    await bobs.expect_message("meanwhile")
    history = (await bobs.request("get_messages", room=room))["messages"]
    assert [message["content"] for message in history] == ["before", "meanwhile"]
    await open_tab.close_all()


async def test_while_its_database_is_silent_a_post_waits_and_all_else_goes_on(site_builder: SiteBuilder) -> None:
    """Frozen, or behind a line that swallows everything: no error comes, not even that of a closed connection."""
    with ProxyThread() as proxies:
        way = proxies.to(site_builder.postgres.port)
        url = site_builder.database_url("postgres")
        through = url.replace(f":{site_builder.postgres.port}/", f":{way.port}/")
        with site_builder.running(UVICORN_POSTGRES, DATABASE_URL=through) as site:
            alice, bob = site.people.create("alice", "bob")
            open_tab = Tabs(site)
            room = await open_tab.make_room(alice, bob)
            alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
            way.black_hole(True)
            post = {"room": room, "content": "meanwhile", "clientId": f"{room}-1"}
            await alices.send("create_message", id="first", payload=post)
            await bobs.request("typing", room=room, typing=True)
            await alices.expect("typing", room=room)
            await asyncio.sleep(SILENT_SECONDS)
            assert not bobs.unread("new_message")
            await asyncio.wait_for(alices.fence(), RESPONSE_SECONDS)
            way.black_hole(False)
            first = await alices.response_to("first")
            assert first["success"] or first["error"]["code"] == "UNAVAILABLE"
            again = await alices.ask("create_message", **post)
            assert again["success"]
            await bobs.expect_message("meanwhile")
            history = (await bobs.request("get_messages", room=room))["messages"]
            assert [message["content"] for message in history] == ["meanwhile"]
            await open_tab.close_all()
