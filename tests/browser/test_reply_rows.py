"""Claude's rows in the timeline: streaming, every way to end, versions, thinking, and what a reload makes of it."""

import re
import time
from collections.abc import Iterator
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Locator, Page, expect

from fake_claude import BadKey, Cut, FakeClaude, Held, Normal, Stall, StopReason, Tiny, WithThinking
from tests.browser.chat_cast import FILES_ARE_KEPT, PATIENCE_MS, Cast, message, say
from tests.browser.looks import sideways
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

RICH: Final = (
    "# Plan\n\nFirst **this**, then [that](https://a.example/x), not ![this](https://evil.example/x.png).\n\n"
    "- one\n- two\n\n```python\ndef double(x):\n    return x * 2  # twice\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    "<b>raw</b> end."
)
BUSY_AT_MOST: Final = 0.5
HAS_ENDED: Final = re.compile("complete|stopped|interrupted|failed")


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeClaude]:
    with FakeClaude() as running:
        yield running


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder, fake: FakeClaude) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    settings = {"CLAUDE_BACKEND": "anthropic", "ANTHROPIC_API_KEY": "test-key", "ANTHROPIC_BASE_URL": fake.url}
    with site_builder.running(UVICORN_SQLITE, **settings, **FILES_ARE_KEPT) as running:
        yield running


@pytest.fixture
def page(someone: Cast) -> Page:
    alice = someone("alice")
    return alice.room(alice.create_room(kind="session"))


def last_reply(page: Page) -> Locator:
    return page.locator("[data-reply-state]").last


def ask(page: Page, fake: FakeClaude, mode: object, text: str = "Tell me") -> Locator:
    fake.will(mode)  # type: ignore[arg-type]
    say(page, text)
    expect(last_reply(page)).to_be_visible()
    return last_reply(page)


def ends(reply: Locator, state: str) -> None:
    expect(reply).to_have_attribute("data-reply-state", state)
    expect(reply.get_by_test_id("reply-progress")).to_have_count(0)


def elements(page: Page) -> list[str]:
    """Return the last reply's elements with their places, but for the pieces that colour code."""
    script = """element => [...element.querySelectorAll(":not(pre span)")].map((each) => {
      const { x, y, width, height } = each.getBoundingClientRect();
      const top = element.getBoundingClientRect().y;
      return `${each.nodeName} ${each.getAttribute("href") ?? ""} ${[x, y - top, width, height].map(Math.round)}`;
    })"""
    found: list[str] = last_reply(page).get_by_test_id("reply-text").evaluate(script)
    return found


def test_a_reply_streams_formatted_and_looks_the_same_after_a_reload(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, Normal(RICH, pieces=60, pause_s=0.01))
    text = reply.get_by_test_id("reply-text")
    expect(text.locator("h1")).to_have_text("Plan")
    ends(reply, "complete")
    expect(text.locator("td")).to_have_text(["1", "2"])
    expect(text).to_contain_text("<b>raw</b> end.")
    expect(text.locator(".code-language")).to_have_text("python")
    expect(text.locator("pre .k").first).to_have_text("def")
    expect(text.locator("img")).to_have_count(0)
    expect(reply.get_by_test_id("reply-model")).to_contain_text("claude")
    streamed, said = elements(page), text.inner_text()
    page.reload()
    ends(last_reply(page), "complete")
    expect(text.locator("pre .k").first).to_have_text("def")
    assert elements(page) == streamed
    assert text.inner_text() == said


def test_a_finished_block_is_never_touched_again_and_nothing_jumps_at_the_end(page: Page, fake: FakeClaude) -> None:
    fake.will(Held(after=8, text="# Head\n\nA paragraph of words.\n\nAnother one.\n\nand the very end."))
    say(page, "Tell me")
    reply = last_reply(page)
    expect(reply.locator("h1")).to_have_text("Head")
    reply.locator("h1").evaluate("element => { window.kept = element; }")
    fake.release()
    ends(reply, "complete")
    expect(reply.get_by_test_id("reply-text")).to_contain_text("the very end.")
    assert reply.locator("h1").evaluate("element => element === window.kept")


