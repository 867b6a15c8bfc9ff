"""How the pages look and sound: no accessibility fault, no sideways scrolling, themes that are remembered."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chat_cast import Cast, say

WIDTHS = (390, 820, 1440)
PAGES = (
    "/rooms/",
    "/rooms/new",
    "/direct/new",
    "/search?q=hello",
    "/rooms/{}/",
    "/rooms/{}/people",
    "/rooms/{}/invite",
    "/rooms/{}/details",
)


def faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(someone: Cast, scheme: str) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    context = alice.context(color_scheme=scheme)
    page = alice.room(room, context)
    say(page, f"hello **there** @{bob.name}, `code` and\n\n```python\nx = 1  # comment\n```")
    expect(page.locator(".mention")).to_be_visible()
    for path in PAGES:
        page.goto(path.format(room))
        page.wait_for_selector('html[data-connection="connected"]')
        assert faults(page) == [], path


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(someone: Cast, width: int) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room, alice.context(width, 900))
    say(page, "w" * 300 + "\n\n```\n" + "x" * 300 + "\n```")
    expect(page.locator("pre")).to_be_visible()
    for path in PAGES:
        page.goto(path.format(room))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("main").evaluate("element => element.scrollWidth - element.clientWidth") <= 0, path


def test_the_theme_is_remembered_and_the_same_in_every_tab(someone: Cast) -> None:
    alice = someone("alice")
    context = alice.context(color_scheme="light")
    first, second = alice.tab("/rooms/new", context), alice.tab("/rooms/", context)
    toggle = first.locator("[data-theme-toggle]")
    toggle.click()
    toggle.click()
    for tab in (first, second, alice.tab("/search", context)):
        expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(26, 26, 24)"
    toggle.click()
    expect(second.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_on_a_phone_the_rooms_are_a_drawer_that_escape_closes(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(), alice.context(390, 844))
    sidebar = page.get_by_role("navigation", name="Rooms")
    expect(sidebar).to_be_hidden()
    opener = page.get_by_role("button", name="Open the list of rooms")
    opener.click()
    expect(sidebar).to_be_visible()
    expect(page.get_by_role("button", name="Close the list of rooms")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
    expect(opener).to_be_focused()


def test_finished_messages_of_others_are_spoken_once(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    say(a, "my own")
    say(b, "from bob")
    spoken = a.locator("#speaker p")
    expect(spoken).to_have_text([f"{bob.name}: from bob"])
    expect(a.locator("#speaker")).to_have_attribute("aria-live", "polite")


def test_an_empty_room_says_what_to_do(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    expect(page.get_by_text("Nobody has written here yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Invite people")).to_be_visible()
