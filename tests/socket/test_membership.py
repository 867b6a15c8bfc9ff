"""Coming into rooms and going: joining, leaving, quitting, adding, removing, roles."""

import pytest

from tests.servers.events import assert_gapless
from tests.servers.people import Person
from tests.servers.tabs import Tabs
from tests.socket.presence import until_online

pytestmark = pytest.mark.every_profile


async def test_joined_brings_everything_that_a_tab_needs(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    posted = await (await open_tab.in_room(alice, room)).post(room, "hello")
    bobs = await open_tab(bob)
    await until_online(bobs, room, {alice.username: 1})  # another process hears of her a moment later
    joined = await bobs.request("join_room", room=room)
    assert joined["room"]["slug"] == room and joined["role"] == "member"
    assert (joined["change"], joined["epoch"]) == (posted["change"], joined["room"]["epoch"])
    assert joined["messages"] == [posted]
    assert (joined["reset"], joined["hasMore"], joined["streams"], joined["lastReadSeq"]) == (False, False, [], 0)
    online = {person["username"]: person["tabs"] for person in joined["online"]}
    assert online == {alice.username: 1, bob.username: 1}


async def test_anybody_may_join_an_open_room_and_is_a_member_from_then_on(
    open_tab: Tabs, alice: Person, mallory: Person, open_room: str
) -> None:
    alices, mallorys = await open_tab.in_room(alice, open_room), await open_tab(mallory)
    joined = await mallorys.request("join_room", room=open_room)
    assert joined["role"] == "member"
    notice = (await alices.expect("new_message"))["message"]
    assert (notice["kind"], notice["content"], notice["author"]) == ("join", "", mallory.ref)
    assert (await alices.expect("member_updated"))["user"] == mallory.ref
    assert (await alices.expect("user_joined"))["user"] == mallory.ref
    assert [room["slug"] for room in (await mallorys.request("list_rooms"))["rooms"]] == [open_room]
    await mallorys.request("join_room", room=open_room)
    await alices.post(open_room, "fence")
    await alices.expect_message("fence")
    assert not alices.unread("new_message"), "joining again is no second coming"


async def test_an_open_room_can_be_read_but_not_written_before_joining(
    open_tab: Tabs, alice: Person, mallory: Person, open_room: str
) -> None:
    await (await open_tab(alice)).post(open_room, "for everyone")
    mallorys = await open_tab(mallory)
    page = await mallorys.request("get_messages", room=open_room)
    assert [message["content"] for message in page["messages"]] == ["for everyone"]
    assert (await mallorys.refusal("create_message", room=open_room, content="x"))["code"] == "UNAUTHORIZED"


async def test_after_leaving_a_tab_hears_nothing_but_stays_a_member(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, leaver, stayer = [await open_tab.in_room(person, room) for person in (alice, bob, bob)]
    await leaver.request("leave_room", room=room)
    await alices.post(room, "after leaving")
    await stayer.expect_message("after leaving")
    await leaver.fence()
    assert not leaver.unread("new_message")
    assert (await leaver.request("list_rooms"))["rooms"][0]["slug"] == room


async def test_leaving_a_room_that_was_not_joined_harms_nothing(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    response = await tab.ask("leave_room", room=room)
    assert response["type"] == "left" or response["error"]["code"] in ("REQUEST_FAILED", "NOT_FOUND")
    await tab.fence()


async def test_joining_twice_gives_every_event_once(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab.in_room(alice, room)
    await tab.request("join_room", room=room)
    await tab.post(room, "once")
    await tab.post(room, "fence")
    await tab.expect_message("fence")
    assert len([f for f in tab.frames if f["type"] == "new_message" and f["data"]["message"]["content"] == "once"]) == 1


async def test_quitting_ends_the_membership_and_every_tab_of_it(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, quitter, other = [await open_tab.in_room(person, room) for person in (alice, bob, bob)]
    assert await quitter.request("quit_room", room=room) == {"room": room, "user": bob.ref, "role": None}
    notice = (await alices.expect("new_message"))["message"]
    assert (notice["kind"], notice["content"], notice["author"]) == ("leave", "", bob.ref)
    assert await alices.expect("member_updated") == {"room": room, "user": bob.ref, "role": None}
    for tab in (quitter, other):
        await tab.expect("notification", kind="removed", room=room)
        assert (await tab.request("list_rooms"))["rooms"] == []
        assert (await tab.refusal("join_room", room=room))["code"] == "NOT_FOUND"


async def test_the_last_owner_must_make_another_before_quitting(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    tab = await open_tab(alice)
    assert (await tab.refusal("quit_room", room=room))["code"] == "REQUEST_FAILED"
    assert (await tab.refusal("set_role", room=room, user=alice.id, role="member"))["code"] == "REQUEST_FAILED"
    await tab.request("set_role", room=room, user=bob.id, role="owner")
    await tab.request("quit_room", room=room)


@pytest.mark.parametrize("key", ["id", "username"])
async def test_adding_and_removing_a_member_by_id_or_name(
    open_tab: Tabs, alice: Person, bob: Person, carol: Person, room: str, key: str
) -> None:
    alices, bobs, carols = await open_tab(alice), await open_tab.in_room(bob, room), await open_tab(carol)
    named = getattr(carol, key)
    assert await alices.request("add_member", room=room, user=named) == {
        "room": room,
        "user": carol.ref,
        "role": "member",
    }
    await carols.expect("notification", kind="added", room=room)
    came = (await bobs.expect("new_message"))["message"]
    assert (came["kind"], came["content"], came["author"]) == ("join", alice.username, carol.ref)
    assert await bobs.expect("member_updated") == {"room": room, "user": carol.ref, "role": "member"}
    await carols.request("join_room", room=room)
    assert await alices.request("remove_member", room=room, user=named) == {
        "room": room,
        "user": carol.ref,
        "role": None,
    }
    await carols.expect("notification", kind="removed", room=room)
    gone = (await bobs.expect("new_message"))["message"]
    assert (gone["kind"], gone["content"], gone["author"]) == ("leave", alice.username, carol.ref)
    assert_gapless(bobs, room)


async def test_whoever_is_added_has_read_what_was_before_them(
    open_tab: Tabs, alice: Person, carol: Person, room: str
) -> None:
    alices, carols = await open_tab(alice), await open_tab(carol)
    await alices.post(room, "long ago")
    await alices.request("add_member", room=room, user=carol.id)
    assert (await carols.request("list_rooms"))["rooms"][0]["unread"] == 0
    await alices.post(room, "since then")
    assert (await carols.request("list_rooms"))["rooms"][0]["unread"] == 1


async def test_a_role_is_told_to_the_room(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab(alice), await open_tab.in_room(bob, room)
    fact = {"room": room, "user": bob.ref, "role": "moderator"}
    assert await alices.request("set_role", room=room, user=bob.username, role="moderator") == fact
    assert await bobs.expect("member_updated") == fact
    assert (await bobs.request("join_room", room=room))["role"] == "moderator"


async def test_members_decide_nothing_about_others(
    open_tab: Tabs, alice: Person, bob: Person, carol: Person, room: str
) -> None:
    tab = await open_tab(bob)
    for type_, payload in [
        ("add_member", {"user": carol.id}),
        ("remove_member", {"user": alice.id}),
        ("set_role", {"user": bob.id, "role": "owner"}),
        ("set_role", {"user": alice.id, "role": "member"}),
    ]:
        assert (await tab.refusal(type_, room=room, **payload))["code"] == "UNAUTHORIZED", type_


async def test_a_moderator_decides_about_members_but_not_about_owners(
    open_tab: Tabs, alice: Person, bob: Person, carol: Person, room: str
) -> None:
    await (await open_tab(alice)).request("set_role", room=room, user=bob.id, role="moderator")
    tab = await open_tab(bob)
    await tab.request("add_member", room=room, user=carol.id)
    await tab.request("remove_member", room=room, user=carol.id)
    assert (await tab.refusal("add_member", room=room, user=carol.id, role="owner"))["code"] == "UNAUTHORIZED"
    assert (await tab.refusal("set_role", room=room, user=bob.id, role="owner"))["code"] == "UNAUTHORIZED"
    assert (await tab.refusal("remove_member", room=room, user=alice.id))["code"] == "UNAUTHORIZED"


async def test_who_is_no_member_cannot_be_removed_or_given_a_role(
    open_tab: Tabs, alice: Person, mallory: Person, room: str
) -> None:
    tab = await open_tab(alice)
    for user in (mallory.id, "unknown-person", "99999999999999999999999999999999"):
        assert (await tab.refusal("remove_member", room=room, user=user))["code"] == "NOT_FOUND"
        assert (await tab.refusal("set_role", room=room, user=user, role="member"))["code"] == "NOT_FOUND"


async def test_several_rooms_are_left_together_and_all_tabs_hear_it(open_tab: Tabs, alice: Person, bob: Person) -> None:
    rooms = [await open_tab.make_room(alice, bob) for _ in range(3)]
    mine = await open_tab.make_room(bob, alice)
    other = await open_tab.in_room(bob, rooms[0])
    quitter = await open_tab(bob)
    results = (await quitter.request("quit_rooms", rooms=[*rooms[:2], mine, rooms[0]]))["results"]
    assert [(each["room"], each["left"]) for each in results] == [(rooms[0], True), (rooms[1], True), (mine, False)]
    assert results[2]["error"]["code"] == "REQUEST_FAILED"
    await other.expect("notification", kind="removed", room=rooms[0])
    assert (await other.refusal("get_messages", room=rooms[0]))["code"] == "NOT_FOUND"
    left = {room["slug"] for room in (await quitter.request("list_rooms"))["rooms"]}
    assert left == {rooms[2], mine}
    for wrong in ([], [f"room-{number}" for number in range(101)], ["No slug"], "room"):
        assert (await quitter.refusal("quit_rooms", rooms=wrong))["code"] == "VALIDATION_ERROR"
