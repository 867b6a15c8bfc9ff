"""Every room opens without a connection, and comes alive with it. The cases: tests/reports/offline.py."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chat_cast import Cast, Someone, act, message, name_of, say
from tests.reports.offline import OPENINGS, Opening
from tests.servers.pages import slug_of, submit
from tests.servers.sites import Site

RECONNECTED_MS = 45_000
FOLLOW = """path => {
  const link = Object.assign(document.createElement("a"), { href: path });
  document.body.append(link);
  link.click();
  link.remove();
}"""
NO_ERROR = '[data-testid="toast"][data-kind="error"]'
RESPONSES: dict[str, Callable[[Route], None]] = {
    "gateway": lambda route: route.fulfill(status=502, body="Bad Gateway"),
    "silent": lambda _route: None,
    "portal": lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to our hotel</h1>"),
}


@pytest.fixture(scope="module")
def site(own_site: Site) -> Site:
    """One that may be stopped and started."""
    return own_site


def follow(page: Page, slug: str, query: str = "") -> None:
    page.evaluate(FOLLOW, f"/rooms/{slug}/{query}")


@contextmanager
def away(someone: Someone, page: Page, how: str) -> Iterator[None]:
    """Take the server away from a page; with a network in between, that one responds."""
    server = someone.site.processes[0]
    if how in RESPONSES:
        page.route(re.compile(r"/rooms/[^/]+/data"), RESPONSES[how])
    server.kill()
    try:
        page.wait_for_selector('html[data-connection="disconnected"]')
        yield
    finally:
        page.unroute_all()
        server.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector('html[data-connection="connected"]', timeout=RECONNECTED_MS)


def a_room(alice: Someone, bob: Someone, kind: str) -> str:
    process = alice.site.processes[0]
    if kind == "direct":
        return slug_of(submit(process, alice.key, "/direct/new", {"user": bob.name}))
    if kind == "unlisted":
        return bob.create_room(kind="open")  # alice may read it, and is not a member
    return alice.create_room(bob, kind=kind)


@pytest.mark.parametrize("case", OPENINGS, ids=lambda case: case.why)
def test_a_room_opens_without_a_connection_and_comes_alive_with_it(someone: Cast, case: Opening) -> None:
    alice, bob = someone("alice"), someone("bob")
    start, room = alice.create_room(bob), a_room(alice, bob, case.kind)
    say(bob.room(room), "written before")
    page = alice.room(start)
    if case.visited:
        follow(page, room)
        expect(message(page, "written before")).to_be_visible()
        follow(page, start)
        expect(page.locator(f'#room[data-room="{start}"]')).to_be_visible()
    with away(alice, page, case.away):
        follow(page, room)
        expect(page.locator(f'#room[data-room="{room}"]')).to_be_visible()
        expect(page).to_have_url(re.compile(f"/rooms/{room}/$"))
        if case.visited:
            expect(message(page, "written before")).to_be_visible()
        else:
            expect(page.locator(".timeline-start")).to_contain_text("You're offline")
        if case.kind != "unlisted":
            say(page, "written offline")
            expect(message(page, "written offline")).to_have_attribute("data-state", "sending")
        page.go_back()
        expect(page.locator(f'#room[data-room="{start}"] [data-room-title]')).to_contain_text(
            name_of(start), ignore_case=True
        )
        page.go_forward()
        expect(page.locator(f'#room[data-room="{room}"]')).to_be_visible()
    expect(message(page, "written before")).to_be_visible(timeout=RECONNECTED_MS)
    expect(page.get_by_test_id("presence")).to_contain_text(alice.name)
    title = bob.name if case.kind == "direct" else name_of(room)
    expect(page.locator("[data-room-title]")).to_contain_text(title, ignore_case=True)
    expect(page.locator(f'.people-list [data-user="{bob.name}"]')).to_have_count(1)
    expect(page.get_by_test_id("demo-note")).to_be_visible(visible=case.kind == "session")
    if case.kind != "unlisted":
        expect(message(page, "written offline").first).to_have_attribute("data-state", "stored", timeout=RECONNECTED_MS)
    expect(page.locator(NO_ERROR)).to_have_count(0)
    for someone_ in (alice, bob):
        someone_.complaints[:] = [said for said in someone_.complaints if "502" not in said]


def test_a_link_to_a_message_waits_for_the_connection(someone: Cast) -> None:
    alice = someone("alice")
    start, room = alice.create_room(), alice.create_room()
    alice.site.people.tell("fill_with_messages", rooms=[start, room], count=200, text="line", html_chars=40)
    page = alice.room(start)
    with away(alice, page, "down"):
        follow(page, start, "?seq=20")
        expect(page.get_by_test_id("toast")).to_contain_text("shows when you're connected again")
        expect(page.locator(".message").last).to_be_visible()
    expect(page.locator('.message.is-target[data-seq="20"]')).to_be_in_viewport(timeout=RECONNECTED_MS)
    with away(alice, page, "down"):
        follow(page, room, "?seq=30")
        expect(page.locator(f'#room[data-room="{room}"]')).to_be_visible()
    expect(page.locator('.message.is-target[data-seq="30"]')).to_be_in_viewport(timeout=RECONNECTED_MS)
    expect(page.get_by_text("This message is not there any more.")).to_have_count(0)


def test_what_a_left_room_still_waited_for_is_not_drawn_into_the_next(someone: Cast) -> None:
    alice = someone("alice")
    rooms = [alice.create_room() for _ in range(3)]
    page = alice.room(rooms[0])
    with away(alice, page, "down"):
        for room in (rooms[1], rooms[2]):
            follow(page, room)
            expect(page.locator("[data-room-title]")).to_contain_text(name_of(room), ignore_case=True)
        page.wait_for_timeout(100)
        expect(page.locator("[data-room-title]")).to_contain_text(name_of(rooms[2]), ignore_case=True)


def test_going_back_before_a_room_has_come_stays_in_the_first_one(someone: Cast) -> None:
    alice = someone("alice")
    first, second = alice.create_room(), alice.create_room()
    page = alice.room(first)
    page.clock.install()
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(re.compile(r"/rooms/[^/]+/data"), hold)
    follow(page, second)
    page.go_back()
    expect(page).to_have_url(re.compile(f"/rooms/{first}/$"))
    for route in waiting:
        route.continue_()
    page.clock.run_for(2_000)  # longer than a slow room waits before it opens with what is known
    expect(page.locator(f'#room[data-room="{first}"]')).to_be_visible()


def test_a_link_to_another_page_leaves_this_one_alone_while_offline(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    page.context.set_offline(True)
    for press in ("[data-room-settings]", ".brand", "[data-new-session] button"):
        page.locator(press).first.click()
        expect(page.get_by_test_id("toast")).to_contain_text("You're offline")
        expect(page).to_have_url(re.compile(f"/rooms/{room}/$"))
    page.context.set_offline(False)
    page.locator("[data-room-settings]").click()
    expect(page).to_have_url(re.compile("/details$"))


@pytest.mark.parametrize("way", ["the switcher", "a command"])
def test_no_way_to_another_page_leaves_this_one_while_offline(someone: Cast, way: str) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    page.context.set_offline(True)
    if way == "the switcher":
        page.keyboard.press("Control+k")
        page.keyboard.type("words")
        page.locator("#switcher [role=option]", has_text="Search messages").click()
    else:
        page.get_by_test_id("composer").fill("/search some words")
        page.get_by_test_id("composer").press("Enter")
    expect(page.get_by_test_id("toast")).to_contain_text("You're offline")
    expect(page).to_have_url(re.compile(f"/rooms/{room}/$"))
    if way == "a command":
        expect(page.get_by_test_id("composer")).to_have_value("/search some words")
    page.context.set_offline(False)


def test_a_deletion_that_a_switch_cuts_short_offline_says_so(someone: Cast) -> None:
    alice = someone("alice")
    first, second = alice.create_room(), alice.create_room()
    page = alice.room(first)
    say(page, "still needed")
    expect(message(page, "still needed")).to_have_attribute("data-state", "stored")
    with away(alice, page, "down"):
        act(page, "still needed", "delete")
        follow(page, second)
        expect(page.locator(NO_ERROR)).to_contain_text("was not deleted")
        follow(page, first)
        expect(message(page, "still needed")).to_be_visible()
