"""While an input method composes, its keys are its own, everywhere. The cases: tests/reports/input_methods.py."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_cast import Cast, act, message, say
from tests.reports.input_methods import CASES, Composed

CODES = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}


def press(page: Page, key: str, *, during: bool) -> None:
    """Press a key as an input method gets it, by the browser's own events."""
    devtools = page.context.new_cdp_session(page)
    if during:
        devtools.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    code = CODES[key] if during else 229
    for kind in ("rawKeyDown", "keyUp"):
        devtools.send("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code})


def composer(page: Page) -> tuple[Locator, Callable[[], None]]:
    act(page, "an older one", "reply")
    field = page.get_by_test_id("composer")

    def check() -> None:
        expect(page.locator(".composer-context")).to_contain_text("Reply to")
        expect(page.get_by_test_id("edit-input")).to_have_count(0)
        expect(page.get_by_test_id("message")).to_have_count(1)

    return field, check


def suggestions(page: Page) -> tuple[Locator, Callable[[], None]]:
    field = page.get_by_test_id("composer")
    field.press_sequentially(":hea")
    expect(page.locator("#completion")).to_be_visible()
    return field, lambda: expect(field).to_have_value(re.compile("^:hea"))


def editor(page: Page) -> tuple[Locator, Callable[[], None]]:
    page.get_by_test_id("composer").press("ArrowUp")
    field = page.get_by_test_id("edit-input")
    field.fill("changed")

    def check() -> None:
        expect(field).to_be_visible()
        expect(field).to_have_value(re.compile("^changed"))
        expect(page.locator(".edited")).to_have_count(0)

    return field, check


def switcher(page: Page) -> tuple[Locator, Callable[[], None]]:
    page.keyboard.press("Control+k")
    field = page.locator("#switcher input")
    field.press_sequentially("new")
    address = page.url

    def check() -> None:
        page.wait_for_timeout(200)
        expect(page.locator("#switcher")).to_be_visible()
        expect(page.locator("#switcher [role=option]").first).to_have_attribute("aria-selected", "true")
        assert page.url == address

    return field, check


def reply(page: Page) -> tuple[Locator, Callable[[], None]]:
    say(page, "write a long story")
    expect(page.get_by_test_id("stop")).to_be_visible()
    return page.get_by_test_id("composer"), lambda: expect(page.locator('[data-reply-state="stopped"]')).to_have_count(
        0
    )


PLACES = {"composer": composer, "suggestions": suggestions, "editor": editor, "switcher": switcher, "reply": reply}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.place}-{case.key}-{case.why}")
def test_a_key_of_an_input_method_means_nothing_to_the_page(someone: Cast, case: Composed) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session" if case.place == "reply" else "closed"))
    if case.place != "reply":
        say(page, "an older one")
        expect(message(page, "an older one")).to_have_attribute("data-state", "stored")
    field, check = PLACES[case.place](page)
    field.focus()
    for during in (False, True):
        press(page, case.key, during=during)
        check()


def test_the_shortcut_is_not_pressed_by_an_input_method(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    page.evaluate("""document.querySelector(".composer-input").dispatchEvent(new KeyboardEvent("keydown", {
      key: "k", ctrlKey: true, keyCode: 229, bubbles: true, cancelable: true }))""")
    expect(page.locator("#switcher")).not_to_be_visible()


def test_escape_in_the_emoji_picker_gives_the_focus_back(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "the message")
    row = message(page, "the message")
    expect(row).to_have_attribute("data-state", "stored")
    for leave in ("Escape", "Enter"):
        row.focus()
        page.get_by_test_id("action-react").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("emoji-picker")).to_be_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press(leave)
        expect(page.get_by_test_id("emoji-picker")).not_to_be_visible()
        page.wait_for_function("() => document.activeElement.closest('.message')")
    expect(row.get_by_test_id("reaction")).to_have_count(1)


def test_escape_in_the_emoji_picker_finds_a_place_when_the_message_has_gone(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "the message")
    act(page, "the message", "react")
    page.evaluate("document.querySelector('.message').remove()")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement !== document.body")
