"""A person who loses access hears nothing more after a second, whatever way they lost it and in whatever process."""

import asyncio
import time
from functools import partial

import pytest

from tests.servers.pages import ban_by_admin, change_password, deactivate_by_admin, delete_by_admin, sign_out
from tests.servers.people import Person
from tests.servers.sites import CLUSTER, DAPHNE_POSTGRES, UVICORN_POSTGRES, UVICORN_SQLITE, Profile, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, ticket_for

pytestmark = pytest.mark.every_profile

PROMISED_SECONDS = 1.0
SIGNED_OUT = 4100
DEACTIVATED = 4101
BANNED = 4102


async def assert_closed(tabs: list[SocketClient], wanted: int) -> None:
    """All of these are closed within the promised second from now."""
    until = time.monotonic() + PROMISED_SECONDS
    for tab in tabs:
        code, _reason = await tab.wait_closed(max(0.01, until - time.monotonic()))
        assert code == wanted


def about(tab: SocketClient, room: str) -> list[object]:
    """Return what a tab has heard of a room."""
    return [f for f in tab.frames if f.get("data", {}).get("room") == room or room in str(f.get("data", {}))]


async def test_signing_out_closes_every_tab_of_that_session_and_no_other(
    site: Site, open_tab: Tabs, alice: Person, bob: Person
) -> None:
    here, elsewhere = site.people.sign_in(alice), site.people.sign_in(alice)
    closing = [await open_tab.by_session(here) for _ in range(3)]
    staying = [await open_tab.by_session(elsewhere), await open_tab(alice), await open_tab(bob)]
    sign_out(site.processes[-1], here)
    await assert_closed(closing, SIGNED_OUT)
    for tab in staying:
        await tab.fence()


async def test_a_revoked_token_closes_its_tabs_whether_shown_or_turned_into_a_ticket(
    site: Site, open_tab: Tabs, alice: Person
) -> None:
    staying = await open_tab.by_session(site.people.sign_in(alice))
    closing = [await open_tab(alice), await open_tab.by_ticket(ticket_for(site.processes[0], alice))]
    (token_id,) = site.people.tell("token_ids", username=alice.username)
    delete_by_admin(site, "accounts/apitoken", str(token_id))
    await assert_closed(closing, SIGNED_OUT)
    await staying.fence()


async def test_a_changed_password_closes_the_other_sessions(site: Site, open_tab: Tabs, alice: Person) -> None:
    site.people.tell("set_password", username=alice.username, password="correct horse 1")
    mine, other = site.people.sign_in(alice), site.people.sign_in(alice)
    closing = [await open_tab.by_session(other) for _ in range(2)]
    change_password(site.processes[0], mine, "correct horse 1", "battery staple 2")
    await assert_closed(closing, SIGNED_OUT)


