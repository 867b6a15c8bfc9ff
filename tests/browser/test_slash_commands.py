"""Commands in the composer: they are completed, done, refused, and never cost anybody a text."""

import re

from playwright.sync_api import expect

from tests.browser.chat_cast import Cast, message, say
from tests.browser.looks import faults


def test_commands_are_completed_and_done(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room()
    page, other_tab = alice.room(room), alice.room(room)
    composer = page.get_by_test_id("composer")
    say(page, "/help")
    expect(composer).to_have_value("/")
    offered = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(offered).to_have_count(8)
    assert faults(page) == []
    composer.press_sequentially("to")
    expect(offered).to_have_count(1)
    page.keyboard.press("Enter")
    expect(composer).to_have_value("/topic ")
    composer.press_sequentially("Beds and paths")
    page.keyboard.press("Enter")
    expect(page.locator("[data-room-topic]")).to_have_text("Beds and paths")
    say(page, f"/invite {bob.name}")
    expect(page.get_by_test_id("toast")).to_have_text(f"{bob.name} is in this room now.")
    say(page, "/mute")
    for tab in (page, other_tab):
        expect(tab.locator(f"#sidebar [data-room={room}]")).to_have_class(re.compile(r"\bis-muted\b"))
    expect(composer).to_have_value("")
    assert [row["content"] for row in alice.site.people.messages(room) if row["kind"] == "text"] == []


def test_no_text_is_lost_that_begins_like_a_command(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = bob.room(room)
    composer = page.get_by_test_id("composer")
    say(page, "/etc/hosts")
    expect(message(page, "/etc/hosts")).to_have_attribute("data-state", "stored")
    say(page, "//leave")
    expect(message(page, "/leave")).to_have_attribute("data-state", "stored")
    composer.fill("/to")
    expect(page.get_by_role("option")).to_have_count(0)
    say(page, "/topic mine")  # only owners and moderators may
    expect(page.get_by_test_id("toast")).to_contain_text("You may not use /topic here.")
    expect(composer).to_have_value("/topic mine")
    a = alice.room(room)
    say(a, "/invite no-such-person")
    expect(a.get_by_test_id("toast")).to_contain_text("Person not found: @")
    expect(a.get_by_test_id("composer")).to_have_value("/invite no-such-person")
    sent = [row["content"] for row in alice.site.people.messages(room) if row["kind"] == "text"]
    assert sent == ["/etc/hosts", "/leave"]


def test_leaving_asks_first(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = bob.room(room)
    page.once("dialog", lambda dialog: dialog.dismiss())
    say(page, "/leave")
    expect(page.get_by_test_id("composer")).to_have_value("/leave")
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Enter")
    page.wait_for_url("**/rooms/")
    expect(page.locator(f"#sidebar [data-room={room}]")).to_have_count(0)