def test_a_reply_that_is_stopped_names_who_stopped_it_and_goes_on(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, Held(after=4, text="one two three four five six seven"))
    expect(reply.get_by_test_id("reply-text")).to_contain_text("four")
    expect(reply.get_by_test_id("reply-progress")).to_have_text("Claude is writing")
    page.get_by_test_id("stop").click()
    ends(reply, "stopped")
    expect(reply.get_by_test_id("reply-ending")).to_contain_text("Stopped by alice")
    fake.release()
    fake.will(Normal(" and on it goes"))
    reply.get_by_test_id("action-continue").click()
    ends(reply, "complete")
    expect(reply.get_by_test_id("reply-text")).to_contain_text(re.compile("one two three four.*and on it goes"))


def test_who_is_changing_a_prompt_when_its_turn_comes_loses_neither_the_words_nor_the_reply(
    page: Page, fake: FakeClaude
) -> None:
    fake.will(Held(after=2, text="one two three four"))
    say(page, "first")
    expect(page.get_by_test_id("stop")).to_be_visible()
    say(page, "second")
    say(page, "third")
    expect(page.get_by_test_id("waiting-prompt")).to_have_count(2)
    page.get_by_test_id("queue-edit").first.click()
    page.get_by_test_id("edit-input").press("End")
    page.keyboard.type(", half")
    fake.will(Held(after=2, text="five six seven eight"), Normal("Nine."), Normal("Ten."))
    fake.release()
    expect(page.get_by_test_id("claude-state")).to_contain_text("1 waiting")
    expect(page.get_by_test_id("edit-note")).to_contain_text("has begun to reply")
    expect(page.locator(".queue-title")).to_have_text("Waiting for Claude")
    page.keyboard.type(" a thought")
    page.get_by_test_id("edit-input").press("Enter")
    expect(page.locator(".reply-queue .field-errors")).to_contain_text("Stop")
    expect(page.locator('[data-reply-state="stopped"]')).to_have_count(0)
    page.get_by_test_id("stop").click()
    expect(page.locator('[data-reply-state="complete"]')).to_have_count(2)
    expect(page.get_by_test_id("edit-input")).to_have_value("second, half a thought")
    page.get_by_test_id("edit-save").click()
    expect(page.locator('[data-reply-state="complete"]')).to_have_count(3)
    expect(message(page, "second, half a thought")).to_have_count(1)
    expect(page.get_by_test_id("reply-queue")).to_be_hidden()


def test_who_works_by_keyboard_is_never_thrown_to_the_top_of_the_page(page: Page, fake: FakeClaude) -> None:
    def press(test_id: str) -> None:
        page.get_by_test_id(test_id).last.focus()
        page.keyboard.press("Enter")

    reply = ask(page, fake, Held(after=2, text="one two three four"))
    expect(reply.get_by_test_id("reply-text")).to_contain_text("two")
    press("stop")
    ends(reply, "stopped")
    expect(page.get_by_test_id("composer")).to_be_focused()
    fake.will(Held(after=2, text="one two three four"))
    press("action-retry")
    expect(reply).to_have_attribute("data-reply-state", "running")
    expect(reply).to_be_focused()
    say(page, "second")
    expect(page.get_by_test_id("waiting-prompt")).to_have_count(1)
    press("queue-withdraw")
    expect(page.get_by_test_id("waiting-prompt")).to_have_count(0)
    expect(page.locator(".tombstone")).to_have_count(1)
    expect(page.get_by_test_id("composer")).to_be_focused()
    page.keyboard.press("Escape")
    ends(page.locator("[data-reply-state]").first, "stopped")


def test_a_broken_connection_leaves_the_text_and_a_way_to_go_on(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, Cut(after=5, text="one two three four five six seven"))
    ends(reply, "interrupted")
    expect(reply.get_by_test_id("reply-error")).to_contain_text("Interrupted")
    expect(reply.get_by_test_id("reply-text")).to_contain_text("one two")
    expect(reply.get_by_test_id("action-continue")).to_be_visible()


