"""How the pages look and sound: no accessibility fault, no sideways scrolling, themes that are remembered."""

import pytest
from playwright.sync_api import expect

from tests.browser.chat_cast import Cast, name_of, say
from tests.browser.looks import WIDTHS, faults, sideways

# In each, {} is a room. What belongs to the account is looked at in test_accounts_browser.py.
PAGES = (
    "/",
    "/rooms/",
    "/rooms/new",
    "/direct/new",
    "/search?q=hello",
    "/rooms/{}/",
    "/rooms/{}/people",
    "/rooms/{}/invite",
    "/rooms/{}/details",
    "/usage",
    "/usage?room={}",
    "/examples/stream?room={}",
)
# In these, a session: /usage and a busy session have tests of their own.
PAGES_OF_SESSIONS = ("/rooms/{}/people", "/rooms/{}/invite", "/rooms/{}/details", "/rooms/new?kind=session")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(someone: Cast, scheme: str) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    context = alice.context(color_scheme=scheme)
    page = alice.room(room, context)
    say(page, f"hello **there** @{bob.name}, `code` and\n\n```python\nx = 1  # comment\n```")
    expect(page.locator(".mention")).to_be_visible()
    session = alice.create_room(bob, kind="session")
    for path in [*(path.format(room) for path in PAGES), *(path.format(session) for path in PAGES_OF_SESSIONS)]:
        page.goto(path)
        page.wait_for_selector('html[data-connection="connected"]')
        assert faults(page) == [], path


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(someone: Cast, width: int) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room, alice.context(width, 900))
    say(page, "w" * 300 + "\n\n```\n" + "x" * 300 + "\n```")
    expect(page.locator("pre")).to_be_visible()
    session = alice.create_room(bob, kind="session")
    for path in [*(path.format(room) for path in PAGES), *(path.format(session) for path in PAGES_OF_SESSIONS)]:
        page.goto(path)
        assert sideways(page) == [], path


def test_the_points_of_a_list_look_like_those_of_a_first_list(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "- one\n  - in it")
    expect(page.locator(".prose > ul")).to_have_css("list-style-type", "disc")
    expect(page.locator(".prose ul ul")).to_have_css("list-style-type", "circle")


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


@pytest.mark.parametrize("width", WIDTHS)
def test_the_room_is_searched_from_its_header_by_keyboard(someone: Cast, width: int) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room, alice.context(width, 844))
    search = page.get_by_role("link", name="Search in this room")
    page.get_by_test_id("presence").focus()
    page.keyboard.press("Tab")
    expect(search).to_be_focused()
    expect(search).to_be_in_viewport(ratio=1)
    title = page.get_by_role("heading", name=name_of(room), level=1).bounding_box()
    assert title and title["width"] >= 120, "the title has to stay readable beside it"
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox", name="Words in a message")).to_be_focused()
    expect(page.get_by_role("combobox", name="Where")).to_have_value(room)


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
    expect(page.get_by_text("No messages yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Invite people")).to_be_visible()
