"""A full disk: nothing is stored and everyone is told so; what is there can be read; with room again all goes on."""

from tests.faults.disk_faults import fill_disk, free_disk
from tests.servers.sites import UVICORN_SQLITE, SiteBuilder
from tests.servers.tabs import Tabs


async def test_nothing_is_stored_on_a_full_disk_and_a_resend_once_there_is_room(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE) as site:
        (process,) = site.processes
        alice, bob, carol = site.people.create("alice", "bob", "carol")
        tabs = Tabs(site)
        room = await tabs.make_room(alice, bob, carol)
        alices, bobs = await tabs.in_room(alice, room), await tabs.in_room(bob, room)
        await alices.post(room, "before")
        await bobs.expect_message("before")
        post = {"room": room, "content": "meanwhile", "clientId": f"{room}-1"}
        fill_disk(process)
        try:
            for _ in range(2):
                error = await alices.refusal("create_message", **post)
                assert error["code"] == "UNAVAILABLE"
            history = (await bobs.request("get_messages", room=room))["messages"]
            assert [message["content"] for message in history] == ["before"]
            # Who comes in now with a token that was not used before reads as well: its use cannot be noted.
            carols = await tabs.in_room(carol, room)
            await carols.request("list_rooms")
        finally:
            free_disk(process)
        await alices.request("create_message", **post)
        await bobs.expect_message("meanwhile")
        assert not bobs.unread("new_message")
        history = (await alices.request("get_messages", room=room))["messages"]
        assert [message["content"] for message in history] == ["before", "meanwhile"]
        await tabs.close_all()