async def test_a_deactivated_person_is_closed_4101_in_every_tab(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    bobs = await open_tab.in_room(bob, room)
    closing = [
        await open_tab.in_room(alice, room),
        await open_tab.by_session(site.people.sign_in(alice)),
        await open_tab(alice),
    ]
    await bobs.expect("user_joined", user=alice.ref)
    deactivate_by_admin(site, alice)
    await assert_closed(closing, DEACTIVATED)
    await bobs.expect("user_left", user=alice.ref)


async def test_a_banned_account_is_closed_4102_in_every_tab_and_gets_no_new_one(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    bobs = await open_tab.in_room(bob, room)
    key = site.people.sign_in(alice)
    closing = [await open_tab.in_room(alice, room), await open_tab.by_session(key)]
    ban_by_admin(site, alice, reason="Advertising", length="7")
    await assert_closed(closing, BANNED)
    await bobs.expect("user_left", user=alice.ref)
    for come_back in (partial(open_tab, alice), partial(open_tab.by_session, key)):
        with pytest.raises(Exception, match=r"HTTP 40[13]"):  # Daphne refuses with 403 only
            await come_back()
    assert (await bobs.refusal("get_user", userId=alice.id))["code"] == "NOT_FOUND"


@pytest.mark.parametrize("kind", ["open", "closed"])
async def test_a_person_who_is_banned_from_a_room_hears_and_reads_nothing_more_of_it(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, kind: str
) -> None:
    alices = await open_tab(alice)
    made = await alices.request("create_room", kind=kind, name="Plaza", members=[bob.id])
    room = made["room"]["slug"]
    await alices.request("join_room", room=room)
    bobs = [await open_tab.in_room(bob, room) for _ in range(3)]
    await bobs[2].request("list_rooms")
    banned = await alices.request("ban_member", room=room, user=bob.id, reason="Advertising")
    assert banned["ban"]["user"]["id"] == bob.id
    for tab in bobs:
        news = await tab.expect("notification", kind="removed", room=room)
        assert news["text"] == "You are banned from this room. Reason: Advertising"
        await tab.expect("left", room=room, seconds=PROMISED_SECONDS)
    heard = [len(about(tab, room)) for tab in bobs]
    await alices.post(room, f"without you, @{bob.username}")
    code = "UNAUTHORIZED" if kind == "open" else "NOT_FOUND"
    for type_, payload in {
        "join_room": {}, "get_messages": {}, "create_message": {"content": "x"}, "list_presence": {},
        "search_messages": {"query": "without"}, "list_bans": {}, "unban_member": {"user": bob.id},
    }.items():  # fmt: skip
        assert (await bobs[0].refusal(type_, room=room, **payload))["code"] == code, type_
    assert [len(about(tab, room)) for tab in bobs[1:]] == heard[1:]
    await alices.request("unban_member", room=room, user=bob.id)
    if kind == "open":
        assert (await bobs[1].request("join_room", room=room))["role"] == "member"


@pytest.mark.parametrize("profile", [UVICORN_POSTGRES, DAPHNE_POSTGRES, CLUSTER], ids=str)
async def test_what_another_program_does_to_accounts_reaches_the_servers_over_redis(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, carol: Person
) -> None:
    key = site.people.sign_in(bob)
    tabs = [await open_tab(alice), await open_tab.by_session(key), await open_tab(carol)]
    site.people.revoke_tokens(alice)
    site.people.tell("end_session", key=key)
    site.people.deactivate(carol)
    await assert_closed(tabs[:2], SIGNED_OUT)
    await assert_closed(tabs[2:], DEACTIVATED)


async def test_a_removed_member_hears_nothing_more_of_the_room(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, carol: Person, room: str
) -> None:
    alices, carols = await open_tab.in_room(alice, room), await open_tab(carol)
    await alices.request("add_member", room=room, user=carol.id)
    await carols.request("join_room", room=room)
    bobs = [await open_tab.in_room(bob, room) for _ in range(3)]
    await bobs[2].request("list_rooms")
    await alices.request("remove_member", room=room, user=bob.id)
    for tab in bobs:
        await tab.expect("left", room=room, seconds=PROMISED_SECONDS)
        await tab.expect("notification", kind="removed", room=room)
    heard = [len(about(tab, room)) for tab in bobs]
    await alices.post(room, f"without you, @{bob.username}")
    await alices.request("typing", room=room, typing=True)
    await alices.request("update_room", room=room, name="Without bob")
    await alices.request("set_role", room=room, user=carol.id, role="moderator")
    await carols.expect("member_updated", role="moderator")
    for tab in bobs:
        await tab.fence()
    assert [len(about(tab, room)) for tab in bobs] == heard
    for type_, payload in {
        "create_message": {"content": "x"},
        "get_messages": {},
        "join_room": {},
        "list_presence": {},
    }.items():
        assert (await bobs[0].refusal(type_, room=room, **payload))["code"] == "NOT_FOUND"
    online = (await alices.request("list_presence", room=room))["online"]
    assert bob.username not in {person["username"] for person in online}


async def test_a_member_removed_while_somebody_writes_hears_a_beginning_and_no_later_part(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, writer, bobs = await open_tab(alice), await open_tab(alice), await open_tab.in_room(bob, room)
    is_over = asyncio.Event()
    number = 0

    async def write() -> None:
        nonlocal number
        while not is_over.is_set():
            await writer.post(room, f"number {number}")
            number += 1

    writing = asyncio.create_task(write())
    await bobs.collect("new_message", 5)
    await alices.request("remove_member", room=room, user=bob.id)
    await bobs.expect("left", room=room, seconds=PROMISED_SECONDS)
    last, enough = len(bobs.frames), number + 20
    while number < enough:
        await alices.fence()
    is_over.set()
    await writing
    await bobs.fence()
    assert [f for f in bobs.frames[last:] if f["type"] == "new_message"] == []


async def test_a_member_removed_in_the_administration_hears_nothing_more(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    membership = site.people.tell("membership_id", room=room, username=bob.username)
    delete_by_admin(site, "chat/membership", str(membership))
    await bobs.expect("left", room=room, seconds=PROMISED_SECONDS)
    await bobs.expect("notification", kind="removed", room=room)
    heard = len(about(bobs, room))
    await alices.post(room, "without you")
    await alices.expect_message("without you")
    await bobs.fence()
    assert len(about(bobs, room)) == heard
    assert (await bobs.refusal("join_room", room=room))["code"] == "NOT_FOUND"


@pytest.mark.parametrize("profile", [UVICORN_SQLITE, DAPHNE_POSTGRES], ids=str)
async def test_what_nobody_told_the_servers_is_found_by_the_next_access_check(
    site_builder: SiteBuilder, profile: Profile
) -> None:
    """A row deleted by hand, or a Redis that lost the news."""
    with site_builder.running(profile, ACCESS_CHECK_SECONDS=0.5) as site:
        alice, bob = site.people.create("alice", "bob")
        open_tab = Tabs(site)
        room = await open_tab.make_room(alice, bob)
        key = site.people.sign_in(alice)
        signed_in, alices, bobs = (
            await open_tab.by_session(key),
            await open_tab(alice),
            await open_tab.in_room(bob, room),
        )
        site.people.tell("end_sessions_silently", key=key)
        site.people.tell("delete_membership_silently", room=room, username=bob.username)
        assert (await signed_in.wait_closed(5))[0] == SIGNED_OUT
        await bobs.expect("left", room=room)
        await alices.post(room, "without you")
        await bobs.fence()
        assert not bobs.unread("new_message")
        await open_tab.close_all()
