"""The pages without a connection: what is typed is kept and sent once, and the page says what is the matter."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_cast import Cast, message, say
from tests.servers.pages import sign_out
from tests.servers.sites import Site

RECONNECTED_MS = 45_000
OLD_PASSWORD, NEW_PASSWORD = "correct horse battery staple", "another horse, another staple"  # of no one real


@pytest.fixture(scope="module")
def site(own_site: Site) -> Site:
    """One that may be stopped and started."""
    return own_site


def test_what_is_written_while_the_server_is_away_is_sent_once(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    server = alice.site.processes[0]
    server.kill()
    try:
        a.wait_for_selector('html[data-connection="disconnected"]')
        say(a, "written offline")
        expect(message(a, "written offline")).to_have_attribute("data-state", "sending")
        expect(a.get_by_test_id("connection-banner")).to_be_hidden()
        expect(a.get_by_test_id("connection-banner")).to_contain_text("Reconnecting")
        a.get_by_test_id("composer").fill("and half a sentence")
    finally:
        server.start()
    a.get_by_role("button", name="Try now").click()
    expect(message(a, "written offline")).to_have_attribute("data-state", "stored", timeout=RECONNECTED_MS)
    expect(a.get_by_test_id("connection-banner")).to_be_hidden()
    expect(message(b, "written offline")).to_have_count(1, timeout=RECONNECTED_MS)
    reloaded = alice.room(room)
    expect(reloaded.get_by_test_id("composer")).to_have_value("and half a sentence")
    expect(message(reloaded, "written offline")).to_have_count(1)


def test_signing_out_anywhere_is_told_in_every_tab(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    tabs = [alice.room(room), alice.tab("/rooms/new")]
    sign_out(alice.site.processes[0], alice.key)
    for tab in tabs:
        expect(tab.get_by_test_id("connection-banner")).to_contain_text("You are signed out.")
        link = tab.get_by_test_id("connection-banner").get_by_role("link", name="Sign in")
        expect(link).to_have_attribute("href", re.compile(r"^/accounts/login/\?next=%2Frooms%2F"))


def test_a_new_password_leaves_this_browsers_other_tabs_connected(someone: Cast) -> None:
    alice = someone("alice")
    people = alice.site.people
    people.tell("set_password", username=alice.name, password=OLD_PASSWORD)
    alice.key = people.sign_in(alice.person)
    room = alice.create_room()
    tab = alice.room(room)
    form = tab.context.new_page()
    form.goto("/accounts/password/change/")
    if "reauthenticate" in form.url:
        form.fill("input[name=password]", OLD_PASSWORD)
        form.click("main button[type=submit]")
    form.fill("input[name=oldpassword]", OLD_PASSWORD)
    form.fill("input[name=password1]", NEW_PASSWORD)
    form.fill("input[name=password2]", NEW_PASSWORD)
    form.click("main button[type=submit]")
    expect(tab.get_by_test_id("connection-banner")).to_contain_text("You are signed out.")
    tab.wait_for_selector('html[data-connection="connected"]')
    expect(tab.get_by_test_id("connection-banner")).to_be_hidden()
    say(tab, "still here")
    expect(message(tab, "still here")).to_have_attribute("data-state", "stored")


def test_a_refused_message_can_be_discarded_or_sent_again(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    b = bob.room(room)
    server = alice.site.processes[0]
    server.kill()
    try:
        b.wait_for_selector('html[data-connection="disconnected"]')
        say(b, "too late")
        say(b, "much too late")
        bob.site.people.tell("delete_membership_silently", room=room, username=bob.name)
    finally:
        server.start()
    expect(message(b, "much too late")).to_have_attribute("data-state", "failed", timeout=RECONNECTED_MS)
    row = b.get_by_test_id("message").filter(has_text="much too late")
    row.get_by_test_id("resend").click()
    expect(row).to_have_attribute("data-state", "failed")
    row.get_by_test_id("discard").click()
    expect(row).to_have_count(0)
    assert not [each for each in bob.site.people.messages(room) if each["kind"] == "text"]
    bob.complaints.clear()  # the room's address is 404 now, and the browser says so


def test_who_is_removed_sees_it_and_cannot_write(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    b = bob.room(room)
    people = alice.tab(f"/rooms/{room}/people")
    people.once("dialog", lambda dialog: dialog.accept())
    people.get_by_role("button", name="Remove").click()
    expect(b.get_by_text("You are no longer in this room.")).to_be_visible()
    expect(b.get_by_test_id("composer")).to_be_hidden()
    expect(b.locator(f'[data-testid="room-link"][data-room="{room}"]')).to_have_count(0)


def test_announcements_stay_until_they_are_closed(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.tab("/rooms/new")
    alice.site.manage("broadcast", "--user", alice.name, "The server restarts at noon.")
    toast = page.get_by_test_id("toast")
    expect(toast).to_contain_text("The server restarts at noon.")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
