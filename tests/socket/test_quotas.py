"""What one person can do to others with as many requests as they like: little, and pages and the socket count together."""

import asyncio
import html
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.pages import submit
from tests.servers.people import Person, unique
from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs, cookie_with_csrf, http, session_cookie

ATTACK_SECONDS = 3
# As many as one page or process gives to someone who begins: half of an hour's.
ROOMS_PER_HOUR, MEMBERS_PER_HOUR = 60, 400
TOO_FAST = "You are creating rooms too fast. Try again in "


@pytest.fixture(scope="module", params=[UVICORN_POSTGRES], ids=str)
def site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[Site]:
    """The rates that installations have."""
    settings: dict[str, Any] = {
        "ASK_BEFORE_ADDING": "strangers",
        "ROOMS_PER_HOUR": ROOMS_PER_HOUR,
        "MEMBERS_ADDED_PER_HOUR": MEMBERS_PER_HOUR,
    }
    with site_builder.running(request.param, **settings, CHANGES_PER_MINUTE=300, SAVES_PER_MINUTE=600) as site:
        yield site


def page(site: Site, key: str, path: str = "/rooms/") -> str:
    with http(site.processes[0]) as client:
        return html.unescape(client.get(path, headers=session_cookie(key)).text)


async def test_rooms_made_on_the_page_and_by_the_socket_count_together(site: Site) -> None:
    (alice,) = site.people.create("alice")
    key, process = site.people.sign_in(alice), site.processes[0]
    tabs = Tabs(site)
    tab = await tabs(alice)
    for _ in range(ROOMS_PER_HOUR // 6):
        await tab.request("create_room", name="By the socket", kind="closed")
        assert submit(process, key, "/rooms/new", {"kind": "closed", "name": unique("page")}).status_code == 302
        assert submit(process, key, "/rooms/new", {"kind": "session", "name": "Session"}).status_code == 302
    error = await tab.refusal("create_room", name="One too many", kind="closed")
    assert error["code"] == "RATE_LIMITED" and 50_000 < error["retryAfter"] <= 60_000
    assert error["message"].startswith(TOO_FAST)
    with http(process) as client:
        headers = {**cookie_with_csrf(key), "Referer": process.origin}
        response = client.post("/rooms/new", data={"kind": "closed", "name": "One too many"}, headers=headers)
    assert response.status_code == 422 and TOO_FAST in response.text and "One too many" in response.text
    assert submit(process, key, "/sessions/new", {}).headers["Location"] == "/sessions/new"
    listed = (await tab.request("list_rooms"))["rooms"]
    assert len(listed) == ROOMS_PER_HOUR // 2
    await tabs.close_all()


async def test_a_victim_of_somebody_who_makes_rooms_as_fast_as_they_can_goes_on_as_before(site: Site) -> None:
    mallory, victim = site.people.create("mallory", "victim")
    key = site.people.sign_in(victim)
    before, tabs = len(page(site, key)), Tabs(site)
    made = await attack(tabs, mallory, victim)
    tab = await tabs(victim)
    assert (await tab.request("list_rooms"))["rooms"] == []
    assert len((await tab.request("list_invitations"))["invitations"]) == made == 3
    assert len(page(site, key)) < before + 10_000
    await tabs.close_all()


async def test_a_colleague_who_does_so_is_slowed_down_and_the_rooms_are_left_together(site: Site) -> None:
    mallory, victim = site.people.create("mallory", "victim")
    key, tabs = site.people.sign_in(victim), Tabs(site)
    shared = await tabs.make_room(victim, kind="closed")
    site.people.tell("add_silently", room=shared, username=mallory.username)
    before = len(page(site, key))
    made = await attack(tabs, mallory, victim)
    assert 1 <= made <= ROOMS_PER_HOUR // 2 + 1
    assert len(page(site, key)) < before + 60_000
    tab = await tabs(victim)
    rooms = [room["slug"] for room in (await tab.request("list_rooms"))["rooms"] if room["slug"] != shared]
    assert len(rooms) == made
    results = (await tab.request("quit_rooms", rooms=rooms))["results"]
    assert all(each["left"] for each in results)
    again = await (await tabs(mallory)).request("add_member", room=rooms[0], user=victim.username)
    assert (again["role"], again["pending"]) == (None, True), "a person who left is asked before they are put back"
    await tabs.close_all()


async def attack(tabs: Tabs, mallory: Person, victim: Person) -> int:
    """Put the victim into new rooms from four tabs; return how many were made."""
    end = time.monotonic() + ATTACK_SECONDS

    async def one() -> int:
        tab, made = await tabs(mallory), 0
        while time.monotonic() < end:
            name = "x" * 80
            response = await tab.ask(
                "create_room", kind="closed", name=name, topic="t" * 300, members=[victim.username]
            )
            assert response["success"] or response["error"]["code"] in ("RATE_LIMITED", "REQUEST_FAILED"), response
            made += response["success"]
            await asyncio.sleep(0)
        return made

    return sum(await asyncio.gather(*(one() for _ in range(4))))


async def test_typing_and_saving_without_end_is_refused_and_the_connection_goes_on(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE, TYPING_PER_MINUTE=6, SAVES_PER_MINUTE=6, SEARCHES_PER_MINUTE=6) as site:
        alice, bob = site.people.create("alice", "bob")
        tabs = Tabs(site)
        room = await tabs.make_room(alice, bob)
        tab = await tabs.in_room(alice, room)
        for type_, fields in (
            ("typing", {"typing": True}),
            ("mark_read", {"seq": 0}),
            ("search_messages", {"query": "hello"}),
        ):
            responses = [await tab.ask(type_, room=room, **fields) for _ in range(5)]
            assert [response["success"] for response in responses] == [True] * 3 + [False] * 2, type_
            assert (
                responses[-1]["error"]["code"] == "RATE_LIMITED" and 0 < responses[-1]["error"]["retryAfter"] <= 10_000
            )
        await tab.post(room, "goes on")
        await tabs.close_all()


async def test_edits_are_counted_before_their_text_is_formatted(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE, CHANGES_PER_MINUTE=4) as site:
        (alice,) = site.people.create("alice")
        tabs = Tabs(site)
        room = await tabs.make_room(alice)
        tab = await tabs.in_room(alice, room)
        message = (await tab.request("create_message", room=room, content="first"))["message"]["id"]
        responses = [await tab.ask("edit_message", message=message, content=f"edit {n}") for n in range(4)]
        assert [response["success"] for response in responses] == [True, True, False, False]
        stored = [row["content"] for row in site.people.messages(room) if row["kind"] == "text"]
        assert stored == ["edit 1"]
        await tabs.close_all()
