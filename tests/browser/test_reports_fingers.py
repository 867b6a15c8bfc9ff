"""Pages under a finger, on a phone of 390 px: every flow of a room by taps alone. The cases: tests/reports/fingers.py."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.chat_cast import Cast, Someone, message, name_of, say
from tests.reports.fingers import PRESSES, TAPS, Press, Tap

DOWN = """option => {
  const options = { bubbles: true, cancelable: true, pointerType: "touch" };
  option.dispatchEvent(new PointerEvent("pointerdown", options));
}"""
LONG = "\n\n".join(f"paragraph {number} of the long one" for number in range(60))


def phone(someone: Someone, width: int = 390) -> BrowserContext:
    context = someone.context(width, 780, has_touch=True, is_mobile=True, device_scale_factor=2)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


def send(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("send").tap()
    expect(page.get_by_test_id("composer")).to_have_value("")
    # Nothing may float over what is tapped next.
    page.evaluate("document.activeElement.blur()")


def tap_text(page: Page, row: Locator) -> None:
    """Tap a part of a message that is in sight, wherever its middle may be."""
    box, area = row.locator(".prose").bounding_box(), page.locator(".timeline").bounding_box()
    assert box and area
    top, bottom = max(box["y"], area["y"]), min(box["y"] + box["height"], area["y"] + area["height"])
    assert bottom - top > 4, "the message is not in sight"
    page.touchscreen.tap(box["x"] + 20, (top + bottom) / 2)


def choose(page: Page, row: Locator, action: str) -> None:
    tap_text(page, row)
    button = page.get_by_test_id(f"action-{action}")
    expect(button).to_be_in_viewport(ratio=1)
    box = button.bounding_box()
    assert box and min(box["width"], box["height"]) >= 36, "too small for a finger"
    # By place, as a finger does: what covers the button would get the tap.
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def stage(page: Page, place: str, other: Page | None = None) -> Locator:
    """Bring a message to its place, and return its row. With another's page, it is theirs."""
    for number in range(12 if place == "first" else 0):
        send(page, f"before {number}")
    if place == "continued":
        send(page, "above")
    if other:
        say(other, "the message")
        expect(message(page, "the message")).to_be_visible()
    else:
        send(page, LONG if place == "long" else "the message")
    row = page.get_by_test_id("message").last
    expect(row).to_have_attribute("data-state", "stored")
    if place == "first":
        row = row if other else message(page, "before 5")
        row.evaluate("row => row.scrollIntoView({ block: 'start' })")
    if place == "long":
        row.evaluate("row => { row.closest('.timeline').scrollTop -= 300; }")
    return row


def outcome(page: Page, row: Locator, action: str) -> None:
    if action == "react":
        page.get_by_test_id("emoji-picker").get_by_role("button", name="heart", exact=True).tap()
        chip = row.get_by_test_id("reaction")
        expect(chip).to_have_attribute("aria-pressed", "true")
        chip.tap()
        expect(chip).to_have_count(0)
    elif action == "reply":
        expect(page.locator(".composer-context")).to_contain_text("Reply to")
        send(page, "a reply")
        expect(message(page, "a reply").last.get_by_test_id("quote")).to_be_visible()
    elif action == "edit":
        page.get_by_test_id("edit-input").fill("changed")
        page.get_by_test_id("edit-input").press("Enter")
        page.get_by_test_id("edit-input").press_sequentially("second line")
        page.get_by_test_id("edit-save").tap()
        expect(message(page, "changed")).to_contain_text("second line")
    elif action == "link":
        expect(page.get_by_test_id("toast")).to_contain_text("Link copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert re.search(r"/rooms/[a-z0-9-]+/\?seq=\d+$", copied)
    elif action == "unread":
        expect(page.get_by_test_id("unread-line")).to_be_visible()
    elif action == "delete":
        page.get_by_text("Undo").tap()
        expect(row).to_contain_text("the message")
        choose(page, row, "delete")
        expect(row).to_have_attribute("data-deleted", "", timeout=10_000)


@pytest.mark.parametrize("case", TAPS, ids=lambda case: case.why)
def test_a_tap_on_a_message_brings_its_toolbar_and_a_tap_there_does_it(someone: Cast, case: Tap) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room, phone(alice, 320 if case.place == "narrow" else 390))
    row = stage(page, case.place, bob.room(room) if case.action == "unread" else None)
    choose(page, row, case.action)
    outcome(page, row, case.action)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_toolbar_goes_with_a_tap_beside_the_messages_and_comes_again(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(), phone(alice))
    row, toolbar = stage(page, "last"), page.get_by_test_id("message-actions")
    for _ in range(2):
        tap_text(page, row)
        expect(toolbar).to_be_visible()
        page.locator(".timeline-start h2").tap()
        expect(toolbar).to_have_count(0)
    tap_text(page, row)
    page.get_by_test_id("composer").tap()
    expect(toolbar).to_have_count(0)


