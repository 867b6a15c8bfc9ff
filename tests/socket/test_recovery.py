"""Coming back: what changed meanwhile, each row once, and then live, without a hole and without a repeat."""

import asyncio
from typing import Any

import pytest

from tests.servers.events import DURABLE, assert_gapless
from tests.servers.people import Person
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.every_profile

RECOVERY_ROWS = 100


async def away(tab: SocketClient, room: str) -> dict[str, Any]:
    """Join, note the cursor, and leave again."""
    joined = await tab.request("join_room", room=room)
    await tab.request("leave_room", room=room)
    return {"after": joined["change"], "epoch": joined["epoch"]}


def learn(changes: dict[str, int], messages: list[dict[str, Any]]) -> None:
    """Note the newest change of each message."""
    for message in messages:
        changes[message["id"]] = max(message["change"], changes.get(message["id"], 0))


def rows_of(site: Site, room: str) -> list[dict[str, Any]]:
    return [{**row, "id": str(row["id"])} for row in site.people.messages(room)]


async def post_many(tab: SocketClient, room: str, count: int) -> None:
    for number in range(count):
        await tab.send("create_message", id=f"many{number}", room=room, content=f"many {number}")
    for number in range(count):
        await tab.response_to(f"many{number}")


async def test_who_comes_back_gets_each_changed_row_once_in_its_newest_state(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    old = await alices.post(room, "old")
    untouched = await alices.post(room, "untouched")
    cursor = await away(bobs, room)
    new = await alices.post(room, "new")
    await alices.request("edit_message", message=old["id"], content="old, edited")
    await alices.request("edit_message", message=old["id"], content="old, edited twice")
    await alices.request("add_reaction", message=new["id"], emoji="👍")
    gone = await alices.post(room, "gone")
    await alices.request("delete_message", message=gone["id"])
    joined = await bobs.request("join_room", room=room, **cursor)
    assert joined["reset"] is False
    shown = [(m["id"], m["content"], m["change"]) for m in joined["messages"]]
    start = untouched["change"]
    assert shown == [
        (old["id"], "old, edited twice", start + 3),
        (new["id"], "new", start + 4),
        (gone["id"], "", start + 6),
    ]
    assert joined["change"] == start + 6


async def test_who_missed_nothing_gets_nothing(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    await tab.post(room, "seen")
    cursor = await away(tab, room)
    joined = await tab.request("join_room", room=room, **cursor)
    assert (joined["messages"], joined["reset"], joined["change"]) == ([], False, cursor["after"])


async def test_a_cursor_that_cannot_be_honoured_means_a_fresh_start(
    site: Site, open_tab: Tabs, alice: Person, room: str
) -> None:
    tab = await open_tab(alice)
    await post_many(tab, room, 3)
    cursor = await away(tab, room)
    bad = [
        {**cursor, "epoch": "another"},
        {"after": cursor["after"]},
        {**cursor, "after": cursor["after"] + 1},
        {**cursor, "after": 2**53 - 1},
    ]
    for wrong in bad:
        joined = await tab.request("join_room", room=room, **wrong)
        assert joined["reset"] is True, wrong
        assert len(joined["messages"]) == 3 and joined["change"] == cursor["after"]
        await tab.request("leave_room", room=room)
    site.people.tell("renew_epoch", room=room)
    joined = await tab.request("join_room", room=room, **cursor)
    assert (joined["reset"], joined["epoch"]) == (True, "restored")


async def test_when_too_much_has_changed_the_last_page_is_enough(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    cursor = await away(tab, room)
    await post_many(tab, room, RECOVERY_ROWS)
    recovered = await tab.request("join_room", room=room, **cursor)
    assert (recovered["reset"], len(recovered["messages"])) == (False, RECOVERY_ROWS)
    await tab.post(room, "one too many")
    fresh = await tab.request("join_room", room=room, **cursor)
    assert (fresh["reset"], len(fresh["messages"]), fresh["hasMore"]) == (True, 50, True)
    assert [m["seq"] for m in fresh["messages"]] == sorted(m["seq"] for m in fresh["messages"])
    assert fresh["messages"][-1]["content"] == "one too many"


async def test_sync_recovers_several_rooms_at_once(
    open_tab: Tabs, alice: Person, bob: Person, mallory: Person, room: str, open_room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    hidden = await open_tab.make_room(alice)
    cursors = {name: await away(bobs, name) for name in (room, open_room)}
    missed = await alices.post(room, "missed")
    asked = {name: {"change": cursor["after"], "epoch": cursor["epoch"]} for name, cursor in cursors.items()}
    asked[open_room]["epoch"] = "another"
    asked |= {hidden: {"change": 0, "epoch": "x"}, "no-such-room": {"change": 0, "epoch": "x"}}
    response = (await bobs.request("sync", rooms=asked))["rooms"]
    assert response[room]["messages"] == [missed]
    assert (response[room]["change"], response[room]["reset"]) == (missed["change"], False)
    assert response[open_room]["reset"] is True
    assert response[hidden] == response["no-such-room"] == {"error": "NOT_FOUND"}


async def test_joining_while_others_write_leaves_no_hole_and_repeats_nothing(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    writers = [await open_tab(alice) for _ in range(2)]
    is_over = asyncio.Event()

    async def write(tab: SocketClient) -> None:
        number = 0
        while not is_over.is_set():
            message = await tab.post(room, f"busy {number}")
            if number % 3 == 0:
                await tab.request("edit_message", message=message["id"], content=f"edited {number}")
            number += 1

    cursors: dict[SocketClient, dict[str, Any]] = {}
    known: dict[SocketClient, dict[str, int]] = {}

    async def come_and_go(tab: SocketClient) -> None:
        cursor = await away(tab, room)
        learn(known.setdefault(tab, {}), [row for row in rows_of(site, room) if row["change"] <= cursor["after"]])
        for turn in range(8):
            joined = await tab.request("join_room", room=room, **cursor)
            changes = [m["change"] for m in joined["messages"]]
            if not joined["reset"]:
                assert changes == sorted(set(changes)) and all(c > cursor["after"] for c in changes)
            # What the last change was of may have changed again by the time the rows are read: then it comes live.
            assert joined["change"] >= max([cursor["after"], *changes])
            learn(known.setdefault(tab, {}), joined["messages"])
            await tab.collect("new_message", 2)
            await tab.fence()
            assert_gapless(tab, room)
            if turn % 2:
                await tab.request("leave_room", room=room)
            seen = [f["data"] for f in tab.frames if f["type"] in DURABLE]
            learn(known.setdefault(tab, {}), [event["message"] for event in seen])
            cursor = {"after": max([joined["change"], *(event["change"] for event in seen)]), "epoch": joined["epoch"]}
        cursors[tab] = cursor

    writing = [asyncio.create_task(write(tab)) for tab in writers]
    readers = [await open_tab(bob) for _ in range(4)]
    try:
        await asyncio.gather(*(come_and_go(tab) for tab in readers))
    finally:
        is_over.set()
        await asyncio.gather(*writing)
    for tab, cursor in cursors.items():
        joined = await tab.request("join_room", room=room, **cursor)
        learn(known.setdefault(tab, {}), joined["messages"])
        assert known[tab] == {row["id"]: row["change"] for row in rows_of(site, room)}


async def test_whatever_was_missed_the_tab_ends_with_what_is_stored(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices = await open_tab(alice)
    known: dict[str, dict[str, Any]] = {}
    cursor: dict[str, Any] = {"after": 0}
    for turn in range(5):
        bobs = await open_tab(bob)
        joined = await bobs.request("join_room", room=room, **cursor)
        known.update({m["id"]: m for m in joined["messages"]})
        first = await alices.post(room, f"seen {turn}")
        await bobs.expect_message(f"seen {turn}")
        known.update({f["data"]["message"]["id"]: f["data"]["message"] for f in bobs.frames if f["type"] in DURABLE})
        cursor = {"after": first["change"], "epoch": joined["epoch"]}
        await bobs.abort()
        await alices.post(room, f"missed {turn}")
        await alices.request("edit_message", message=first["id"], content=f"seen and edited {turn}")
    bobs = await open_tab(bob)
    known.update({m["id"]: m for m in (await bobs.request("join_room", room=room, **cursor))["messages"]})
    stored = {str(row["id"]): (row["content"], row["change"]) for row in site.people.messages(room)}
    assert {key: (m["content"], m["change"]) for key, m in known.items()} == stored