def test_a_failed_reply_is_asked_for_again(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, BadKey())
    ends(reply, "failed")
    expect(reply.get_by_test_id("reply-error")).to_contain_text("Claude is not available")
    expect(reply.get_by_test_id("reply-usage")).to_have_count(0)  # nothing was used
    fake.will(Normal("Now it works."))
    reply.get_by_test_id("action-retry").click()
    ends(reply, "complete")
    expect(reply.get_by_test_id("reply-text")).to_have_text("Now it works.")
    expect(reply.get_by_test_id("version-label")).to_have_count(0)


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (Normal(""), "Claude gave no reply."),
        (WithThinking("", "Hm."), "Claude gave no reply."),
        (StopReason("max_tokens", text="", thinking="Hm."), "Retry gives it more room."),
        (StopReason("refusal", text=""), "Claude declined to reply to this."),
    ],
)
def test_a_reply_without_a_word_says_so_and_is_retried_in_its_place(
    page: Page, fake: FakeClaude, mode: Normal, says: str
) -> None:
    reply = ask(page, fake, mode)
    ends(reply, "complete")
    for _ in range(2):
        expect(reply.get_by_test_id("reply-ending")).to_contain_text(says)
        expect(reply.get_by_test_id("action-continue")).to_have_count(0)
        page.reload()
    fake.will(Normal("Here it is."))
    reply.get_by_test_id("action-retry").click()
    expect(reply.get_by_test_id("reply-text")).to_have_text("Here it is.")
    expect(reply.get_by_test_id("version-label")).to_have_count(0)


def test_claude_is_told_the_time_zone_of_the_browser(page: Page, fake: FakeClaude) -> None:
    page.reload()  # the first page has left it in a cookie
    expect(page.get_by_test_id("composer")).to_be_visible()
    ends(ask(page, fake, Normal("Late.")), "complete")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert f"({zone}, UTC" in fake.requests[-1].body["messages"][-1]["content"][-1]["text"]


def test_versions_are_stepped_through_by_keyboard(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, Normal("The **first** reply."))
    ends(reply, "complete")
    fake.will(Normal("The second reply."))
    reply.get_by_test_id("action-retry").click()
    expect(reply).to_have_attribute("data-versions", "2")
    expect(reply.get_by_test_id("version-label")).to_have_text("2 / 2")
    expect(reply.get_by_test_id("reply-text")).to_have_text("The second reply.")
    reply.get_by_test_id("version-prev").focus()
    page.keyboard.press("Enter")
    expect(reply.get_by_test_id("version-label")).to_have_text("1 / 2")
    expect(reply.get_by_test_id("reply-text").locator("strong")).to_have_text("first")
    reply.get_by_test_id("version-next").click()
    expect(reply).to_have_attribute("data-version", "2")
    expect(reply.get_by_test_id("reply-text")).to_have_text("The second reply.")


def test_thinking_is_folded_away_and_the_length_limit_is_said(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, WithThinking("The reply.", stop_reason="max_tokens"))
    ends(reply, "complete")
    thinking = reply.get_by_test_id("reply-thinking")
    expect(thinking.locator("summary")).to_contain_text("Thought")
    expect(thinking.locator(".reply-thinking-text")).to_be_hidden()
    thinking.locator("summary").click()
    expect(thinking.locator(".reply-thinking-text")).to_contain_text("two sides")
    expect(reply.get_by_test_id("reply-ending")).to_have_text("Stopped at the length limit.")
    expect(reply.get_by_test_id("action-continue")).to_be_visible()
    expect(reply.get_by_test_id("reply-usage")).to_contain_text("tokens in")


def test_a_reply_and_its_code_are_copied(someone: Cast, fake: FakeClaude) -> None:
    alice = someone("alice")
    context = alice.context(permissions=["clipboard-read", "clipboard-write"])
    page = alice.room(alice.create_room(kind="session"), context)
    reply = ask(page, fake, Normal("Text\n\n```js\nlet a = 1;\n```\n"))
    ends(reply, "complete")
    for where in ("streamed", "reloaded"):
        last_reply(page).get_by_test_id("code-copy").click()
        expect(last_reply(page).get_by_test_id("code-copy")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "let a = 1;", where
        last_reply(page).get_by_test_id("action-copy-reply").click()
        expect(last_reply(page).get_by_test_id("action-copy-reply")).to_have_text("Copied")
        assert "```js" in page.evaluate("navigator.clipboard.readText()")
        page.reload()
        ends(last_reply(page), "complete")


def test_a_stalled_reply_ends_when_it_is_stopped_and_never_spins_for_ever(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, Stall(after=3))
    expect(reply).to_have_attribute("data-reply-state", "running")
    page.get_by_test_id("stop").click()
    ends(reply, "stopped")


def test_ten_thousand_pieces_leave_the_page_responsive(page: Page, fake: FakeClaude) -> None:
    session = page.context.new_cdp_session(page)
    # The processor time of the page's thread: how busy the machine is with other things does not count.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, began = _busy_seconds(session), time.monotonic()
    reply = ask(page, fake, Tiny(10_000))
    expect(reply).to_have_attribute("data-reply-state", HAS_ENDED, timeout=120_000)
    ends(reply, "complete")
    expect(reply.get_by_test_id("reply-text")).to_have_text("a " * 9_999 + "a")
    assert (_busy_seconds(session) - before) / (time.monotonic() - began) < BUSY_AT_MOST


def _busy_seconds(session: CDPSession) -> float:
    found = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return float(sum(found[name] for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reply_is_accessible_in_both_themes(someone: Cast, fake: FakeClaude, theme: str) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), alice.context(color_scheme=theme))
    reply = ask(page, fake, WithThinking(RICH, stop_reason="max_tokens"))
    ends(reply, "complete")
    expect(reply.locator("pre .k").first).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]})
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found.response["violations"]] == []


