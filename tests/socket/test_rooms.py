"""Rooms: creating, listing, changing, archiving, muting."""

import asyncio
from typing import Any

import pytest

from tests.servers.people import Person, unique
from tests.servers.sites import EACH_SERVER
from tests.servers.tabs import Tabs

# Every request that names a room or a message, with what else it needs.
ABOUT_A_ROOM: dict[str, dict[str, Any]] = {
    "join_room": {},
    "quit_room": {},
    "get_messages": {},
    "list_presence": {},
    "archive_room": {},
    "restore_room": {},
    "delete_room": {},
    "update_room": {"name": "Mine"},
    "mute_room": {"muted": True},
    "create_message": {"content": "x"},
    "typing": {"typing": True},
    "mark_read": {"seq": 1},
    "save_draft": {"content": "x", "version": 1},
    "add_member": {"user": "1"},
    "remove_member": {"user": "1"},
    "set_role": {"user": "1", "role": "owner"},
    "search_messages": {"query": "secret"},
}
ABOUT_A_MESSAGE: dict[str, dict[str, Any]] = {
    "edit_message": {"content": "x"},
    "delete_message": {},
    "add_reaction": {"emoji": "👍"},
    "remove_reaction": {"emoji": "👍"},
    "own_reactions": {},
}


async def test_whoever_creates_a_room_owns_it(open_tab: Tabs, alice: Person) -> None:
    tab, slug = await open_tab(alice), unique("tea")
    made = (await tab.request("create_room", room=slug, name="Tea", kind="closed", topic="Leaves"))["room"]
    assert (made["slug"], made["name"], made["kind"], made["topic"]) == (slug, "Tea", "closed", "Leaves")
    assert made["epoch"] and made["createdAt"] > 0 and "archivedAt" not in made
    (listed,) = (await tab.request("list_rooms"))["rooms"]
    assert (listed["slug"], listed["role"]) == (slug, "owner")


async def test_a_slug_is_made_of_the_name_and_differs_from_all_others(open_tab: Tabs, alice: Person) -> None:
    tab, name = await open_tab(alice), unique("Grüne Häuser")
    slugs = [(await tab.request("create_room", name=name))["room"]["slug"] for _ in range(3)]
    assert len(set(slugs)) == 3
    assert all(slug.startswith("grune-hauser-") for slug in slugs)


