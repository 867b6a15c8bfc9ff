"""What is read and unread, in every tab of a person, and the notifications that tell of it."""

from tests.servers.people import Person
from tests.servers.tabs import Tabs


async def test_reading_is_heard_by_all_tabs_of_the_reader_and_by_nobody_else(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    messages = [await alices.post(room, f"@{bob.username} {number}") for number in range(4)]
    first, second = await open_tab(bob), await open_tab(bob)
    fact = {"room": room, "lastReadSeq": messages[2]["seq"], "unread": 1, "mentions": 1}
    assert await first.request("mark_read", room=room, seq=messages[2]["seq"]) == fact
    for tab in (first, second):
        assert await tab.expect("read_updated") == fact
    await alices.fence()
    assert not alices.unread("read_updated")
    (listed,) = (await second.request("list_rooms"))["rooms"]
    assert (listed["unread"], listed["mentions"], listed["lastReadSeq"]) == (1, 1, messages[2]["seq"])
    assert (await second.request("join_room", room=room))["lastReadSeq"] == messages[2]["seq"]


async def test_a_lower_mark_makes_unread_again(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    messages = [await alices.post(room, f"number {number}") for number in range(3)]
    assert (await bobs.request("mark_read", room=room, seq=messages[2]["seq"]))["unread"] == 0
    assert (await bobs.request("mark_read", room=room, seq=messages[0]["seq"]))["unread"] == 2


async def test_nobody_can_have_read_the_future(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    message = await (await open_tab(alice)).post(room, "now")
    bobs = await open_tab(bob)
    assert (await bobs.request("mark_read", room=room, seq=2**53 - 1))["lastReadSeq"] == message["seq"]


async def test_own_messages_notices_and_tombstones_are_not_unread(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    await bobs.post(room, "own")
    await alices.request("update_room", room=room, name="Renamed")
    gone = await alices.post(room, f"gone @{bob.username}")
    await alices.request("delete_message", message=gone["id"])
    (listed,) = (await bobs.request("list_rooms"))["rooms"]
    assert (listed["unread"], listed["mentions"]) == (0, 0)


async def test_counting_stops_at_a_hundred(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices = await open_tab(alice)
    for number in range(104):
        await alices.send("create_message", id=f"m{number}", room=room, content=f"number {number}")
    await alices.response_to("m103")
    (listed,) = (await (await open_tab(bob)).request("list_rooms"))["rooms"]
    assert listed["unread"] == 100


async def test_a_tab_that_listed_its_rooms_hears_what_becomes_unread_in_them(
    open_tab: Tabs, alice: Person, bob: Person, mallory: Person, room: str
) -> None:
    alices, bobs, mallorys = await open_tab(alice), await open_tab(bob), await open_tab(mallory)
    for tab in (bobs, mallorys):
        await tab.request("list_rooms")
    message = await alices.post(room, f"hello @{bob.username}")
    told = await bobs.expect("notification", kind="unread")
    assert (told["room"], told["count"], told["mentions"], told["seq"]) == (room, 1, 1, message["seq"])
    assert not mallorys.unread("notification")


async def test_a_tab_in_the_room_is_not_told_of_it_besides(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    await bobs.request("list_rooms")
    await bobs.request("join_room", room=room)
    await alices.post(room, "one")
    await alices.post(room, "two")
    await bobs.expect_message("two")
    await bobs.fence()
    assert not bobs.unread("notification", kind="unread")


async def test_somebody_mentioned_is_told_in_every_tab(open_tab: Tabs, alice: Person, bob: Person, room: str) -> None:
    alices, bobs = await open_tab(alice), [await open_tab(bob), await open_tab.in_room(bob, room)]
    message = await alices.post(room, f"hey @{bob.username}!")
    for tab in bobs:
        assert (await tab.expect("notification", kind="mention"))["message"]["id"] == message["id"]


async def test_news_of_a_room_on_a_later_page_is_told_and_the_room_can_be_asked_for(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    newer = (await alices.request("create_room", name="Newer", members=[bob.username]))["room"]["slug"]
    listed = await bobs.request("list_rooms", limit=1)
    assert [each["slug"] for each in listed["rooms"]] == [newer] and (listed["hasMore"], listed["total"]) == (True, 2)
    await alices.post(room, "hello")
    told = await bobs.expect("notification", kind="unread")
    assert (told["room"], told["count"]) == (room, 1)
    (shown,) = (await bobs.request("list_rooms", rooms=[room]))["rooms"]
    assert (shown["slug"], shown["unread"]) == (room, 1)
    after = await bobs.request("list_rooms", limit=2, after=listed["next"])
    # Posting has moved it up, before the end of the first page.
    assert after["rooms"] == []


async def test_open_rooms_are_browsed_and_joined(open_tab: Tabs, alice: Person, mallory: Person) -> None:
    alices, mallorys = await open_tab(alice), await open_tab(mallory)
    name = f"Überquai {alice.username}"
    slug = (await alices.request("create_room", kind="open", name=name))["room"]["slug"]
    found = await mallorys.request("browse_rooms", query=name.upper())
    assert [(each["slug"], each["peopleCount"]) for each in found["rooms"]] == [(slug, 1)]
    await mallorys.request("join_room", room=slug)
    assert (await mallorys.request("browse_rooms", query=name))["rooms"] == []
    refusal = await mallorys.ask("browse_rooms", after="x")
    assert refusal["error"]["code"] == "VALIDATION_ERROR"