@pytest.mark.parametrize("width", [390, 820])
def test_a_wide_table_scrolls_and_breaks_no_word(someone: Cast, fake: FakeClaude, width: int) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), alice.context(width, 800))
    columns = range(14)
    rows = (
        " | ".join(f"heading {n}" for n in columns),
        "---|" * 14,
        " | ".join(f"`value_{n}_of_all`" for n in columns),
    )
    reply = ask(page, fake, Normal("\n".join(f"| {row}" for row in rows)))
    ends(reply, "complete")
    expect(reply.locator("td code")).to_have_count(14)
    broken = "all => all.filter((each) => each.getClientRects().length > 1).map((each) => each.textContent)"
    assert reply.locator("td code").evaluate_all(broken) == []
    assert reply.locator("table").evaluate("each => each.scrollWidth > each.clientWidth")
    assert sideways(page) == []
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.tagName") == "TABLE":
            break
    expect(reply.locator("table")).to_be_focused()
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    expect(reply.locator("th").last).to_be_in_viewport()


def test_below_a_reply_in_a_narrow_window_nothing_is_out_of_line_and_no_line_is_empty(
    someone: Cast, fake: FakeClaude
) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), alice.context(390, 800))
    reply = ask(page, fake, Cut(after=5, text="one two three four five six seven"))
    ends(reply, "interrupted")
    words = """element => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return Math.round(range.getBoundingClientRect().x);
    }"""
    begins = reply.get_by_test_id("reply-text").locator("p").evaluate(words)
    assert reply.get_by_test_id("action-continue").evaluate(words) == pytest.approx(begins, abs=1)
    page.mouse.move(0, 0)
    expect(reply.get_by_test_id("reply-usage")).to_have_css("opacity", "1")


def test_the_context_line_is_one_sentence_between_two_rules_on_a_phone(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), alice.context(390, 800))
    drawn = page.evaluate("""async () => {
      const { separators } = await import("/static/chat/js/pages/message/message-parts.js");
      const [line] = separators({ contextLine: "summarised", day: null });
      document.querySelector(".timeline-inner").append(line);
      const rules = ["::before", "::after"].map((rule) => parseFloat(getComputedStyle(line, rule).width));
      return { rules, parts: line.children.length, words: line.textContent };
    }""")
    assert drawn["words"] == "Claude sees from here, and what was before as a summary"
    assert drawn["parts"] == 1
    assert min(drawn["rules"]) >= 16


def test_only_a_finished_reply_is_spoken(page: Page, fake: FakeClaude) -> None:
    spoken = page.locator("[aria-live=polite]").filter(has_text="Claude:")
    reply = ask(page, fake, Held(after=3, text="one two three four five"))
    expect(reply.get_by_test_id("reply-text")).to_contain_text("three")
    expect(spoken).to_have_count(0)
    fake.release()
    ends(reply, "complete")
    expect(spoken).to_contain_text("Claude: one two three four five")


def test_the_stop_reason_of_a_refusal_is_said(page: Page, fake: FakeClaude) -> None:
    reply = ask(page, fake, StopReason(text="No.", stop_reason="refusal"))
    ends(reply, "complete")
    expect(reply.get_by_test_id("reply-ending")).to_have_text("Claude declined to reply to this.")
    expect(reply.get_by_test_id("action-continue")).to_have_count(0)
