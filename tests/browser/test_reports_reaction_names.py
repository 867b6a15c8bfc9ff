"""The names behind a reaction, for fingers and keyboards. The cases: tests/reports/reaction_names.py."""

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.chat_cast import Cast, message, say
from tests.browser.test_reports_fingers import phone, tap_text
from tests.reports.reaction_names import FINGER, KEYS, Look

LONG_PRESS_MS = 700


def react(page: Page, text: str) -> Locator:
    """React to a message with the first emoji, and return its row."""
    row = message(page, text)
    row.hover()
    page.get_by_test_id("action-react").click()
    page.get_by_test_id("emoji-picker").get_by_role("button").first.click()
    expect(row.get_by_test_id("reaction")).to_have_attribute("aria-pressed", "true")
    return row


def touch(devtools: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})


def handle(page: Page, target: Locator, how: str) -> None:
    box = target.bounding_box()
    assert box
    x, y = box["x"] + min(12, box["width"] / 2), box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    page.clock.install()
    touch(devtools, "touchStart", (x, y))
    if "unsteady" in how:
        touch(devtools, "touchMove", (x + 2, y + 2))
    if how == "scroll":
        for step in range(1, 6):
            touch(devtools, "touchMove", (x, y - 20 * step))
    if how != "tap":
        page.clock.run_for(LONG_PRESS_MS)
    touch(devtools, "touchEnd")


@pytest.mark.parametrize("case", FINGER, ids=lambda case: case.why)
def test_a_finger_on_a_reaction(someone: Cast, case: Look) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    other = bob.room(room)
    say(other, "the message")
    react(other, "the message")
    page = alice.room(room, phone(alice))
    row = message(page, "the message")
    chip, names = row.get_by_test_id("reaction"), page.get_by_test_id("reaction-names")
    expect(chip).to_have_attribute("aria-pressed", "false")
    handle(page, row.locator(".prose") if "text" in case.how else chip, case.how)
    if "once more" in case.how:
        tap_text(page, row)
        expect(names).not_to_be_visible()
        handle(page, chip, "rest")
    if case.shows:
        expect(names).to_be_visible()
        expect(names).to_contain_text(bob.name)
        expect(names).to_be_in_viewport(ratio=1)
        page.touchscreen.tap(200, 90)
    expect(names).not_to_be_visible()
    expect(chip).to_have_attribute("aria-pressed", str(case.toggles).lower())
    if case.toggles:
        handle(page, chip, "rest")
        expect(names).to_contain_text("you")


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case.why)
def test_a_keyboard_on_a_reaction(someone: Cast, case: Look) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    other = bob.room(room)
    say(other, "the message")
    react(other, "the message")
    page = alice.room(room)
    row = message(page, "the message")
    chip, names = row.get_by_test_id("reaction"), page.get_by_test_id("reaction-names")
    expect(chip).to_be_visible()
    row.focus()
    for key in case.how.split(", "):
        page.keyboard.press(key)
        if key == "Tab" and not chip.evaluate("chip => chip === document.activeElement") and case.how != "Tab, Tab":
            page.keyboard.press("Tab")  # a link before it
    if case.toggles:
        expect(chip).to_have_attribute("aria-pressed", "true")
    if case.shows:
        expect(names).to_be_visible()
        expect(names).to_contain_text(bob.name)
    else:
        expect(names).not_to_be_visible()


def test_the_names_stay_inside_a_narrow_window_and_are_one_for_each_person(someone: Cast) -> None:
    cast = [someone(f"person-{number}") for number in range(4)]
    room = cast[0].create_room(*cast[1:])
    pages = [each.room(room) for each in cast[:3]]
    say(pages[0], "the message")
    for page in pages:
        react(page, "the message")
    small = cast[3].room(room, phone(cast[3], 320))
    chip = message(small, "the message").get_by_test_id("reaction")
    expect(chip).to_contain_text("3")
    handle(small, chip, "rest")
    names = small.get_by_test_id("reaction-names")
    for each in cast[:3]:
        expect(names).to_contain_text(each.name)
    expect(names).to_be_in_viewport(ratio=1)