async def test_a_room_of_a_name_without_letters_can_be_opened(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    slug = (await tab.request("create_room", name="日本語"))["room"]["slug"]
    assert (await tab.request("join_room", room=slug))["room"]["name"] == "日本語"


async def test_a_taken_slug_is_refused_to_those_who_see_the_room_and_given_an_ending_for_others(
    open_tab: Tabs, alice: Person, mallory: Person, room: str
) -> None:
    alices, mallorys = await open_tab(alice), await open_tab(mallory)
    assert (await alices.refusal("create_room", room=room, name="Mine"))["code"] == "REQUEST_FAILED"
    made = (await mallorys.request("create_room", room=room, name="Mine"))["room"]
    assert made["slug"].startswith(f"{room}-") and made["name"] == "Mine"
    assert (await mallorys.refusal("join_room", room=room))["code"] == "NOT_FOUND"


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("slug", ["", "UPPER", "a b", "a/b", "ä", "a" * 51, "a.b", "a\n"])
async def test_a_slug_outside_the_rule_is_refused(open_tab: Tabs, alice: Person, slug: str) -> None:
    tab = await open_tab(alice)
    error = await tab.refusal("create_room", room=slug, name="Room")
    assert (error["code"], error["details"]["path"]) == ("VALIDATION_ERROR", "$.room")


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("payload", [{}, {"name": " "}, {"name": ""}, {"name": "x" * 81}])
async def test_a_room_needs_a_name(open_tab: Tabs, alice: Person, payload: dict[str, str]) -> None:
    tab = await open_tab(alice)
    assert (await tab.refusal("create_room", **payload))["code"] == "VALIDATION_ERROR"


async def test_first_members_are_told_and_find_the_room_in_their_list(
    open_tab: Tabs, alice: Person, bob: Person
) -> None:
    bobs = await open_tab(bob)
    slug = await open_tab.make_room(alice, bob)
    await bobs.expect("notification", kind="added", room=slug)
    (listed,) = (await bobs.request("list_rooms"))["rooms"]
    assert (listed["slug"], listed["role"]) == (slug, "member")


async def test_a_room_with_somebody_who_does_not_exist_is_not_made(open_tab: Tabs, alice: Person) -> None:
    tab, slug = await open_tab(alice), unique("ghosts")
    assert (await tab.refusal("create_room", room=slug, name="x", members=["unknown-person"]))["code"] == "NOT_FOUND"
    assert (await tab.refusal("join_room", room=slug))["code"] == "NOT_FOUND"


async def test_two_people_have_one_direct_room_whoever_asks(open_tab: Tabs, alice: Person, bob: Person) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    responses = await asyncio.gather(
        alices.request("create_room", kind="direct", members=[bob.username]),
        bobs.request("create_room", kind="direct", members=[alice.id]),
        alices.request("create_room", kind="direct", members=[bob.id]),
    )
    assert len({response["room"]["slug"] for response in responses}) == 1
    room = responses[0]["room"]
    assert room["kind"] == "direct"
    assert {member["username"] for member in room["members"]} == {alice.username, bob.username}
    (listed,) = (await bobs.request("list_rooms"))["rooms"]
    assert {member["id"] for member in listed["members"]} == {alice.id, bob.id}


async def test_a_direct_room_has_exactly_two_people_for_ever(
    open_tab: Tabs, alice: Person, bob: Person, carol: Person
) -> None:
    tab = await open_tab(alice)
    for members in ([], [alice.username], [bob.username, carol.username]):
        assert (await tab.refusal("create_room", kind="direct", members=members))["code"] == "VALIDATION_ERROR"
    slug = (await tab.request("create_room", kind="direct", members=[bob.username]))["room"]["slug"]
    assert (await tab.refusal("add_member", room=slug, user=carol.username))["code"] == "REQUEST_FAILED"
    assert (await tab.refusal("quit_room", room=slug))["code"] == "REQUEST_FAILED"
    assert (await tab.refusal("remove_member", room=slug, user=bob.username))["code"] == "REQUEST_FAILED"


async def test_nobody_can_stand_in_the_way_of_a_direct_room(
    open_tab: Tabs, alice: Person, bob: Person, mallory: Person
) -> None:
    mallorys = await open_tab(mallory)
    for first, second in ((alice, bob), (bob, alice)):
        await mallorys.ask("create_room", room=f"direct-{first.id}-{second.id}", name="Mine", kind="open")
    room = (await (await open_tab(alice)).request("create_room", kind="direct", members=[bob.username]))["room"]
    assert {member["id"] for member in room["members"]} == {alice.id, bob.id}
    assert (await mallorys.refusal("join_room", room=room["slug"]))["code"] == "NOT_FOUND"


async def test_the_list_holds_my_rooms_only_with_what_concerns_me(
    open_tab: Tabs, alice: Person, bob: Person, mallory: Person, room: str
) -> None:
    alices = await open_tab(alice)
    message = await alices.post(room, f"hello @{bob.username}")
    (listed,) = (await (await open_tab(bob)).request("list_rooms"))["rooms"]
    assert (listed["slug"], listed["kind"], listed["role"]) == (room, "closed", "member")
    assert (listed["unread"], listed["mentions"], listed["lastReadSeq"], listed["muted"]) == (1, 1, 0, False)
    assert listed["change"] == message["change"]
    assert (await (await open_tab(mallory)).request("list_rooms"))["rooms"] == []


async def test_a_rename_is_told_and_leaves_a_notice(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    bobs, alices = await open_tab.in_room(bob, room), await open_tab(alice)
    response = await alices.request("update_room", room=room, name="New name", topic="New topic")
    assert (response["room"]["name"], response["room"]["topic"]) == ("New name", "New topic")
    first, second = await bobs.collect("new_message", 2)
    assert (first["message"]["kind"], first["message"]["content"]) == ("rename", "New name")
    assert (second["message"]["kind"], second["message"]["content"]) == ("topic", "New topic")
    assert first["message"]["author"] == alice.ref and second["change"] == first["change"] + 1
    updated = await bobs.expect("room_updated")
    assert updated["room"]["slug"] == room and updated["room"]["name"] == "New name"


async def test_only_those_who_moderate_change_a_room(
    open_tab: Tabs, bob: Person, mallory: Person, room: str, open_room: str
) -> None:
    bobs, mallorys = await open_tab(bob), await open_tab(mallory)
    assert (await bobs.refusal("update_room", room=room, name="Bob's"))["code"] == "UNAUTHORIZED"
    assert (await mallorys.refusal("update_room", room=open_room, name="Mallory's"))["code"] == "UNAUTHORIZED"
    assert (await mallorys.refusal("update_room", room=room, name="Mallory's"))["code"] == "NOT_FOUND"
    assert (await bobs.refusal("archive_room", room=room))["code"] == "UNAUTHORIZED"
    assert (await mallorys.refusal("archive_room", room=room))["code"] == "NOT_FOUND"


async def test_an_archived_room_can_be_read_but_not_written(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab.in_room(bob, room)
    message = await bobs.post(room, "before")
    response = await alices.request("archive_room", room=room)
    assert response["room"]["archivedAt"] > 0
    await bobs.expect("new_message", where=lambda data: data["message"]["kind"] == "archive")
    for type_, payload in {
        "create_message": {"room": room, "content": "after"},
        "edit_message": {"message": message["id"], "content": "after"},
        "add_reaction": {"message": message["id"], "emoji": "👍"},
    }.items():
        assert (await bobs.refusal(type_, **payload))["code"] == "REQUEST_FAILED", type_
    joined = await bobs.request("join_room", room=room)
    assert [m["content"] for m in joined["messages"] if m["kind"] == "text"] == ["before"]


async def test_muting_is_mine_alone_in_all_my_tabs(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    bobs, bobs_other, alices = await open_tab(bob), await open_tab(bob), await open_tab(alice)
    assert await bobs.request("mute_room", room=room, muted=True) == {"room": room, "muted": True}
    assert (await bobs.request("list_rooms"))["rooms"][0]["muted"] is True
    assert (await bobs_other.expect("notification", kind="muted", room=room))["muted"] is True
    assert (await alices.request("list_rooms"))["rooms"][0]["muted"] is False
    assert not alices.unread("notification", kind="muted")


async def test_what_one_may_not_see_looks_as_what_does_not_exist(
    open_tab: Tabs, alice: Person, mallory: Person, room: str
) -> None:
    message = await (await open_tab(alice)).post(room, "secret")
    tab = await open_tab(mallory)
    pairs = [(type_, {"room": room, **rest}, {"room": "no-such-room", **rest}) for type_, rest in ABOUT_A_ROOM.items()]
    here, elsewhere = {"message": message["id"]}, {"message": "999999999"}
    pairs += [(type_, {**here, **rest}, {**elsewhere, **rest}) for type_, rest in ABOUT_A_MESSAGE.items()]
    for type_, hidden, missing in pairs:
        seen = await tab.refusal(type_, **hidden)
        assert seen == await tab.refusal(type_, **missing), type_
        # Typing needs no permission to be refused: it is for rooms that this tab has joined.
        assert seen["code"] == ("REQUEST_FAILED" if type_ == "typing" else "NOT_FOUND"), type_
    left = [await tab.ask("leave_room", room=name) for name in (room, "no-such-room")]
    assert left[0]["type"] == left[1]["type"]
