"""Footnotes lead to each other within their message. How they are drawn: tests/reports/extras.py."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_cast import Cast, message, say

WORDS = "\n\n".join(f"line {number}" for number in range(60))


@pytest.fixture
def page(someone: Cast) -> Page:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    page.evaluate("window.isSamePage = true")
    return page


def marks(row: Locator) -> Locator:
    return row.locator(".footnote-mark > a")


def words(row: Locator) -> Locator:
    return row.locator(".footnote-words > a")


def test_a_mark_leads_to_its_words_and_back_within_its_own_message(page: Page) -> None:
    say(page, f"first[^1] again[^1]\n\n{WORDS}\n\n[^1]: the end of the first")
    say(page, "second[^1]\n\n[^1]: the end of the second")
    first, second = message(page, "end of the first"), message(page, "end of the second")
    address, entries = page.url, page.evaluate("history.length")
    marks(first).nth(1).click()
    expect(words(first)).to_be_focused()
    expect(words(first)).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(marks(first).nth(1)).to_be_focused()
    expect(marks(first).nth(1)).to_be_in_viewport()
    marks(second).click()
    expect(words(second)).to_be_focused()
    words(second).click()
    expect(marks(second)).to_be_focused()
    assert (page.url, page.evaluate("history.length")) == (address, entries)
    assert page.evaluate("window.isSamePage"), "nothing was loaded again"
    assert page.evaluate("document.querySelectorAll('.prose [id]').length") == 0, "no id of one message is another's"


@pytest.mark.parametrize("keys", [[], ["Control"], ["Shift"]])
def test_a_footnote_opens_no_page_however_it_is_clicked(page: Page, keys: list[str]) -> None:
    say(page, "語[^あ] a[^n-1]\n\n<details>\n<summary>Notes</summary>\n\n[^n-1]: within\n\n</details>")
    row = message(page, "within")
    expect(marks(row)).to_have_text(["n-1"])
    marks(row).click(modifiers=keys)  # type: ignore[arg-type]
    expect(words(row)).to_be_focused()
    expect(row.locator("details")).to_have_attribute("open", "")
    assert len(page.context.pages) == 1
