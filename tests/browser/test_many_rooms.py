"""People in more rooms than a sidebar shows: the rest is reached by clicks, by keys, by its name, and when it has news."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_cast import Cast, Someone, say
from tests.servers.people import unique
from tests.servers.sites import Site

# The sidebar shows all of 100 rooms, and the first 30 of each section when there are more.
MANY = 140
SHOWN = 30
RECONNECTED_MS = 40_000
EARLY, LATE = "Garden plans", "Überseehafen 計画"


@pytest.fixture(scope="module")
def site(own_site: Site) -> Site:
    """One that may be stopped and started."""
    return own_site


def rooms_of(*people: Someone) -> list[str]:
    """Put people into many rooms; the last ones of them are called EARLY and LATE."""
    names = [f"Room {number:03}" for number in range(MANY - 2)] + [EARLY, LATE]
    usernames = [each.name for each in people]
    made: list[str] = people[0].site.people.tell("many_rooms", slug=unique("many"), names=names, usernames=usernames)
    return made


def links(page: Page) -> Locator:
    return page.locator('#sidebar [data-section="rooms"] [data-testid=room-link]')


def link(page: Page, slug: str) -> Locator:
    return page.locator(f'#sidebar [data-room="{slug}"]')


def test_the_sidebar_begins_with_some_rooms_and_shows_more_by_click_and_by_key(someone: Cast) -> None:
    alice = someone("alice")
    made = rooms_of(alice)
    page = alice.tab("/rooms/new")
    expect(links(page)).to_have_count(SHOWN)
    more = page.locator('[data-section="rooms"]').get_by_test_id("sidebar-more")
    expect(more).to_have_text(f"Show more {MANY} in all")
    more.click()
    expect(links(page)).to_have_count(SHOWN + 100)
    more.focus()
    page.keyboard.press("Enter")
    expect(links(page)).to_have_count(MANY)
    expect(more).to_be_hidden()
    expect(link(page, made[SHOWN + 100])).to_be_focused()
    shown = links(page).evaluate_all("(all) => all.map((each) => each.dataset.room)")
    assert shown == made, "in order, and each once"


def test_what_was_unfolded_stays_so_when_the_connection_comes_back(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    last = rooms_of(alice, bob)[-1]
    page = alice.tab("/rooms/new")
    more = page.locator('[data-section="rooms"]').get_by_test_id("sidebar-more")
    more.click()
    expect(links(page)).to_have_count(SHOWN + 100)
    server = alice.site.processes[0]
    server.kill()
    try:
        page.wait_for_selector('html[data-connection="disconnected"]')
        more.click()
        expect(page.get_by_test_id("toast")).to_contain_text("Try again when you're connected.")
    finally:
        server.start()
    say(bob.room(last), "while alice was away")
    page.wait_for_selector('html[data-connection="connected"]', timeout=RECONNECTED_MS)
    expect(link(page, last).get_by_test_id("unread-badge")).to_have_text("1")
    expect(links(page).nth(SHOWN + 100)).to_be_attached()


def test_a_room_on_a_later_page_appears_in_every_tab_when_it_has_news(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    last = rooms_of(alice, bob)[-1]
    tabs = [alice.tab("/rooms/new"), alice.tab("/rooms/")]
    for tab in tabs:
        expect(link(tab, last)).to_have_count(0)
    bobs = bob.room(last)
    say(bobs, "hello")
    for tab in tabs:
        expect(link(tab, last).get_by_test_id("unread-badge")).to_have_text("1")
        expect(links(tab).first).to_have_attribute("data-room", last)
        expect(tab).to_have_title(re.compile(r"^\(1\)"))
    say(bobs, f"and for you @{alice.name}")
    toast = tabs[0].get_by_test_id("toast")
    expect(toast).to_contain_text(LATE)
    expect(link(tabs[1], last).locator(".badge-mention")).to_have_text("1")
    tabs[0].reload()
    expect(link(tabs[0], last).locator(".badge-mention")).to_have_text("1")


def test_the_room_that_is_open_is_always_in_the_sidebar(someone: Cast) -> None:
    alice = someone("alice")
    last = rooms_of(alice)[-1]
    page = alice.room(last)
    expect(link(page, last)).to_have_attribute("aria-current", "page")
    expect(links(page)).to_have_count(SHOWN + 1)


def test_the_quick_switcher_finds_rooms_that_are_not_loaded(someone: Cast) -> None:
    alice = someone("alice")
    made = rooms_of(alice)
    page = alice.room(made[0])
    page.evaluate("window.samePage = true")
    for typed in ("uberseeh", "計画", "ÜBERSEE"):
        page.keyboard.press("Control+k")
        page.keyboard.type(typed)
        option = page.locator("#switcher [role=option]").first
        expect(option).to_contain_text(LATE)
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("hafen 計")
    expect(page.locator("#switcher [role=option]").first).to_contain_text(LATE)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/rooms/{made[-1]}/$"))
    expect(link(page, made[-1])).to_have_attribute("aria-current", "page")
    assert page.evaluate("window.samePage") is True


def test_the_quick_switcher_says_when_more_rooms_fit_and_leads_to_them(someone: Cast) -> None:
    alice = someone("alice")
    rooms_of(alice)
    page = alice.tab("/rooms/new")
    page.keyboard.press("Control+k")
    page.keyboard.type("room")
    option = page.locator("#switcher [role=option]", has_text="All your rooms named")
    expect(option).to_have_count(1)
    option.click()
    expect(page).to_have_url(re.compile(r"/rooms/mine\?q=room$"))
    expect(page.get_by_role("main")).to_contain_text(f"{MANY - 2} rooms by that name")


def test_the_quick_switcher_works_with_what_is_known_when_the_server_is_away(someone: Cast) -> None:
    alice = someone("alice")
    made = rooms_of(alice)
    page = alice.tab("/rooms/new")
    page.route_web_socket(re.compile("/ws"), lambda socket: socket.close())
    page.reload()
    expect(links(page)).to_have_count(SHOWN)
    page.keyboard.press("Control+k")
    page.keyboard.type("room 00")
    expect(page.locator("#switcher [role=option]").first).to_contain_text("Room 000")
    expect(page.locator("[data-switcher-note]")).to_contain_text("Only rooms that are loaded are shown.")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/rooms/{made[0]}/$"))


def test_a_few_rooms_are_all_there_and_nothing_is_said_of_more(someone: Cast) -> None:
    alice = someone("alice")
    names = [f"Room {number}" for number in range(100)]
    alice.site.people.tell("many_rooms", slug=unique("few"), names=names, usernames=[alice.name])
    page = alice.tab("/rooms/new")
    expect(links(page)).to_have_count(100)
    expect(page.locator('[data-section="rooms"]').get_by_test_id("sidebar-more")).to_be_hidden()


def test_without_a_script_the_sidebar_leads_to_all_rooms(someone: Cast) -> None:
    alice = someone("alice")
    made = rooms_of(alice)
    context = alice.context(java_script_enabled=False)
    page = context.new_page()
    page.goto("/rooms/new")
    page.locator('[data-section="rooms"]').get_by_test_id("sidebar-more").click()
    found: list[str] = []
    while True:
        found += page.locator("main .list-row").evaluate_all("(all) => all.map((each) => each.getAttribute('href'))")
        following = page.locator("main a[rel=next]")
        if not following.count():
            break
        following.click()
    assert found == [f"/rooms/{slug}/" for slug in made]
    page.get_by_label("Find one of your rooms").fill("ubersee")
    page.get_by_label("Find one of your rooms").press("Enter")
    expect(page.locator("main .list-row")).to_have_count(1)
    expect(page.get_by_label("Find one of your rooms")).to_have_value("ubersee")
