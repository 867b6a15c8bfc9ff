"""How people are called on the pages: by their display name, with the user name in reach, and never as someone else."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_cast import Cast, Someone, act, message, say

HEBREW = "אליס מורו"


def call(person: Someone, name: str) -> None:
    person.site.people.tell("set_display_name", username=person.name, name=name)


@pytest.fixture
def pair(someone: Cast) -> tuple[Someone, Someone, str]:
    alice, bob = someone("alice"), someone("bob")
    call(alice, "Alice Moreau")
    room = alice.create_room(bob)
    return alice, bob, room


def open_room(person: Someone, room: str) -> Page:
    page = person.tab(f"/rooms/{room}/")
    expect(page.get_by_test_id("presence")).to_have_attribute("data-online", re.compile(person.name))
    return page


def test_a_message_is_by_its_authors_display_name_with_the_user_name_beside_it(
    pair: tuple[Someone, Someone, str],
) -> None:
    alice, bob, room = pair
    a, b = open_room(alice, room), open_room(bob, room)
    say(a, "hello")
    for page in (a, b):
        row = message(page, "hello")
        expect(row).to_have_attribute("data-author", alice.name)
        expect(row).to_have_attribute("aria-label", re.compile("^Alice Moreau, "))
        expect(row.locator(".author")).to_have_text("Alice Moreau")
        expect(row.locator(".author")).to_have_attribute("title", f"@{alice.name}")
        expect(row.get_by_test_id("author-handle")).to_have_text(f"@{alice.name}")
    say(b, "hi")
    expect(message(a, "hi").locator(".author")).to_have_text(bob.name)
    expect(message(a, "hi").get_by_test_id("author-handle")).to_have_count(0)


def test_quotes_reactions_typing_and_presence_use_the_display_name(pair: tuple[Someone, Someone, str]) -> None:
    alice, bob, room = pair
    a, b = open_room(alice, room), open_room(bob, room)
    say(a, "first")
    act(b, "first", "reply")
    expect(b.locator(".composer-context")).to_contain_text("Reply to Alice Moreau")
    say(b, "second")
    expect(message(b, "second").get_by_test_id("quote")).to_contain_text("Alice Moreau")
    act(a, "first", "react")
    a.get_by_test_id("emoji-picker").get_by_role("button", name="heart", exact=True).click()
    reaction = message(b, "first").get_by_test_id("reaction").first
    expect(reaction).to_have_attribute("title", f"Alice Moreau (@{alice.name})")
    expect(reaction).to_have_attribute("aria-label", re.compile("by Alice Moreau$"))
    a.get_by_test_id("composer").press_sequentially("writing")
    expect(b.get_by_test_id("typing")).to_have_text("Alice Moreau is typing…")
    expect(b.get_by_test_id("typing")).to_have_attribute("title", f"Alice Moreau (@{alice.name})")
    expect(b.get_by_test_id("presence")).to_have_attribute("aria-label", re.compile("Alice Moreau"))
    expect(b.locator(f'.person[data-user="{alice.name}"]')).to_contain_text(f"Alice Moreau@{alice.name}")
    b.get_by_test_id("composer").press_sequentially(["@Alice", "Mo"][0])
    b.get_by_test_id("composer").press("Tab")
    expect(b.get_by_test_id("composer")).to_have_value(f"@{alice.name} ")


def test_notices_say_how_both_are_called(pair: tuple[Someone, Someone, str], someone: Cast) -> None:
    alice, _bob, room = pair
    carol = someone("carol")
    call(carol, "Carol Danvers")
    page = open_room(alice, room)
    say(page, f"/invite {carol.name}")
    expect(page.get_by_test_id("notice").last).to_contain_text("Carol Danvers was added by Alice Moreau")
    expect(page.get_by_text("Carol Danvers is in this room now.")).to_be_visible()


def test_a_session_says_to_whom_claude_replies_and_who_stopped_it(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    call(alice, "Alice Moreau")
    session = alice.create_room(bob, kind="session")
    a, b = open_room(alice, session), open_room(bob, session)
    say(a, "long, please")
    reply = b.locator("[data-reply-state]").first
    expect(reply.get_by_test_id("reply-asker")).to_have_text("for Alice Moreau")
    expect(reply.locator(".author")).to_have_text("Claude")
    expect(reply.get_by_test_id("author-handle")).to_have_count(0)
    a.get_by_test_id("stop").click()
    expect(reply).to_contain_text("Stopped by Alice Moreau.")
    expect(reply.get_by_title(f"Alice Moreau (@{alice.name})")).to_be_visible()


def test_a_direct_room_is_called_by_the_other_persons_display_name_before_and_after_the_script(
    pair: tuple[Someone, Someone, str],
) -> None:
    alice, bob, _room = pair
    alice.tab("/direct/new").locator(f'button[value="{bob.name}"]').click()
    page = bob.tab("/rooms/")
    link = page.locator('[data-section="direct"]').get_by_test_id("room-link")
    drawn = link.evaluate("link => [link.querySelector('.avatar').outerHTML, link.querySelector('bdi').outerHTML]")
    context = bob.context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto("/rooms/")
    link = plain.locator('[data-section="direct"] [data-testid=room-link]')
    sent = [link.locator(".avatar").evaluate("e => e.outerHTML"), link.locator("bdi").evaluate("e => e.outerHTML")]
    assert drawn == sent and "Alice Moreau" in drawn[1]
    link.click()
    expect(plain).to_have_title("Alice Moreau · Parley")
    page.locator('[data-section="direct"]').get_by_test_id("room-link").click()
    expect(page).to_have_title("Alice Moreau · Parley")
    expect(page.locator(".timeline-start h2")).to_have_text("Alice Moreau")
    page.keyboard.press("Control+k")
    page.keyboard.type(alice.name)
    expect(page.locator("#switcher [role=option]").first).to_contain_text("Alice Moreau")


def test_a_new_name_reaches_open_tabs(pair: tuple[Someone, Someone, str]) -> None:
    alice, bob, room = pair
    a, b = open_room(alice, room), open_room(bob, room)
    say(a, "before")
    settings = alice.contexts[0].new_page()
    settings.goto("/settings/")
    settings.get_by_label("Display name").fill("Alicia")
    settings.get_by_role("button", name="Save").click()
    expect(b.locator(f'.person[data-user="{alice.name}"]')).to_contain_text("Alicia")
    say(a, "after")
    expect(message(b, "after").locator(".author")).to_have_text("Alicia")
    expect(message(b, "before").locator(".author")).to_have_text("Alice Moreau")
    b.reload()
    expect(message(b, "before").locator(".author")).to_have_text("Alicia")


def test_a_name_from_right_to_left_turns_nothing_around_it(pair: tuple[Someone, Someone, str]) -> None:
    alice, bob, room = pair
    call(alice, HEBREW)
    a, b = open_room(alice, room), open_room(bob, room)
    a.get_by_test_id("composer").press_sequentially("x")
    expect(b.get_by_test_id("typing")).to_have_text(f"\u2068{HEBREW}\u2069 is typing…")
    line = b.get_by_test_id("typing").locator("> *").last
    assert line.evaluate("line => getComputedStyle(line).direction") == "ltr"
    say(a, "shalom")
    expect(message(b, "shalom").locator("bdi.author")).to_have_text(HEBREW)
    expect(message(b, "shalom")).to_have_attribute("aria-label", re.compile(f"^\u2068{HEBREW}\u2069, "))


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_the_longest_name_fits_every_window_and_hides_neither_user_name_nor_claude(someone: Cast, width: int) -> None:
    alice, bob = someone("alice"), someone("roberto")  # with its numbers, as long as most user names
    call(bob, "Robert Aloysius Tables of Lower Wickham-upon-the-Marsh, Esq.")
    room = alice.create_room(bob, kind="session")
    b = open_room(bob, room)
    page = alice.tab(f"/rooms/{room}/", alice.context(width, 800))
    say(b, "long, please")
    expect(page.get_by_test_id("claude-state")).to_contain_text("Replying to Robert Aloysius")
    shown = message(page, "long, please").first.get_by_test_id("author-handle")
    assert shown.evaluate("e => e.scrollWidth <= e.clientWidth && e.getBoundingClientRect().right <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if page.locator("#room").get_attribute("data-details") != "open":
        page.get_by_test_id("presence").click()
    claude = page.locator('.person[data-user="claude"]')
    name, words = (claude.locator(each).bounding_box() for each in (".person-name", ".person-name + span"))
    assert name is not None and words is not None and name["x"] + name["width"] <= words["x"]
    expect(claude.locator(".person-name + span")).to_contain_text("Robert")
    inside = "e => e.scrollWidth <= e.clientWidth"
    assert claude.locator(".person-name").evaluate(inside)
    handle = page.locator(f'.person[data-user="{bob.name}"] .person-handle')
    expect(handle).to_have_text(f"@{bob.name}")
    assert handle.evaluate("e => e.getBoundingClientRect().width > 0") and handle.evaluate(inside)


def test_names_leave_no_fault(pair: tuple[Someone, Someone, str]) -> None:
    alice, bob, room = pair
    call(alice, '<b>Alice</b> & "Co"')
    a, b = open_room(alice, room), open_room(bob, room)
    say(a, "markup")
    expect(message(b, "markup").locator(".author")).to_have_text('<b>Alice</b> & "Co"')
    assert alice.complaints == bob.complaints == []
