"""What the server would not read: it stays with its writer, and the page goes on."""

import json
import re

import pytest
from playwright.sync_api import Dialog, Page, WebSocket, WebSocketRoute, expect

from tests.browser.chat_cast import Cast, Someone, act, message, say

POISON = "poison"
DRAFT_MS = 1_000  # longer than a draft waits before it is saved
FRAME_TOO_BIG = 1009
TOO_LONG = {"letters": "x" * 66_000, "Chinese signs": "日" * 22_000, "emoji": "😀" * 20_001}


def poisoned(person: Someone, code: int = FRAME_TOO_BIG) -> None:
    """From now on a frame of this person with the poison ends their connection, as one over a limit would."""
    context = person.contexts[0] if person.contexts else person.context()

    def between(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            if POISON in str(frame):
                page.close(code=code, reason="Frame too big")
                server.close()
            else:
                server.send(frame)

        page.on_message(pass_on)

    context.route_web_socket("**/ws*", between)


def expect_to_go_on(page: Page, text: str) -> None:
    say(page, text)
    expect(message(page, text)).to_have_attribute("data-state", "stored")
    expect(page.get_by_test_id("connection-banner")).to_be_hidden()


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG.keys())
def test_a_draft_over_the_limit_stays_in_the_browser_and_the_page_goes_on(someone: Cast, text: str) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    sockets: list[WebSocket] = []
    page.on("websocket", lambda opened: sockets.append(opened))  # noqa: PLW0108 - it takes no built-in method
    page.clock.install()
    page.get_by_test_id("composer").fill(text)
    expect(page.locator(".composer [type=submit]")).to_be_disabled()
    page.clock.run_for(DRAFT_MS)
    page.reload()
    page.wait_for_selector('html[data-connection="connected"]')
    expect(page.get_by_test_id("composer")).to_have_value(text)
    page.clock.run_for(DRAFT_MS)
    page.get_by_test_id("composer").fill("")
    expect_to_go_on(page, "shorter")
    assert len(sockets) == 1, "only the reload opened another"


@pytest.mark.parametrize("code", [1003, 1007, 1009])
def test_a_message_that_ended_the_connection_has_failed_and_can_be_edited(someone: Cast, code: int) -> None:
    alice = someone("alice")
    room = alice.create_room()
    poisoned(alice, code)
    page = alice.room(room)
    say(page, POISON)
    expect(message(page, POISON)).to_have_attribute("data-state", "failed")
    expect_to_go_on(page, "the next one")
    page.get_by_test_id("revise").click()
    page.get_by_test_id("edit-input").fill("in other words")
    page.get_by_test_id("edit-save").click()
    expect(message(page, "in other words")).to_have_attribute("data-state", "stored")
    expect(message(page, POISON)).to_have_count(0)


