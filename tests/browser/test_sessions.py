"""Sessions as people see them, with replies of the demo model: the same in every tab, stopped, queued, asked again."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_cast import Cast, Someone, act, message, say

LONG = "How would you test a chat that many people use at once, with a list and some code?"
REPLYING = re.compile("Replying")
READY = re.compile("Ready$")


def replies(page: Page) -> Locator:
    return page.locator('[data-testid="message"][data-author="claude"]:not([data-deleted])')


def text_of(page: Page) -> str:
    """Return the words of the last reply, whatever formats them."""
    return " ".join(replies(page).last.locator(".prose").first.inner_text().split())


def common_text(*tabs: Page) -> str:
    """Return the words of the last reply as all tabs show them: the last ones appear for a moment after it has ended."""
    for _ in range(100):
        if len({text_of(tab) for tab in tabs}) == 1:
            break
        tabs[0].wait_for_timeout(100)
    (text,) = {text_of(tab) for tab in tabs}
    return text


def state(page: Page) -> Locator:
    return page.get_by_test_id("claude-state")


def session(someone: Cast) -> tuple[Someone, Someone, str]:
    alice, bob = someone("alice"), someone("bob")
    return alice, bob, alice.create_room(bob, kind="session")


def test_a_session_begun_in_one_click_is_called_after_its_first_prompt(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.tab("/rooms/")
    page.locator(".starters").get_by_role("button", name="New session").click()
    page.wait_for_url("**/rooms/session-*/")
    expect(page.get_by_test_id("composer")).to_have_attribute("placeholder", "Message Claude and everyone here")
    say(page, "Plan a **weekend** in Bergen")
    expect(page.locator("h1")).to_have_text("Plan a weekend in Bergen")
    expect(page.get_by_test_id("room-link").first).to_have_text("Plan a weekend in Bergen")
    expect(page).to_have_title(re.compile("Plan a weekend in Bergen"))
    expect(replies(page)).to_have_count(1)


def test_a_reply_is_the_same_in_every_tab_also_after_a_reload_in_mid_stream(someone: Cast) -> None:
    alice, bob, room = session(someone)
    tabs = [alice.room(room), alice.room(room), bob.room(room), bob.room(room)]
    expect(tabs[0].get_by_test_id("presence")).to_contain_text("2 here in 4 tabs")
    say(tabs[0], LONG)
    for tab in tabs:
        expect(state(tab)).to_contain_text(f"Replying to {alice.name}")
    tabs[1].reload()
    expect(state(tabs[1])).to_contain_text(REPLYING)
    early = text_of(tabs[1])
    for tab in tabs:
        expect(state(tab)).to_have_text(READY, timeout=60_000)
    assert common_text(*tabs).startswith(early[: len(early) // 2])
    expect(tabs[3].locator("[data-claude-tokens]")).to_contain_text("tokens")


def test_while_words_come_nothing_beside_them_moves(someone: Cast) -> None:
    """An endless animation keeps the browser drawing frames, for which the keys that are pressed meanwhile wait."""
    endless = "() => document.getAnimations().filter((each) => each.effect.getTiming().iterations === Infinity).length"
    alice, _bob, room = session(someone)
    page = alice.room(room)
    say(page, LONG)
    expect(page.locator(".reply-dots.is-moving")).to_be_visible()  # while it thinks
    expect(page.get_by_test_id("reply-progress")).to_have_text("Claude is writing")
    assert page.evaluate(endless) == 0
    expect(state(page)).to_contain_text(REPLYING)


def test_anyone_stops_a_reply_and_writes_on_meanwhile(someone: Cast) -> None:
    alice, bob, room = session(someone)
    a, b = alice.room(room), bob.room(room)
    expect(a.get_by_test_id("stop")).to_be_hidden()
    say(a, LONG)
    expect(state(b)).to_contain_text(REPLYING)
    expect(b.get_by_test_id("stop")).to_be_visible()
    expect(b.get_by_test_id("send")).to_be_hidden()
    b.get_by_test_id("composer").press_sequentially("half a thought")
    expect(b.get_by_test_id("send")).to_be_visible()
    expect(a.get_by_test_id("typing")).to_have_text(f"{bob.name} is writing here")
    b.keyboard.press("Escape")
    for tab in (a, b):
        expect(state(tab)).to_have_text(READY)
        expect(tab.get_by_test_id("stop")).to_be_hidden()
        expect(replies(tab)).to_contain_text(bob.name)
    expect(a.get_by_test_id("composer")).to_have_value("half a thought")
    assert common_text(a, b) != ""


def test_escape_closes_what_is_open_before_it_stops_anything(someone: Cast) -> None:
    alice, _bob, room = session(someone)
    page = alice.room(room, alice.context(820, 900))
    say(page, LONG)
    expect(state(page)).to_contain_text(REPLYING)
    page.locator("[data-details-toggle]").click()
    expect(page.locator(".room-details")).to_contain_text("ClaudeReplying")
    page.keyboard.press("Escape")
    expect(page.locator(".room-details")).to_be_hidden()
    page.get_by_test_id("demo-note").locator("summary").click()
    expect(page.get_by_test_id("demo-note")).to_contain_text("no key")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("demo-note")).not_to_contain_text("costs nothing", use_inner_text=True)
    expect(state(page)).to_have_text(READY)
    expect(page.locator('[data-reply-state="complete"]')).to_have_count(1)


def test_prompts_wait_in_sight_and_only_their_author_changes_them(someone: Cast) -> None:
    alice, bob, room = session(someone)
    a, b = alice.room(room), bob.room(room)
    say(a, LONG)
    expect(state(b)).to_contain_text(REPLYING)
    say(b, "the frist")
    say(b, "the second")
    for tab in (a, b):
        expect(tab.get_by_test_id("waiting-prompt")).to_have_text([re.compile("the frist"), re.compile("the second")])
        expect(state(tab)).to_contain_text("2 waiting")
    expect(a.get_by_test_id("queue-edit")).to_have_count(0)
    b.get_by_test_id("queue-edit").first.click()
    b.get_by_test_id("edit-input").fill("the first")
    b.get_by_test_id("edit-input").press("Enter")
    expect(a.get_by_test_id("waiting-prompt").first).to_contain_text("the first")
    b.get_by_test_id("queue-withdraw").last.click()
    expect(a.get_by_test_id("waiting-prompt")).to_have_count(1)
    expect(message(a, "the second")).to_have_count(0)
    a.get_by_test_id("stop").click()
    expect(state(a)).to_contain_text(f"Replying to {bob.name}")
    expect(a.get_by_test_id("reply-queue")).to_be_hidden()
    a.get_by_test_id("stop").click()
    expect(state(b)).to_have_text(READY)


def test_an_edited_prompt_that_had_a_reply_gets_another_version(someone: Cast) -> None:
    alice, bob, room = session(someone)
    a, b = alice.room(room), bob.room(room)
    say(a, "Tell me of queues")
    expect(state(a)).to_contain_text(REPLYING)
    act(a, "Tell me of queues", "link")
    expect(a.get_by_test_id("action-edit")).to_have_count(0)
    a.get_by_test_id("stop").click()
    expect(state(a)).to_have_text(READY)
    a.get_by_test_id("composer").press("ArrowUp")
    expect(a.get_by_test_id("edit-note")).to_contain_text("Claude will reply again")
    a.get_by_test_id("edit-input").fill("Tell me of stacks")
    a.get_by_role("button", name="Save and ask again").click()
    expect(state(b)).to_contain_text(REPLYING)
    b.get_by_test_id("stop").click()
    for tab in (a, b):
        expect(state(tab)).to_have_text(READY)
        expect(replies(tab)).to_have_count(1)
        expect(message(tab, "Tell me of stacks")).to_contain_text("(edited)")
    a.locator('[data-do="show-version"][data-version="1"]').first.click()
    for tab in (a, b):
        expect(message(tab, "Tell me of queues").first).to_be_visible()  # Claude may have repeated it by then


def test_an_authors_old_text_is_shown_to_no_one_else_and_goes_when_they_say_so(someone: Cast) -> None:
    alice, bob, room = session(someone)
    a, b = alice.room(room), bob.room(room)
    say(a, "Keep 4711 to yourself")
    stop(a)
    a.get_by_test_id("composer").press("ArrowUp")
    a.get_by_test_id("edit-input").fill("Keep it to yourself")
    a.get_by_role("button", name="Save and ask again").click()
    expect(message(b, "Keep it to yourself").first).to_contain_text("(edited)")
    stop(b)
    b.locator('[data-do="show-version"][data-version="1"]').first.click()
    for tab in (a, b):
        expect(tab.get_by_test_id("version-label")).to_have_text("1 / 2")
        expect(message(tab, "Keep it to yourself").first).to_be_visible()
    a.get_by_test_id("composer").press("ArrowUp")
    a.get_by_test_id("edit-input").fill("Never mind")
    a.get_by_test_id("edit-forget").check()
    a.get_by_role("button", name="Save and ask again").click()
    expect(message(b, "Never mind").first).to_be_visible()
    stop(a)
    a.locator('[data-do="show-version"][data-version="2"]').first.click()
    for tab in (a, b):
        expect(tab.get_by_test_id("version-label")).to_have_text("2 / 3")
        expect(message(tab, "Never mind").first).to_be_visible()
    replies(b).first.hover()
    expect(b.get_by_test_id("action-delete")).to_have_count(0)
    replies(a).first.hover()
    expect(a.get_by_test_id("action-delete")).to_be_visible()


def stop(page: Page) -> None:
    expect(state(page)).to_contain_text(REPLYING)
    page.get_by_test_id("stop").click()
    expect(state(page)).to_have_text(READY)


def test_where_claude_is_not_asked_by_every_message_it_is_called_by_name(someone: Cast) -> None:
    alice, bob, room = session(someone)
    b = bob.room(room)
    a = alice.tab(f"/rooms/{room}/details")
    a.get_by_label("Claude replies to every message").uncheck()
    a.locator("#claude").get_by_role("button", name="Save").click()
    expect(b.get_by_test_id("typing")).to_have_text("Claude replies here only when called: @claude")
    say(b, "just between us")
    expect(message(b, "just between us")).to_have_attribute("data-state", "stored")
    b.get_by_test_id("composer").press_sequentially("what do you say, @cl")
    b.get_by_role("option", name="claude").wait_for()
    b.keyboard.press("Tab")
    b.keyboard.press("Enter")
    expect(replies(b)).to_have_count(1)


def test_claude_replies_in_an_ordinary_room_when_it_is_called(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    expect(a.get_by_test_id("session-bar")).to_be_hidden()
    say(a, f"@claude {LONG}")
    expect(b.get_by_test_id("typing")).to_contain_text(f"Claude: Replying to {alice.name}")
    b.get_by_test_id("stop").click()
    expect(replies(a)).to_contain_text(bob.name)
    expect(b.get_by_test_id("typing")).to_have_text("")


def test_two_people_who_type_at_the_same_time_lose_no_letter(someone: Cast) -> None:
    alice, bob, room = session(someone)
    a, b = alice.room(room), bob.room(room)
    a.get_by_test_id("composer").press_sequentially("in the middle")
    expect(b.get_by_test_id("composer")).to_have_value("in the middle")
    b.get_by_test_id("composer").press("Home")
    for _ in range(15):
        a.keyboard.type("A")
        b.keyboard.type("B")
    whole = "B" * 15 + "in the middle" + "A" * 15
    for tab in (a, b):
        expect(tab.get_by_test_id("composer")).to_have_value(whole)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_a_busy_session_fits_every_window_and_has_no_fault(someone: Cast, width: int, scheme: str) -> None:
    alice, _bob, room = session(someone)
    page = alice.room(room, alice.context(width, 800, color_scheme=scheme))
    for text in (LONG, "and then " * 20):
        page.get_by_test_id("composer").fill(text)
        page.get_by_test_id("send").click()
    expect(page.get_by_test_id("waiting-prompt")).to_have_count(1)
    expect(page.get_by_test_id("demo-note").locator("summary")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bar = page.get_by_test_id("session-bar")
    assert bar.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    found = Axe().run(page).response["violations"]
    assert [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]] == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_reply_to_ones_own_prompt_is_not_new_while_one_looks(someone: Cast, width: int) -> None:
    alice = someone("alice")
    room = alice.create_room(kind="session")
    page = alice.tab(f"/rooms/{room}/details", alice.context(width, 844))
    # A notice of one's own is no message: nothing stands below it that could be unread.
    page.get_by_label("Topic").fill("Weekend")
    page.get_by_role("button", name="Save").first.click()
    page = alice.room(room)
    expect(page.get_by_test_id("notice")).to_contain_text("Weekend")
    say(page, "hello")
    expect(replies(page)).to_have_count(1)
    expect(state(page)).to_have_text(READY, timeout=60_000)
    expect(page.get_by_test_id("unread-line")).to_have_count(0)


def test_a_reply_is_new_to_a_person_who_was_away_but_not_to_one_who_watches_it_after_a_reload(
    someone: Cast,
) -> None:
    alice, bob, room = session(someone)
    a, b = alice.room(room), bob.room(room)
    for tab in (a, b):
        tab.evaluate("document.hasFocus = () => false")
    say(a, LONG)
    expect(state(a)).to_contain_text(REPLYING)
    watching = alice.room(room)
    expect(replies(watching)).to_have_count(1)
    for tab in (a, watching):
        expect(state(tab)).to_have_text(READY, timeout=60_000)
    expect(watching.get_by_test_id("unread-line")).to_have_count(0)
    expect(b.locator(".row", has=b.get_by_test_id("unread-line"))).to_contain_text(LONG)
    watching.close()

    say(a, "And once more, briefly?")
    expect(replies(a)).to_have_count(2)
    expect(state(a)).to_have_text(READY, timeout=60_000)
    again = alice.room(room)
    line = again.locator(".row", has=again.get_by_test_id("unread-line"))
    expect(line.locator('[data-author="claude"]')).to_have_count(1)
