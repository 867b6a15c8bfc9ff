"""Ctrl+K finds by the best fit, and offers people. The cases: tests/reports/jumps.py."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from accounts.names import search_form
from tests.browser.chat_cast import Cast
from tests.browser.test_pages_pure import call
from tests.reports.jumps import JUMPS, Jump
from tests.reports.names import NAMES, Named
from tests.servers.sites import Site


@pytest.fixture(scope="module")
def pure(browser: Browser, site: Site) -> Iterator[Page]:
    made = browser.new_page(base_url=site.processes[0].origin)
    made.goto("/accounts/login/")
    yield made
    made.close()


@pytest.mark.parametrize("case", JUMPS, ids=lambda case: case.why)
def test_names_are_ranked_by_how_they_fit(pure: Page, case: Jump) -> None:
    ranks = [call(pure, "base/ranking", "rank", name, case.typed) for name in case.best_first]
    assert ranks == sorted(ranks) and ranks[-1] < 5, dict(zip(case.best_first, ranks, strict=True))
    assert [name for name in case.never if call(pure, "base/ranking", "rank", name, case.typed) != float("inf")] == []


@pytest.mark.parametrize("case", NAMES, ids=lambda case: f"{case.kind}: {case.typed!a}")
def test_the_page_folds_names_as_the_server_does(pure: Page, case: Named) -> None:
    for text in (case.name, case.typed):
        assert call(pure, "base/folding", "searchForm", text) == search_form(text)
    assert (call(pure, "base/ranking", "rank", case.name, case.typed) != float("inf")) == case.is_found


def test_a_person_is_completed_by_any_form_of_their_name(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    bob.site.people.tell("set_display_name", username=bob.name, name="Łucja Zoë שָׁלוֹם")
    page = alice.room(alice.create_room(bob))
    composer = page.get_by_test_id("composer")
    for typed in ("luc", "Łuc", "ZOE", "zoë", "שלום"):
        composer.fill("")
        composer.press_sequentially(f"@{typed}")
        expect(page.locator(".completion-option")).to_have_text([re.compile(re.escape(bob.name))])


def test_a_name_is_completed_wherever_it_would_be_a_mention(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    page = alice.room(alice.create_room(bob))
    composer = page.get_by_test_id("composer")
    option = page.locator(".completion-option")
    for before in ("", "hi ", "(", "すみません", "请", "ถาม", "😀", "❤️", "1️⃣", "“", "—", "x\n", "**", "¡"):
        composer.fill(f"{before}@{bob.name[:-1]}")
        expect(option).to_have_text([re.compile(re.escape(bob.name))])
    for before in ("mail", "почта", "é", "e\u0301", "https://x.org/", "x.", "@"):
        composer.fill(f"{before}@{bob.name[:-1]}")
        expect(page.locator("#completion")).to_be_hidden()


def jump(page: Page, typed: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(typed)


def test_a_person_without_a_direct_message_is_offered_and_written_to(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    bob.site.people.tell("set_display_name", username=bob.name, name="Zoë Quark-Ωmega")
    start = alice.create_room()
    page = alice.room(start)
    jump(page, bob.name)
    page.keyboard.press("Enter")  # before the server has responded
    expect(page.locator('#room[data-kind="direct"] [data-room-title]')).to_have_text("Zoë Quark-Ωmega")
    page.go_back()
    with page.expect_response(re.compile("/people/like")):
        jump(page, "zoe qu")
    option = page.locator("#switcher [role=option]").first
    expect(option).to_contain_text("Zoë Quark-Ωmega")
    expect(page.locator("#switcher [role=option]", has_text="Zoë")).to_have_count(1)  # as a room now, not twice
    plain = alice.tab("/rooms/new")
    jump(plain, "quark")
    plain.locator("#switcher [role=option]", has_text="Zoë").click()
    expect(plain.locator('#room[data-kind="direct"]')).to_be_visible()


def test_an_exact_name_wins_over_what_was_read_last(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room)
    for typed, first in ((bob.name, bob.name), ("browse open rooms", "Browse open rooms"), (room[:10], room[:10])):
        jump(page, typed)
        expect(page.locator("#switcher [role=option]").first).to_contain_text(re.compile(re.escape(first)))
        page.keyboard.press("Escape")


def test_what_nothing_fits_leads_to_the_search_and_never_to_a_room(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    jump(page, "qzx nothing")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/search"))


def test_people_come_late_and_what_was_chosen_stays(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(re.compile("/people/like"), hold)
    jump(page, "room")
    page.keyboard.press("ArrowDown")
    chosen = page.locator('#switcher [aria-selected="true"]').inner_text()
    while not waiting:
        page.wait_for_timeout(50)
    for route in waiting:
        with page.expect_response(route.request.url):
            route.continue_()
    page.wait_for_timeout(100)
    assert page.locator('#switcher [aria-selected="true"]').inner_text() == chosen
