"""Messages: posting, sending twice, replying, mentioning, editing, deleting, reacting."""

import asyncio

import pytest

from tests.servers.events import assert_gapless
from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.every_profile


async def test_a_posted_message_is_stored_confirmed_and_heard_by_every_tab(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    tabs = [await open_tab.in_room(person, room) for person in (alice, alice, bob, bob)]
    message = await tabs[0].post(room, "hello **all**", clientId="c-1")
    stored = site.people.messages(room)
    assert [(row["content"], row["seq"], str(row["id"])) for row in stored] == [
        ("hello **all**", message["seq"], message["id"])
    ]
    assert message["room"] == room and message["author"] == alice.ref and message["kind"] == "text"
    assert message["clientId"] == "c-1" and message["seq"] == message["change"]
    assert message["html"].strip() == "<p>hello <strong>all</strong></p>"
    assert message["reactions"] == [] and message["mentions"] == [] and message["createdAt"] > 0
    assert not {"editedAt", "deletedAt", "replyTo"} & set(message)
    for tab in tabs:
        assert await tab.expect("new_message") == {"room": room, "change": message["change"], "message": message}


async def test_messages_of_one_connection_keep_their_order(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    for number in range(60):
        await alices.send("create_message", id=f"m{number}", room=room, content=f"number {number}")
    await bobs.expect_message("number 59")
    wanted = [f"number {number}" for number in range(60)]
    assert [row["content"] for row in site.people.messages(room)] == wanted
    assert [f["data"]["message"]["content"] for f in bobs.frames if f["type"] == "new_message"] == wanted
    assert_gapless(bobs, room)
    for number in range(60):
        assert (await alices.response_to(f"m{number}"))["success"] is True


async def test_many_writers_get_one_order_that_everybody_sees(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    writers = [await open_tab.in_room(person, room) for person in (alice, bob, alice, bob)]

    async def write(number: int) -> None:
        for turn in range(15):
            await writers[number].post(room, f"{number}/{turn}")

    await asyncio.gather(*(write(number) for number in range(len(writers))))
    stored = [(row["change"], row["content"]) for row in site.people.messages(room)]
    assert len(stored) == 60
    for tab in writers:
        while len([f for f in tab.frames if f["type"] == "new_message"]) < 60:
            await tab.expect("new_message")
        heard = [
            (f["data"]["change"], f["data"]["message"]["content"]) for f in tab.frames if f["type"] == "new_message"
        ]
        assert heard == stored


@pytest.mark.parametrize("by", ["clientId", "id"])
async def test_a_message_sent_twice_is_stored_once(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str, by: str
) -> None:
    first, second, bobs = [await open_tab.in_room(person, room) for person in (alice, alice, bob)]
    key = f"key-{room}"
    frame = {
        "room": room,
        "content": "only once",
        **({"clientId": key, "id": "any"} if by == "clientId" else {"id": key}),
    }
    request_id = frame["id"]
    await first.send("create_message", **frame)
    original = (await first.response_to(request_id))["data"]["message"]
    for tab in (first, second):
        await tab.send("create_message", **frame)
        again = await tab.response_to(request_id)
        assert again["success"] is True and again["data"]["message"] == original
    await first.post(room, "fence")
    await bobs.expect_message("fence")
    assert [row["content"] for row in site.people.messages(room)] == ["only once", "fence"]
    assert len([f for f in bobs.frames if f["type"] == "new_message"]) == 2


async def test_a_message_sent_by_many_tabs_at_once_is_stored_once(
    site: Site, open_tab: Tabs, alice: Person, room: str
) -> None:
    tabs = [await open_tab(alice) for _ in range(6)]
    posts = [tab.post(room, "racing", clientId=f"race-{room}") for tab in tabs for _ in range(3)]
    assert len({message["id"] for message in await asyncio.gather(*posts)}) == 1
    assert len(site.people.messages(room)) == 1


async def test_the_same_client_id_with_other_content_is_a_conflict(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str, open_room: str
) -> None:
    tab, key = await open_tab(alice), f"key-{room}"
    await tab.post(room, "first", clientId=key)
    assert (await tab.refusal("create_message", room=room, content="other", clientId=key))["code"] == "CONFLICT"
    assert (await tab.refusal("create_message", room=open_room, content="first", clientId=key))["code"] == "CONFLICT"
    assert [row["content"] for row in site.people.messages(room)] == ["first"]
    await (await open_tab(bob)).post(room, "another person's id", clientId=key)


async def test_a_late_resend_after_an_edit_or_a_deletion_gets_the_message_as_it_is_now(
    open_tab: Tabs, alice: Person, room: str
) -> None:
    tab, key = await open_tab(alice), f"key-{room}"
    message = await tab.post(room, "first", clientId=key)
    await tab.request("edit_message", message=message["id"], content="second")
    assert (await tab.post(room, "first", clientId=key))["content"] == "second"
    await tab.request("delete_message", message=message["id"])
    assert (await tab.post(room, "first", clientId=key))["deletedAt"] > 0


async def test_a_reply_shows_what_it_replies_to(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    asked = await alices.post(room, "tea\nor coffee?")
    reply = await bobs.post(room, "tea", replyTo=asked["id"])
    assert reply["replyTo"] == {
        "id": asked["id"], "seq": asked["seq"], "author": alice.ref, "excerpt": "tea or coffee?", "deleted": False,
    }  # fmt: skip
    await alices.request("delete_message", message=asked["id"])
    (shown,) = [m for m in (await bobs.request("get_messages", room=room))["messages"] if m["id"] == reply["id"]]
    assert shown["replyTo"]["deleted"] is True and "coffee" not in shown["replyTo"]["excerpt"]


async def test_a_reply_to_a_message_of_another_room_is_refused(
    open_tab: Tabs, alice: Person, room: str, open_room: str
) -> None:
    tab = await open_tab(alice)
    elsewhere = await tab.post(open_room, "elsewhere")
    for message_id in (elsewhere["id"], "999999999"):
        error = await tab.refusal("create_message", room=room, content="x", replyTo=message_id)
        assert error["code"] in ("NOT_FOUND", "VALIDATION_ERROR", "REQUEST_FAILED")


async def test_mentions_name_members_only(
    open_tab: Tabs, alice: Person, bob: Person, mallory: Person, room: str
) -> None:
    tab = await open_tab(alice)
    message = await tab.post(room, f"@{bob.username} and @{mallory.username} and @stranger")
    assert message["mentions"] == [bob.id]


async def test_indentation_survives_posting_and_editing(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    message = await tab.post(room, "\n    def f():\n        return 1\n\n")
    assert message["content"] == "    def f():\n        return 1"
    edited = (await tab.request("edit_message", message=message["id"], content="   1. x\n   2. y\n"))["message"]
    assert edited["content"] == "   1. x\n   2. y" and edited["html"].count("<li>") == 2


async def test_an_edit_is_heard_as_the_next_change(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    message = await alices.post(room, "helo")
    edited = (await alices.request("edit_message", message=message["id"], content="*hello*"))["message"]
    assert (edited["content"], edited["html"].strip()) == ("*hello*", "<p><em>hello</em></p>")
    assert (edited["seq"], edited["change"]) == (message["seq"], message["change"] + 1)
    assert edited["editedAt"] >= message["createdAt"]
    updated = await bobs.expect("message_updated")
    assert updated == {"room": room, "change": edited["change"], "message": edited}
    assert_gapless(bobs, room)


async def test_a_deleted_message_stays_as_a_tombstone(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    message = await alices.post(room, f"regrettable @{bob.username}")
    await bobs.request("add_reaction", message=message["id"], emoji="👍")
    gone = (await alices.request("delete_message", message=message["id"]))["message"]
    assert (gone["content"], gone["html"], gone["reactions"], gone["mentions"]) == ("", "", [], [])
    assert gone["deletedAt"] > 0 and gone["seq"] == message["seq"]
    assert await bobs.expect("message_updated", change=gone["change"]) == {
        "room": room,
        "change": gone["change"],
        "message": gone,
    }
    assert (await bobs.request("get_messages", room=room))["messages"] == [gone]
    assert (await alices.request("delete_message", message=message["id"]))["message"] == gone
    for type_, payload in {"edit_message": {"content": "x"}, "add_reaction": {"emoji": "👍"}}.items():
        assert (await alices.refusal(type_, message=message["id"], **payload))["code"] == "REQUEST_FAILED"


async def test_only_the_author_edits_and_only_author_or_moderator_deletes(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    of_alice, of_bob = await alices.post(room, "alice's"), await bobs.post(room, "bob's")
    assert (await bobs.refusal("edit_message", message=of_alice["id"], content="x"))["code"] == "UNAUTHORIZED"
    assert (await bobs.refusal("delete_message", message=of_alice["id"]))["code"] == "UNAUTHORIZED"
    assert (await alices.refusal("edit_message", message=of_bob["id"], content="x"))["code"] == "UNAUTHORIZED"
    assert (await alices.request("delete_message", message=of_bob["id"]))["message"]["deletedAt"] > 0


async def test_notices_cannot_be_changed(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab.in_room(alice, room)
    await tab.request("update_room", room=room, name="Other")
    notice = (await tab.expect("new_message"))["message"]
    for type_, payload in {
        "edit_message": {"content": "x"}, "delete_message": {}, "add_reaction": {"emoji": "👍"},
    }.items():  # fmt: skip
        assert (await tab.refusal(type_, message=notice["id"], **payload))["code"] == "REQUEST_FAILED"


async def test_edits_and_deletions_that_race_end_the_same_everywhere(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    first, second, bobs = [await open_tab.in_room(person, room) for person in (alice, alice, bob)]
    message = await first.post(room, "start")
    edits = [
        tab.ask("edit_message", message=message["id"], content=f"edit {n}") for n in range(5) for tab in (first, second)
    ]
    responses = await asyncio.gather(*edits[:6], second.ask("delete_message", message=message["id"]), *edits[6:])
    assert responses[6]["success"] is True
    assert {a["error"]["code"] for a in responses if not a["success"]} <= {"REQUEST_FAILED"}
    (row,) = site.people.messages(room)
    assert row["content"] == ""
    await bobs.expect("message_updated", change=row["change"])
    assert_gapless(bobs, room)


async def test_reactions_are_counted_by_person_and_emoji(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    message = await alices.post(room, "cake?")
    await alices.request("add_reaction", message=message["id"], emoji="👍")
    await bobs.request("add_reaction", message=message["id"], emoji="👍")
    both = (await bobs.request("add_reaction", message=message["id"], emoji="🎂"))["message"]
    assert both["reactions"] == [{"emoji": "👍", "users": [alice.ref, bob.ref]}, {"emoji": "🎂", "users": [bob.ref]}]
    again = (await bobs.request("add_reaction", message=message["id"], emoji="🎂"))["message"]
    assert again == both, "the same reaction again changes nothing"
    less = (await bobs.request("remove_reaction", message=message["id"], emoji="👍"))["message"]
    assert less["reactions"] == [{"emoji": "👍", "users": [alice.ref]}, {"emoji": "🎂", "users": [bob.ref]}]
    assert (await bobs.request("remove_reaction", message=message["id"], emoji="👍"))["message"] == less
    await alices.expect("message_updated", change=less["change"])
    assert_gapless(alices, room)


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("emoji", ["👍", "👩‍👩‍👧‍👦", "❤️", "🇪🇺", "3️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👋🏽", "©️"])
async def test_every_emoji_can_be_a_reaction(open_tab: Tabs, alice: Person, room: str, emoji: str) -> None:
    tab = await open_tab(alice)
    message = await tab.post(room, "x")
    reacted = (await tab.request("add_reaction", message=message["id"], emoji=emoji))["message"]
    assert reacted["reactions"] == [{"emoji": emoji, "users": [alice.ref]}]


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("emoji", ["", "yes", "<b>", " ", "a👍", "👍" * 40, "\u202e", "1"])
async def test_what_is_no_emoji_is_no_reaction(open_tab: Tabs, alice: Person, room: str, emoji: str) -> None:
    tab = await open_tab(alice)
    message = await tab.post(room, "x")
    error = await tab.refusal("add_reaction", message=message["id"], emoji=emoji)
    assert (error["code"], error["details"]["path"]) == ("VALIDATION_ERROR", "$.emoji")
