"""Pages of history, and search."""

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs


async def written(tab: SocketClient, room: str, count: int) -> list[int]:
    """Post some messages and return their seqs; a reaction in between makes seqs and positions differ."""
    seqs = []
    for number in range(count):
        message = await tab.post(room, f"number {number}")
        seqs.append(message["seq"])
        if number % 4 == 0:
            await tab.request("add_reaction", message=message["id"], emoji="👍")
    return seqs


async def test_pages_go_back_from_the_newest_to_the_first(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    seqs = await written(tab, room, 12)
    page = await tab.request("get_messages", room=room, limit=5)
    assert [m["seq"] for m in page["messages"]] == seqs[7:]
    assert (page["room"], page["hasMore"], page["hasNewer"]) == (room, True, False)
    page = await tab.request("get_messages", room=room, limit=5, before=seqs[7])
    assert [m["seq"] for m in page["messages"]] == seqs[2:7]
    assert (page["hasMore"], page["hasNewer"]) == (True, True)
    page = await tab.request("get_messages", room=room, limit=5, before=seqs[2])
    assert ([m["seq"] for m in page["messages"]], page["hasMore"]) == (seqs[:2], False)
    page = await tab.request("get_messages", room=room, limit=5, before=seqs[0])
    assert (page["messages"], page["hasMore"]) == ([], False)


async def test_pages_go_forward_too(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    seqs = await written(tab, room, 12)
    page = await tab.request("get_messages", room=room, limit=5, after=seqs[2])
    assert ([m["seq"] for m in page["messages"]], page["hasNewer"], page["hasMore"]) == (seqs[3:8], True, True)
    page = await tab.request("get_messages", room=room, limit=5, after=seqs[7])
    assert ([m["seq"] for m in page["messages"]], page["hasNewer"]) == (seqs[8:], False)


async def test_a_page_that_begins_at_the_beginning_says_so(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    seqs = await written(tab, room, 3)
    page = await tab.request("get_messages", room=room, after=0)
    assert ([m["seq"] for m in page["messages"]], page["hasMore"], page["hasNewer"]) == (seqs, False, False)


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8])
async def test_a_page_around_a_message_holds_it_and_not_more_than_asked(
    open_tab: Tabs, alice: Person, room: str, limit: int
) -> None:
    tab = await open_tab(alice)
    seqs = await written(tab, room, 12)
    for position in (0, 6, 11):
        page = await tab.request("get_messages", room=room, around=seqs[position], limit=limit)
        found = [m["seq"] for m in page["messages"]]
        assert seqs[position] in found and len(found) <= limit
        start = seqs.index(found[0])
        assert found == seqs[start : start + len(found)], "a page has no hole"
        assert page["hasMore"] is (start > 0)
        assert page["hasNewer"] is (found[-1] != seqs[-1])


async def test_the_first_page_of_a_join_is_the_last_fifty(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    seqs = await written(tab, room, 53)
    joined = await tab.request("join_room", room=room)
    assert [m["seq"] for m in joined["messages"]] == seqs[3:]
    assert (joined["hasMore"], joined["reset"]) == (True, False)


async def test_the_newest_page_has_fifty_unless_asked_otherwise(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    await written(tab, room, 53)
    assert len((await tab.request("get_messages", room=room))["messages"]) == 50
    assert len((await tab.request("get_messages", room=room, limit=200))["messages"]) == 53


async def test_search_finds_every_word_newest_first_with_the_hit_marked(
    open_tab: Tabs, alice: Person, room: str
) -> None:
    tab = await open_tab(alice)
    await tab.post(room, "the quick brown fox")
    await tab.post(room, "the lazy dog")
    await tab.post(room, "Quick & <b>brown</b> owls")
    found = await tab.request("search_messages", query="quick brown", room=room)
    assert [hit["message"]["content"] for hit in found["hits"]] == ["Quick & <b>brown</b> owls", "the quick brown fox"]
    assert found["hasMore"] is False
    newest = found["hits"][0]
    assert newest["excerpt"] == "<mark>Quick</mark> &amp; &lt;b&gt;<mark>brown</mark>&lt;/b&gt; owls"
    assert newest["message"]["room"] == room
    assert len((await tab.request("search_messages", query="quic", room=room))["hits"]) == 2, "while the word is typed"


async def test_search_goes_page_by_page(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    posted = [(await tab.post(room, f"needle {number}"))["id"] for number in range(5)]
    first = await tab.request("search_messages", query="needle", room=room, limit=3)
    assert [hit["message"]["id"] for hit in first["hits"]] == posted[:1:-1] and first["hasMore"] is True
    rest = await tab.request("search_messages", query="needle", room=room, limit=3, before=posted[2])
    assert [hit["message"]["id"] for hit in rest["hits"]] == posted[1::-1] and rest["hasMore"] is False


async def test_search_sees_edits_and_forgets_what_was_deleted(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    edited, deleted = await tab.post(room, "aardvark"), await tab.post(room, "aardvark too")
    await tab.request("edit_message", message=edited["id"], content="badger")
    await tab.request("delete_message", message=deleted["id"])
    assert (await tab.request("search_messages", query="aardvark", room=room))["hits"] == []
    assert len((await tab.request("search_messages", query="badger", room=room))["hits"]) == 1


async def test_search_stays_within_my_rooms(
    open_tab: Tabs, alice: Person, mallory: Person, room: str, open_room: str
) -> None:
    alices, mallorys = await open_tab(alice), await open_tab(mallory)
    for name in (room, open_room):
        await alices.post(name, f"treasure of {alice.username}")
    hits = (await alices.request("search_messages", query="treasure"))["hits"]
    assert {hit["message"]["room"] for hit in hits} == {room, open_room}
    assert (await mallorys.request("search_messages", query="treasure"))["hits"] == []


# Operators of both query languages, and what is half a word.
ODD_QUERIES = [
    *("_", "²", "🙂", "'", '"', "a & b", "a | !b", "a:*", "(", "NEAR(a b)", "a AND NOT b", "*", "\\", "--", "%"),
    *("content:x", "a" * 200, "\u0301", "日本", "İ", "ﬀ", "a b c d e f g h i j k l m n o"),
]


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("query", ODD_QUERIES)
async def test_no_query_breaks_the_search(open_tab: Tabs, alice: Person, room: str, query: str) -> None:
    tab = await open_tab(alice)
    await tab.post(room, "something")
    assert (await tab.request("search_messages", query=query, room=room))["hits"] == []
