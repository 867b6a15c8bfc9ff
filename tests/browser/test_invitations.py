"""Invitations in two people's tabs: live, and accepted or declined by mouse, by keyboard and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chat_cast import FILES_ARE_KEPT, PATIENCE_MS, Cast, Someone
from tests.browser.looks import problems
from tests.servers.pages import submit
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    with site_builder.running(UVICORN_SQLITE, ASK_BEFORE_ADDING="strangers", **FILES_ARE_KEPT) as running:
        yield running


def invitations(page: Page) -> Locator:
    return page.locator("#sidebar .invitation")


def invite(owner: Someone, guest: Someone, slug: str) -> None:
    response = submit(owner.site.processes[0], owner.key, f"/rooms/{slug}/people", {"do": "add", "user": guest.name})
    assert response.status_code == 302


def test_an_invitation_comes_into_all_tabs_and_goes_from_all_when_one_accepts(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = alice.create_room()
    first, second = bob.tab("/rooms/"), bob.tab("/direct/new")
    expect(invitations(first)).to_have_count(0)
    people = alice.tab(f"/rooms/{slug}/people")
    people.get_by_placeholder("User name").fill(f"@{bob.name}")
    people.get_by_role("button", name="Add").click()
    expect(people.get_by_text("has an invitation now")).to_be_visible()
    expect(people.get_by_role("heading", name="Invited")).to_be_visible()
    for page in (first, second):
        expect(invitations(page)).to_contain_text(f"{alice.name} invites you to room-")
    expect(first.get_by_test_id("toast")).to_contain_text("invites you to a room")
    assert problems(first, "an invitation") == []
    invitations(first).get_by_role("button", name="Join").click()
    expect(first).to_have_url(re.compile(f"/rooms/{slug}/$"))
    expect(first.get_by_test_id("presence")).to_contain_text(bob.name)
    expect(invitations(second)).to_have_count(0)
    expect(second.locator(f'#sidebar [data-room="{slug}"]')).to_be_visible()


def test_declining_by_keyboard_leaves_the_focus_on_the_next_invitation(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    slugs = [alice.create_room() for _ in range(2)]
    page, other = bob.tab("/rooms/"), bob.tab("/rooms/")
    for slug in slugs:
        invite(alice, bob, slug)
    expect(invitations(page)).to_have_count(2)
    page.locator(f'#sidebar [data-room="{slugs[1]}"]').get_by_role("button", name="Decline").focus()
    page.keyboard.press("Enter")
    for tab in (page, other):
        expect(invitations(tab)).to_have_count(1)
    expect(page.locator(f'#sidebar [data-room="{slugs[0]}"]').get_by_role("button", name="Decline")).to_be_focused()
    page.reload()
    expect(invitations(page)).to_have_count(1)


def test_the_page_of_invitations_says_when_none_waits(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    page = bob.tab("/invitations")
    none_waits = page.get_by_text("No invitations wait for you.")
    expect(none_waits).to_be_visible()
    slug = alice.create_room()
    invite(alice, bob, slug)
    name = page.locator("main .invitation b").inner_text()
    expect(none_waits).to_be_hidden()
    page.locator("main").get_by_role("button", name=f"Decline {name}").click()
    expect(page.locator("main .invitation")).to_have_count(0)
    expect(none_waits).to_be_visible()


def test_a_withdrawn_invitation_goes_from_the_tabs(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = alice.create_room()
    page = bob.tab("/rooms/")
    invite(alice, bob, slug)
    expect(invitations(page)).to_have_count(1)
    people = alice.tab(f"/rooms/{slug}/people")
    people.get_by_role("button", name="Withdraw").click()
    expect(people.get_by_text("is withdrawn")).to_be_visible()
    expect(invitations(page)).to_have_count(0)
    expect(page.locator("#sidebar [data-invitations]")).to_be_hidden()


def test_more_than_three_are_one_click_away(someone: Cast, site: Site) -> None:
    bob = someone("bob")
    page = bob.tab("/rooms/")
    for _ in range(2):
        owner = someone("owner")
        for _ in range(2):
            invite(owner, bob, owner.create_room())
    expect(invitations(page)).to_have_count(3)
    page.locator("#sidebar").get_by_role("link", name="Show all invitations").click()
    expect(page.locator("main .invitation")).to_have_count(4)
    page.wait_for_selector('html[data-connection="connected"]')
    page.locator("main .invitation").first.get_by_role("button", name="Decline").click()
    expect(page.locator("main .invitation")).to_have_count(3)
    expect(page.locator("#sidebar").get_by_role("link", name="Show all invitations")).to_be_hidden()


def test_without_javascript_the_sidebar_declines(someone: Cast, site: Site) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = alice.create_room()
    invite(alice, bob, slug)
    page = bob.context(java_script_enabled=False).new_page()
    page.goto("/rooms/")
    invitations(page).get_by_role("button", name="Decline").click()
    expect(page.get_by_text("You declined the invitation.")).to_be_visible()
    expect(invitations(page)).to_have_count(0)


def test_several_rooms_are_left_by_keyboard_and_all_tabs_lose_them(someone: Cast) -> None:
    alice = someone("alice")
    slugs = [alice.create_room() for _ in range(3)]
    other, page = alice.tab("/rooms/"), alice.tab("/rooms/leave")
    page.get_by_label("Select all on this page").focus()
    page.keyboard.press("Space")
    expect(page.locator('input[name="room"]:checked')).to_have_count(3)
    page.locator(f'input[value="{slugs[0]}"]').focus()
    page.keyboard.press("Space")
    assert page.get_by_label("Select all on this page").evaluate("box => box.indeterminate")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Leave selected rooms").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You left 2 rooms.")).to_be_visible()
    expect(other.locator("#sidebar .room-link")).to_have_count(1)
    assert problems(page, "leaving rooms") == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_look_right(someone: Cast, browser: Browser, width: int) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = alice.create_room()
    invite(alice, bob, slug)
    page = bob.tab("/invitations", bob.context(width=width))
    assert problems(page, f"invitations at {width}") == []
    people = alice.tab(f"/rooms/{slug}/people", alice.context(width=width))
    assert problems(people, f"invited people at {width}") == []
