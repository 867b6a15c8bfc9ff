"""Who is here: people, not tabs, over all processes."""

import asyncio

import pytest

from tests.servers.pages import submit
from tests.servers.people import Person
from tests.servers.sites import Site
from tests.servers.tabs import Tabs
from tests.socket.presence import until_online

pytestmark = pytest.mark.every_profile


async def test_the_first_tab_of_a_person_is_a_coming_and_the_last_a_going(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    alices.forget()
    bobs = [await open_tab.in_room(bob, room) for _ in range(3)]
    assert await alices.expect("user_joined") == {"room": room, "user": bob.ref}
    await until_online(alices, room, {alice.username: 1, bob.username: 3})
    await bobs[0].close()
    await bobs[1].request("leave_room", room=room)
    await until_online(alices, room, {alice.username: 1, bob.username: 1})
    assert not alices.unread("user_left") and not alices.unread("user_joined")
    await bobs[2].close()
    assert await alices.expect("user_left") == {"room": room, "user": bob.ref}
    await until_online(alices, room, {alice.username: 1})


async def test_a_connection_that_is_cut_ends_presence_too(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    await alices.expect("user_joined", user=bob.ref)
    await bobs.abort()
    await alices.expect("user_left", user=bob.ref)


async def test_presence_is_for_those_who_may_see_the_room(
    open_tab: Tabs, alice: Person, mallory: Person, room: str
) -> None:
    await open_tab.in_room(alice, room)
    assert (await (await open_tab(mallory)).refusal("list_presence", room=room))["code"] == "NOT_FOUND"


async def test_a_person_is_told_of_their_own_tabs(open_tab: Tabs, alice: Person) -> None:
    first = await open_tab(alice)
    second = await open_tab(alice)
    told = await first.expect("tab_connected", connectionId=second.connection_id)
    assert (told["user"], told["tabs"]) == (alice.ref, 2)
    await second.close()
    told = await first.expect("tab_disconnected", connectionId=second.connection_id)
    assert (told["user"], told["tabs"]) == (alice.ref, 1)


async def test_a_session_is_told_of_its_tabs(open_tab: Tabs, alice: Person, bob: Person, session: str) -> None:
    alices = await open_tab.in_room(alice, session)
    bobs = await open_tab.in_room(bob, session)
    told = await alices.expect("tab_connected", room=session, connectionId=bobs.connection_id)
    assert told["user"] == bob.ref
    await bobs.close()
    told = await alices.expect("tab_disconnected", room=session, connectionId=bobs.connection_id)
    assert told["user"] == bob.ref


@pytest.mark.parametrize("key", ["id", "username"])
async def test_a_person_can_be_looked_up(open_tab: Tabs, alice: Person, bob: Person, key: str) -> None:
    tab = await open_tab(alice)
    user = (await tab.request("get_user", userId=getattr(bob, key)))["user"]
    assert user == {"id": bob.id, "username": bob.username, "displayName": user["displayName"], "online": False}
    await open_tab(bob)
    for _ in range(60):
        if (await tab.request("get_user", userId=getattr(bob, key)))["user"]["online"]:
            break
        await tab.wait(0.05)
    else:
        raise AssertionError("bob is not shown as online")
    assert (await tab.refusal("get_user", userId="unknown-person"))["code"] == "NOT_FOUND"


async def test_open_tabs_speak_under_a_new_display_name_without_coming_anew(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    await until_online(alices, room, {alice.username: 1, bob.username: 1})
    alices.forget()
    bob_now = {**bob.ref, "displayName": "Bob Tables"}
    await asyncio.to_thread(
        submit, site.next_process(), site.people.sign_in(bob), "/settings/", {"display_name": "Bob Tables"}
    )
    told = await alices.expect("presence")
    assert {**bob_now, "tabs": 1} in told["online"] and {**alice.ref, "tabs": 1} in told["online"]
    posted = await bobs.request("create_message", room=room, content="hello")
    assert posted["message"]["author"] == bob_now
    assert (await alices.expect("new_message"))["message"]["author"] == bob_now
    assert not alices.unread("user_joined") and not alices.unread("user_left")
    await bobs.close()
    assert await alices.expect("user_left") == {"room": room, "user": bob_now}
