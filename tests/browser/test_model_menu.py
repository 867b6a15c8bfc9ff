"""The menu at the composer: which model replies to the next prompts, by mouse, finger and keyboard."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from fake_claude import FakeClaude, Normal
from tests.browser.chat_cast import Cast, Someone, say
from tests.browser.looks import problems
from tests.servers.sessions import site_with_claude
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

FIRST_REPLY_MS = 60_000


class Place(NamedTuple):
    site: Site
    fake: FakeClaude


@pytest.fixture(scope="module")
def place(site_builder: SiteBuilder) -> Iterator[Place]:
    with site_with_claude(site_builder, UVICORN_SQLITE, CLAUDE_MODEL="claude-sonnet-5-5") as (site, fake):
        fake.default = Normal("High tide is at noon.")
        yield Place(site, fake)


@pytest.fixture(scope="module")
def site(place: Place) -> Site:
    return place.site


def button(page: Page) -> Locator:
    return page.get_by_test_id("model-button")


def menu(page: Page) -> Locator:
    return page.get_by_test_id("model-menu")


def choose(page: Page, group: str, name: str) -> None:
    menu(page).get_by_role("group", name=group).get_by_label(name, exact=True).check()


def replied(page: Page, count: int = 1) -> Locator:
    replies = page.locator('[data-reply-state="complete"]')
    expect(replies).to_have_count(count, timeout=FIRST_REPLY_MS)
    return replies.last


def phone(alice: Someone) -> BrowserContext:
    return alice.context(390, 844, has_touch=True)


def test_a_choice_holds_for_the_next_prompts_and_can_be_taken_back(place: Place, someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    expect(button(page)).to_have_text("Sonnet 5.5")
    button(page).click()
    choose(page, "Model", "Haiku 5.5")
    choose(page, "Effort", "low")
    choose(page, "Thinking", "off")
    page.keyboard.press("Escape")
    expect(menu(page)).to_be_hidden()
    expect(button(page)).to_have_text("Haiku 5.5 · low effort · no thinking")
    say(page, "When is high tide?")
    expect(replied(page).get_by_test_id("reply-model")).to_have_text("claude-haiku-5-5, low effort, no thinking")
    body = place.fake.requests[-1].body
    assert (body["model"], body["thinking"], body["output_config"]) == (
        "claude-haiku-5-5", {"type": "disabled"}, {"effort": "low"},
    )  # fmt: skip
    page.reload()
    expect(button(page)).to_have_text("Haiku 5.5 · low effort · no thinking")
    button(page).click()
    choose(page, "Model", "As in this room (Sonnet 5.5)")
    choose(page, "Effort", "As in this room")
    choose(page, "Thinking", "As in this room")
    page.keyboard.press("Escape")
    say(page, "And tomorrow?")
    expect(replied(page, 2).get_by_test_id("reply-model")).to_have_text("claude-sonnet-5-5")


def test_by_keyboard_alone(place: Place, someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    button(page).focus()
    page.keyboard.press("Enter")
    expect(menu(page).get_by_label("As in this room (Sonnet 5.5)")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = menu(page).get_by_role("group", name="Model").locator("input:checked")
    expect(chosen).to_be_focused()
    assert chosen.get_attribute("value") == "claude-opus-5-5"
    expect(menu(page).get_by_role("group", name="Thinking")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(menu(page).get_by_label("low", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(button(page)).to_be_focused()
    expect(button(page)).to_have_text("Opus 5.5 · low effort")


def test_by_finger_on_a_phone_it_fits_and_axe_finds_nothing(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"), phone(alice))
    button(page).tap()
    first = menu(page).locator("label").first
    expect(first).to_be_visible()
    box, window = first.bounding_box(), menu(page).bounding_box()
    assert box and box["height"] >= 44
    assert window and window["x"] >= 0 and window["x"] + window["width"] <= 390 and window["y"] >= 0
    menu(page).get_by_text("Haiku 5.5", exact=True).tap()
    menu(page).get_by_text("xhigh", exact=True).tap()
    assert problems(page, "the menu of models") == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".timeline").tap(position={"x": 20, "y": 20})
    expect(menu(page)).to_be_hidden()
    page.get_by_test_id("composer").fill("When is high tide?")
    expect(page.get_by_test_id("prompt-estimate")).to_contain_text("About")
    edge = button(page).bounding_box()
    assert edge and edge["x"] + edge["width"] <= 390, "it stays within the page"


def test_the_price_follows_the_choice(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    page.get_by_test_id("composer").fill("When is high tide?")
    line = page.get_by_test_id("prompt-estimate")
    expect(line).to_contain_text("About")
    before = line.inner_text()
    button(page).click()
    choose(page, "Model", "Opus 5.5")
    expect(line).not_to_have_text(before)


def test_another_tab_of_the_same_browser_follows_and_another_person_does_not(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob, kind="session")
    first, second, bobs = alice.room(room), alice.room(room), bob.room(room)
    button(first).click()
    choose(first, "Model", "Opus 5.5")
    expect(button(second)).to_have_text("Opus 5.5")
    expect(button(bobs)).to_have_text("Sonnet 5.5")


def test_a_retry_takes_the_choice_and_in_another_room_only_a_prompt_has_one(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    page = alice.room(alice.create_room(kind="session"))
    say(page, "When is high tide?")
    expect(replied(page).get_by_test_id("reply-model")).to_have_text("claude-sonnet-5-5")
    button(page).click()
    choose(page, "Model", "Opus 5.5")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Retry").click()
    expect(replied(page).get_by_test_id("reply-model")).to_have_text("claude-opus-5-5")
    other = alice.room(alice.create_room(bob))
    expect(button(other)).to_be_hidden()
    other.get_by_test_id("composer").fill("@claude when is high tide?")
    expect(button(other)).to_have_text("Sonnet 5.5")


def test_offline_it_says_what_is_wrong(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    page.context.set_offline(True)
    page.wait_for_selector('html:not([data-connection="connected"])')
    button(page).click()
    expect(menu(page).get_by_role("alert")).to_contain_text("when you're connected")
    page.context.set_offline(False)