def test_neither_a_reload_nor_another_tab_sends_it_again(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    poisoned(alice)
    page = alice.room(room)
    say(page, POISON)
    expect(message(page, POISON)).to_have_attribute("data-state", "failed")
    other = alice.room(room)
    page.reload()
    for tab in (page, other):
        expect(message(tab, POISON)).to_have_attribute("data-state", "failed")
        expect_to_go_on(tab, f"from {'the first' if tab is page else 'the other'} tab")
    page.close()
    expect_to_go_on(other, "alone now")
    expect(message(other, POISON)).to_have_attribute("data-state", "failed")
    other.get_by_test_id("discard").click()
    expect(message(other, POISON)).to_have_count(0)


def test_an_edit_that_ended_the_connection_stays_in_its_editor(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    poisoned(alice)
    page = alice.room(room)
    expect_to_go_on(page, "harmless")
    act(page, "harmless", "edit")
    page.get_by_test_id("edit-input").fill(POISON)
    page.get_by_test_id("edit-save").click()
    expect(page.locator(".inline-edit .field-errors")).to_contain_text("couldn't read this")
    expect(page.get_by_test_id("edit-input")).to_have_value(POISON)
    page.get_by_test_id("edit-input").fill("still harmless")
    page.wait_for_selector('html[data-connection="connected"]')
    page.get_by_test_id("edit-save").click()
    expect(message(page, "still harmless")).to_have_attribute("data-state", "stored")


def test_a_draft_that_ended_the_connection_stays_in_the_browser(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    poisoned(alice)
    page = alice.room(room)
    with page.expect_event("websocket"):  # the next connection
        page.get_by_test_id("composer").fill(POISON)
    page.wait_for_selector('html[data-connection="connected"]')
    sockets: list[WebSocket] = []
    page.on("websocket", lambda opened: sockets.append(opened))  # noqa: PLW0108 - it takes no built-in method
    page.clock.install()
    page.clock.run_for(DRAFT_MS)
    expect(page.get_by_test_id("composer")).to_have_value(POISON)
    page.get_by_test_id("composer").fill("")
    expect_to_go_on(page, "without it")
    assert sockets == []


def test_signing_out_asks_about_what_is_not_sent_and_leaves_nothing_behind(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    poisoned(alice)
    page = alice.room(room)
    say(page, POISON)
    expect(message(page, POISON)).to_have_attribute("data-state", "failed")
    asked: list[str] = []

    def no(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", no)
    page.get_by_role("button", name="Sign out").click()
    expect(message(page, POISON)).to_have_count(1)
    page.wait_for_timeout(200)
    assert asked == ["1 message has not reached the server. Sign out and delete it from this browser?"]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    left = page.evaluate(
        """(user) => new Promise((done) => {
          const opening = indexedDB.open(`parley-outbox-${user}`);
          opening.onsuccess = () => {
            const database = opening.result;
            if (!database.objectStoreNames.contains("entries")) return done(0);
            const counting = database.transaction("entries").objectStore("entries").count();
            counting.onsuccess = () => done(counting.result);
          };
        })""",
        str(alice.person.id),
    )
    assert left == 0


def test_signing_out_with_nothing_unsent_asks_nothing(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    expect_to_go_on(page, "all is sent")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


PUT = """(field, text) => {
  field.focus();
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""


@pytest.mark.parametrize("text", ["a\ud800b", "\udc00", "😀\ud83d", "日\ud840本"], ids=ascii)
def test_half_of_a_pair_of_surrogates_holds_nothing_up(someone: Cast, text: str) -> None:
    """It comes with a program that cuts texts in the middle of an emoji: the message never got a response."""
    alice = someone("alice")
    page = alice.room(alice.create_room())
    composer, sent = page.get_by_test_id("composer"), re.sub("[\ud800-\udfff]", "\ufffd", text)

    def put(selector: str) -> None:
        # The browser takes it as JSON: Playwright's own way to it can't carry half of a pair.
        page.evaluate(
            f"([selector, text]) => ({PUT})(document.querySelector(selector), JSON.parse(text))",
            [selector, json.dumps(text)],
        )

    page.clock.install()
    put("[data-testid=composer]")
    page.clock.run_for(DRAFT_MS)  # the draft is saved, and comes back
    page.wait_for_timeout(200)
    composer.press("Enter")
    expect(message(page, sent)).to_have_attribute("data-state", "stored")
    expect(message(page, sent).locator(".prose")).to_have_text(sent)
    composer.press("ArrowUp")
    put("[data-testid=edit-input]")
    page.get_by_test_id("edit-input").press("End")
    page.get_by_test_id("edit-input").press_sequentially("!")
    page.get_by_test_id("edit-input").press("Enter")
    expect(message(page, f"{sent}!").locator(".prose")).to_have_text(f"{sent}!(edited)")
    page.keyboard.press("Control+k")
    put("#switcher input")
    expect(page.locator("#switcher [role=option]").last).to_contain_text(f"“{sent}”")
    page.keyboard.press("Escape")
    expect_to_go_on(page, "after it")
