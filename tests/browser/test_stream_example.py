"""The example page of server-sent events, in a real browser with its own EventSource."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.chat_cast import Cast, message, say
from tests.browser.looks import faults, sideways
from tests.servers.sites import Site


@pytest.fixture(scope="module")
def site(own_site: Site) -> Site:
    """One that may be stopped and started."""
    return own_site


def test_a_page_hears_a_room_and_comes_back_by_itself_with_what_it_missed(someone: Cast, site: Site) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = alice.create_room(bob)
    alices = alice.room(slug)
    say(alices, "before it listened")
    expect(message(alices, "before it listened")).to_be_visible()
    page = bob.tab("/examples/stream")
    page.get_by_label("Room", exact=True).select_option(slug)
    page.get_by_role("button", name="Listen").click()
    expect(page.get_by_role("status").get_by_text("Connected.")).to_be_visible()
    events = page.get_by_role("list", name="Events, the newest first")
    expect(events).to_contain_text("joined")
    say(alices, "live words")
    expect(events).to_contain_text("live words")
    (process,) = site.processes
    process.stop()
    process.launch()
    process.wait_ready()
    say(alices, "after the restart")
    expect(events).to_contain_text("after the restart")
    expect(events.get_by_text("live words")).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 900})
    assert (faults(page), sideways(page)) == ([], [])
    for each in (alice, bob):  # their sockets' own attempts met the server while it went away
        each.complaints = [said for said in each.complaints if "503" not in said]


def test_a_page_stays_away_when_its_person_has_signed_out(someone: Cast, site: Site) -> None:
    bob = someone("bob")
    slug = bob.create_room()
    page = bob.tab("/examples/stream")
    page.get_by_label("Room", exact=True).select_option(slug)
    page.get_by_role("button", name="Listen").click()
    expect(page.get_by_text("Connected.")).to_be_visible()
    site.people.deactivate(bob.person)
    # Not to be seen: a page hides what a person saw who has no access any more.
    expect(page.locator("#events")).to_contain_text("closed")
    began = time.monotonic()
    expect(page.locator("#state")).to_have_text("Not connected.")
    assert time.monotonic() - began < 10
    assert [said for said in bob.complaints if "401" not in said] == []
    bob.complaints.clear()
