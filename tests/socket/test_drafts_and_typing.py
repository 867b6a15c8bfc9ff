"""Unsent text and the sign that someone is typing."""

from tests.servers.people import Person
from tests.servers.tabs import Tabs


async def test_a_draft_follows_its_writer_into_every_tab_and_no_further(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    first, second, alices = await open_tab(bob), await open_tab(bob), await open_tab.in_room(alice, room)
    fact = {"room": room, "content": "dear all", "version": 1, "user": bob.ref}
    assert await first.request("save_draft", room=room, content="dear all", version=1) == fact
    assert await second.expect("draft_updated") == fact
    assert (await second.request("join_room", room=room))["draft"] == {"content": "dear all", "version": 1}
    assert (await second.request("list_rooms"))["rooms"][0]["draft"] == {"content": "dear all", "version": 1}
    await alices.post(room, "fence")
    assert not alices.unread("draft_updated")
    assert "draft" not in await alices.request("join_room", room=room)


async def test_an_older_draft_never_overwrites_a_newer_one(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    await tab.request("save_draft", room=room, content="newer", version=5)
    for version in (4, 5):
        error = await tab.refusal("save_draft", room=room, content="older", version=version)
        assert (error["code"], error["details"]) == ("CONFLICT", {"content": "newer", "version": 5})
    await tab.request("save_draft", room=room, content="", version=6)
    assert "draft" not in (await tab.request("list_rooms"))["rooms"][0]


async def test_a_session_has_one_draft_for_all_its_members(
    open_tab: Tabs, alice: Person, bob: Person, session: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, session), await open_tab.in_room(bob, session)
    await alices.request("save_draft", room=session, content="Dear Claude", version=1)
    heard = {"room": session, "content": "Dear Claude", "version": 1, "user": alice.ref}
    assert await bobs.expect("draft_updated") == heard
    assert (await bobs.refusal("save_draft", room=session, content="Hi", version=1))["code"] == "CONFLICT"
    await bobs.request("save_draft", room=session, content="Dear Claude, hi", version=2)
    assert (await alices.expect("draft_updated", version=2))["user"] == bob.ref
    assert (await alices.request("join_room", room=session))["draft"] == {
        "content": "Dear Claude, hi",
        "version": 2,
        "user": bob.ref,
    }


async def test_typing_is_heard_by_the_others(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, other_of_alice, bobs = [await open_tab.in_room(person, room) for person in (alice, alice, bob)]
    for state in (True, False):
        await alices.request("typing", room=room, typing=state)
        assert await bobs.expect("typing", typing=state) == {"room": room, "user": alice.ref, "typing": state}
    await bobs.post(room, "fence")
    for tab in (alices, other_of_alice):
        await tab.expect_message("fence")
        assert not tab.unread("typing"), "no one is told of their own typing"


async def test_typing_is_for_members(open_tab: Tabs, alice: Person, mallory: Person, open_room: str) -> None:
    alices, mallorys = await open_tab.in_room(alice, open_room), await open_tab(mallory)
    assert (await mallorys.refusal("typing", room=open_room, typing=True))["code"] in ("UNAUTHORIZED", "REQUEST_FAILED")
    await alices.fence()
    assert not alices.unread("typing")
