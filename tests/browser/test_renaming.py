"""A room is renamed where its name stands: by mouse, finger, keyboard and command, and all tabs follow."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_cast import Cast, name_of, say
from tests.browser.looks import problems


def pencil(page: Page) -> Locator:
    return page.get_by_role("button", name="Rename", exact=True)


def field(page: Page) -> Locator:
    return page.get_by_test_id("rename")


def title(page: Page) -> Locator:
    return page.locator("[data-room-title]")


def test_by_mouse_and_every_tab_follows(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob, kind="session")
    page, second, bobs = alice.room(room), alice.room(room), bob.room(room)
    expect(pencil(bobs)).to_have_count(0)
    page.locator(".room-title").hover()
    pencil(page).click()
    field(page).fill("  北欧の旅 ")
    field(page).press("Enter")
    for each in (page, second, bobs):
        expect(title(each)).to_have_text("北欧の旅")
    expect(pencil(page)).to_be_focused()
    expect(second.locator(".sidebar").get_by_text("北欧の旅")).to_be_visible()
    title(page).dblclick()
    field(page).fill("Left by a click elsewhere")
    page.locator(".timeline").click()
    expect(title(second)).to_have_text("Left by a click elsewhere")


def test_escape_takes_it_back_and_neither_an_empty_nor_the_same_name_is_sent(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    for typed, key in (("something else", "Escape"), ("   ", "Enter"), (name_of(room), "Enter")):
        pencil(page).focus()
        page.keyboard.press("Enter")
        field(page).fill(typed)
        page.keyboard.press(key)
        expect(field(page)).to_have_count(0)
        expect(pencil(page)).to_be_focused()
        expect(title(page)).to_have_text(name_of(room), ignore_case=True)
    say(page, "afterwards")
    expect(page.locator(".event", has_text="renamed")).to_have_count(0)


def test_enter_belongs_to_the_input_method_while_a_word_is_put_together(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    pencil(page).focus()
    page.keyboard.press("Enter")
    field(page).fill("旅")
    field(page).evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))"
    )
    expect(field(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(title(page)).to_have_text("旅")


def test_by_finger_on_a_phone_and_axe_finds_nothing(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), alice.context(390, 844, has_touch=True))
    pencil(page).tap()
    expect(field(page)).to_be_focused()
    assert problems(page, "a room that is being renamed") == []
    field(page).fill("By finger")
    field(page).press("Enter")
    expect(title(page)).to_have_text("By finger")


def test_by_command_and_a_refusal_is_said(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "/rename The den")
    expect(title(page)).to_have_text("The den")
    page.context.set_offline(True)
    page.wait_for_selector('html:not([data-connection="connected"])')
    pencil(page).focus()
    page.keyboard.press("Enter")
    field(page).fill("Offline")
    field(page).press("Enter")
    expect(page.get_by_test_id("toast")).to_be_visible()
    expect(title(page)).to_have_text("The den")
    page.context.set_offline(False)