def test_a_tap_is_known_where_the_click_does_not_say_what_made_it(someone: Cast) -> None:
    """As in Safari before 18.2 and in Firefox before 129: their clicks are mouse events."""
    alice = someone("alice")
    page = alice.room(alice.create_room(), phone(alice))
    row = stage(page, "last")
    row.locator(".prose").evaluate("""prose => {
      const options = { bubbles: true, pointerType: "touch" };
      for (const type of ["pointerover", "pointerdown", "pointerup", "pointerout"]) {
        prose.dispatchEvent(new PointerEvent(type, options));
      }
      prose.closest(".timeline").dispatchEvent(new PointerEvent("pointerleave", { pointerType: "touch" }));
      prose.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    }""")
    expect(page.get_by_test_id("message-actions")).to_be_visible()


def test_a_pen_that_leaves_before_its_click_uses_the_toolbar(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "the message")
    row = message(page, "the message")
    expect(row).to_have_attribute("data-state", "stored")
    devtools = page.context.new_cdp_session(page)

    def pen(target: Locator) -> None:
        box = target.bounding_box()
        assert box
        at = {
            "x": box["x"] + 8,
            "y": box["y"] + box["height"] / 2,
            "pointerType": "pen",
            "button": "left",
            "clickCount": 1,
        }
        for kind in ("mousePressed", "mouseReleased"):
            devtools.send("Input.dispatchMouseEvent", {"type": kind, **at})

    pen(row.locator(".prose"))
    page.evaluate(
        "document.querySelector('.timeline').dispatchEvent(new PointerEvent('pointerleave', { pointerType: 'pen' }))"
    )
    pen(page.get_by_test_id("action-reply"))
    expect(page.locator(".composer-context")).to_contain_text("Reply to")


def test_suggestions_are_chosen_by_a_tap_and_nothing_behind_them_is(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    page = alice.room(alice.create_room(bob), phone(alice))
    for number in range(8):
        send(page, f"row {number}")
    composer = page.get_by_test_id("composer")
    composer.tap()
    composer.press_sequentially(f"hello @{bob.name[:6]}")
    page.get_by_role("option").filter(has_text=bob.name).tap()
    expect(composer).to_have_value(f"hello @{bob.name} ")
    expect(composer).to_be_focused()
    expect(page.get_by_test_id("message-actions")).to_have_count(0)
    composer.fill(":hea")
    composer.press("End")
    option = page.get_by_role("option").first
    option.evaluate(DOWN)
    expect(composer).to_have_value(":hea")  # a finger that only scrolls


def test_rooms_are_changed_by_taps_in_the_drawer_and_in_the_switcher(someone: Cast) -> None:
    alice = someone("alice")
    first, second = alice.create_room(), alice.create_room()
    page = alice.room(first, phone(alice))
    page.locator("[data-drawer-open]").tap()
    page.locator(f'[data-testid="room-link"][data-room="{second}"]').tap()
    expect(page.locator(f'#room[data-room="{second}"]')).to_be_visible()
    expect(page.locator("body")).not_to_have_attribute("data-drawer", "open")
    page.locator("[data-drawer-open]").tap()
    page.locator("[data-switcher-open]").tap()
    page.locator("#switcher input").fill(name_of(first))
    page.locator("#switcher [role=option]").first.tap()
    expect(page.locator(f'#room[data-room="{first}"]')).to_be_visible()
    expect(page.locator("#switcher")).not_to_have_attribute("open", "")
    page.locator("[data-drawer-open]").tap()
    page.locator("[data-switcher-open]").tap()
    page.touchscreen.tap(195, 760)  # beside the dialog: a phone has no Escape
    expect(page.locator("#switcher")).not_to_be_visible()
    page.get_by_test_id("presence").tap()
    expect(page.locator(".room-details")).to_be_visible()
    page.locator("[data-details-close]").tap()
    expect(page.locator(".room-details")).not_to_be_in_viewport()


def test_a_reply_is_stopped_and_a_waiting_prompt_changed_and_withdrawn_by_taps(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), phone(alice))
    send(page, "write a long story")
    send(page, "the second")
    send(page, "the third")
    waiting = page.get_by_test_id("waiting-prompt")
    expect(waiting).to_have_count(2)
    waiting.first.get_by_test_id("queue-edit").tap()
    page.get_by_test_id("edit-input").fill("the changed second")
    page.get_by_test_id("edit-save").tap()
    expect(waiting.first).to_contain_text("the changed second")
    waiting.last.get_by_test_id("queue-withdraw").tap()
    expect(waiting).to_have_count(1)
    page.get_by_test_id("stop").tap()
    expect(page.locator('[data-reply-state="stopped"]')).to_have_count(1)


@pytest.mark.parametrize("case", PRESSES, ids=lambda case: f"{case.key}-{case.why}")
def test_the_same_keys_send_in_the_composer_and_in_an_editor(someone: Cast, case: Press) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(), phone(alice) if case.coarse else alice.context())
    composer, editor = page.get_by_test_id("composer"), page.get_by_test_id("edit-input")
    composer.fill("from the composer")
    composer.press(case.key)
    if not case.sends:
        expect(composer).not_to_have_value("")
        page.get_by_test_id("send").click()
    expect(message(page, "from the composer")).to_have_attribute("data-state", "stored")
    composer.press("ArrowUp")
    editor.fill("from the editor")
    editor.press(case.key)
    if case.sends:
        expect(message(page, "from the editor")).to_be_visible()
    expect(editor).to_have_count(0 if case.sends else 1)
