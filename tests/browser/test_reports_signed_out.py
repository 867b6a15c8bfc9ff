"""What a page shows before it is connected and after its reader is signed out, and where its own links lead."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_cast import Cast, message, say
from tests.reports.own_links import LINKS, Link
from tests.servers.pages import sign_out


@pytest.mark.parametrize("path", ["room", "/rooms/new", "/search?q=secret"])
def test_a_signed_out_tab_shows_nothing_of_the_reader(someone: Cast, path: str) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    say(page, "the secret")
    expect(message(page, "the secret")).to_have_attribute("data-state", "stored")
    page = page if path == "room" else alice.tab(path)
    sign_out(alice.site.processes[0], alice.key)
    expect(page.get_by_test_id("connection-banner")).to_contain_text("You are signed out.")
    expect(page.locator("#main")).not_to_be_visible()
    expect(page.locator("#sidebar")).not_to_be_visible()
    expect(page.locator("#main")).to_have_count(0)
    html = page.content()
    assert "the secret" not in html and alice.name not in html
    expect(page).to_have_title("Parley")
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    alice.complaints[:] = [said for said in alice.complaints if "401" not in said]  # the browser tells of it


def test_no_page_says_offline_while_it_opens(someone: Cast) -> None:
    alice = someone("alice")
    context = alice.context()
    context.add_init_script("""
      window.said = [];
      new MutationObserver(() => {
        const text = document.querySelector("[data-connection-text]");
        if (text) window.said.push(text.textContent + " " + document.documentElement.dataset.connection);
      }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    """)
    page = alice.tab(f"/rooms/{alice.create_room()}/", context)
    said = page.evaluate("window.said")
    assert said[-1] == "Online connected"
    assert not [words for words in said if "Offline" in words or "disconnected" in words]


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case.why)
def test_links_to_rooms_of_this_server_open_in_this_tab(someone: Cast, case: Link) -> None:
    alice = someone("alice")
    room, other = alice.create_room(), alice.create_room()
    page = alice.room(room)
    address = case.address.format(here=alice.site.processes[0].origin, room=other)
    say(page, f"see <{address}> and {address} there")
    expect(page.get_by_test_id("message")).to_have_attribute("data-state", "stored")
    links = page.locator(".message .prose a")
    expect(links).to_have_count(2)
    assert [links.nth(at).get_attribute("target") for at in range(2)] == [None if case.same_tab else "_blank"] * 2


def test_a_copied_link_leads_to_its_message_without_loading_the_page(someone: Cast) -> None:
    alice = someone("alice")
    room, other = alice.create_room(), alice.create_room()
    first = alice.room(other)
    say(first, "the target")
    expect(message(first, "the target")).to_have_attribute("data-state", "stored")
    page = alice.room(room)
    page.evaluate("window.same = true")
    say(page, f"see {alice.site.processes[0].origin}/rooms/{other}/?seq=1")
    page.locator(".message .prose a").click()
    expect(page.locator(".message.is-target")).to_contain_text("the target")
    assert page.evaluate("window.same") is True
