"""What Safari does otherwise, imitated in Chromium. The cases: tests/reports/webkit.py; endings: tests/js."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.chat_cast import Cast, Someone, act, say
from tests.reports.webkit import FIELDS, HISTORIES, Field, History

NO_FIELD_SIZING = """
const supports = CSS.supports.bind(CSS);
CSS.supports = (...asked) => !asked.join().includes("field-sizing") && supports(...asked);
"""
WATCH = """from => new Promise(done => {
  const area = document.querySelector(".timeline");
  area.scrollTop = from;
  const top = area.getBoundingClientRect().top;
  const row = [...document.querySelectorAll(".row")].find(each => each.getBoundingClientRect().bottom > top);
  const seen = [];
  const until = performance.now() + 3000;
  const rows = document.querySelectorAll(".row").length;
  const look = () => {
    seen.push(row.querySelector(".prose").getBoundingClientRect().top); // its day and name may go
    if (performance.now() < until) return requestAnimationFrame(look);
    done({ shift: Math.max(...seen) - Math.min(...seen), grown: document.querySelectorAll(".row").length > rows });
  };
  requestAnimationFrame(look);
})"""


def without_field_sizing(someone: Someone, width: int = 1280) -> BrowserContext:
    """Return a browser whose text fields cannot grow on their own."""

    def older(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("field-sizing: content;", ""))

    context = someone.context(width, 800)
    context.add_init_script(NO_FIELD_SIZING)
    context.route(re.compile(r"\.css"), older)
    return context


def heights(page: Page, selector: str) -> tuple[float, float]:
    script = "field => [field.clientHeight, field.scrollHeight]"
    shown, needed = page.locator(selector).evaluate(script)
    return shown, needed


@pytest.mark.parametrize("case", FIELDS, ids=lambda case: f"{case.place}-{case.why}")
def test_a_field_is_as_high_as_its_text(someone: Cast, case: Field) -> None:
    alice = someone("alice")
    room = alice.create_room(kind="session" if case.place == "queue" else "closed")
    page = alice.room(room, without_field_sizing(alice, 390 if case.place == "narrow" else 1280))
    text = "\n".join(f"line {number}" for number in range(case.lines))
    if case.place == "narrow":
        text = "many words on one line " * 20
    selector = ".composer-input" if case.place == "composer" else ".inline-edit textarea"
    if case.place == "queue":
        for prompt in ("write a long story", "a second", text):
            say(page, prompt)
        page.get_by_test_id("waiting-prompt").last.get_by_test_id("queue-edit").click()
    elif case.place == "composer":
        page.get_by_test_id("composer").fill(text)
    else:
        say(page, text)
        expect(page.get_by_test_id("message")).to_have_attribute("data-state", "stored")
        act(page, text.splitlines()[0], "edit")
    page.wait_for_timeout(200)
    shown, needed = heights(page, selector)
    limit = 420 if case.lines > 20 else needed
    assert min(needed, 300) - 1 <= shown <= limit + 1
    before = shown
    page.locator(selector).press("End")
    page.locator(selector).press("Shift+Enter")
    page.wait_for_timeout(100)
    shown, needed = heights(page, selector)
    assert shown > before or case.lines > 20 or shown >= needed - 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_radio_that_is_not_chosen_looks_empty(someone: Cast, theme: str) -> None:
    alice = someone("alice")
    page = alice.tab("/rooms/new")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    page.wait_for_function("() => !document.getAnimations().length")  # the cards change their colours slowly
    look = """radio => {
      const { appearance, borderTopColor, backgroundColor } = getComputedStyle(radio);
      return [appearance, borderTopColor, backgroundColor];
    }"""
    chosen, empty = (
        page.locator(f"input[type=radio]{which}").first.evaluate(look) for which in (":checked", ":not(:checked)")
    )
    assert chosen[0] == empty[0] == "none"
    assert chosen[1] != empty[1] and chosen[2] != empty[2]
    surface = page.locator(".choice").last.evaluate("card => getComputedStyle(card).backgroundColor")
    assert empty[2] == surface
    page.locator("input[type=radio]").last.check()
    assert page.locator("input[type=radio]").last.evaluate(look) == chosen


def test_words_stay_where_they_are_while_a_reply_grows(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    say(page, "write a long story")
    paragraph = page.locator('[aria-busy="true"] p').first
    expect(paragraph).to_be_visible()
    assert (
        page.evaluate("""() => ["p", "h1", "h2", "h3", "h4"].map((tag) => {
      const made = document.createElement(tag);
      document.querySelector('[aria-busy="true"]').append(made);
      const { textWrapStyle } = getComputedStyle(made);
      made.remove();
      return textWrapStyle;
    })""")
        == ["auto"] * 5
    )


@pytest.mark.parametrize("case", HISTORIES, ids=lambda case: case.why)
def test_older_messages_come_without_moving_the_reader(someone: Cast, case: History) -> None:
    alice = someone("alice")
    room = alice.create_room()
    alice.site.people.tell("fill_with_messages", rooms=[room], count=case.rows, text="line", html_chars=40)
    page = alice.room(room, alice.context(case.width, 700))
    expect(page.locator(".message").last).to_be_visible()
    page.wait_for_timeout(200)
    seen = page.evaluate(WATCH, case.from_top)
    assert seen["grown"], "nothing older was loaded"
    assert seen["shift"] <= 1, f"the reader's place moved by {seen['shift']} px"
