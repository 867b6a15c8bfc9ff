"""Talking in a room: what people see when messages are sent, changed, taken back and replied to."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.chat_cast import Cast, act, message, say
from tests.servers.people import unique


def test_a_message_appears_in_every_tab_and_is_stored(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    tabs = [alice.room(room), alice.room(room), bob.room(room), bob.room(room)]
    say(tabs[0], "hello **there**")
    for tab in tabs:
        expect(message(tab, "hello there")).to_have_attribute("data-state", "stored")
        expect(message(tab, "hello there").locator("strong")).to_have_text("there")
        expect(message(tab, "hello there")).to_have_count(1)
    assert [row["content"] for row in alice.site.people.messages(room) if row["kind"] == "text"] == ["hello **there**"]


def test_edit_reaction_reply_and_deletion_reach_the_others(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    say(a, "frist")
    expect(message(b, "frist")).to_be_visible()
    a.get_by_test_id("composer").press("ArrowUp")
    a.get_by_test_id("edit-input").fill("first")
    a.get_by_test_id("edit-input").press("Enter")
    expect(message(b, "first")).to_contain_text("(edited)")
    act(b, "first", "react")
    b.get_by_test_id("emoji-picker").get_by_role("button", name="heart", exact=True).click()
    expect(message(a, "first").get_by_test_id("reaction")).to_have_attribute("aria-pressed", "false")
    expect(message(b, "first").get_by_test_id("reaction")).to_have_attribute("aria-pressed", "true")
    act(b, "first", "reply")
    say(b, "second")
    expect(message(a, "second").get_by_test_id("quote")).to_contain_text("first")
    act(a, "(edited)", "delete")
    expect(a.get_by_text("Undo")).to_be_visible()
    expect(b.locator("[data-deleted]")).to_have_text(re.compile("Message deleted"))
    expect(message(b, "second").get_by_test_id("quote")).to_contain_text("Message deleted")


def test_a_reaction_of_many_people_names_some_counts_all_and_knows_which_is_mine(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a = alice.room(room)
    say(a, "popular")
    expect(message(a, "popular")).to_have_attribute("data-state", "stored")
    alice.site.people.tell("react_to_all", room=room, messages=1, members=25)
    a.reload()
    b = bob.room(room)
    mine, other = (message(tab, "popular").get_by_test_id("reaction").first for tab in (b, a))
    expect(mine).to_contain_text("25")
    expect(mine).to_have_attribute("aria-pressed", "false")
    expect(mine).to_have_attribute("aria-label", re.compile(" and 5 others$"))
    mine.click()
    expect(mine).to_contain_text("26")
    expect(mine).to_have_attribute("aria-pressed", "true")
    expect(mine).to_have_attribute("aria-label", re.compile("by you, .* and 5 others$"))
    expect(other).to_contain_text("26")
    expect(other).to_have_attribute("aria-pressed", "false")
    b.reload()
    expect(mine).to_have_attribute("aria-pressed", "true")
    mine.click()
    expect(mine).to_contain_text("25")
    expect(mine).to_have_attribute("aria-pressed", "false")


def test_a_deletion_can_be_undone_before_anybody_hears_of_it(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    say(page, "keep me")
    expect(message(page, "keep me")).to_have_attribute("data-state", "stored")
    page.clock.install()
    act(page, "keep me", "delete")
    page.get_by_text("Undo").click()
    expect(message(page, "keep me")).to_be_visible()
    page.clock.run_for(6_000)  # longer than the time in which it could be undone
    say(page, "something else")
    expect(message(page, "something else")).to_have_attribute("data-state", "stored")
    assert [row["content"] for row in alice.site.people.messages(room) if row["kind"] == "text"] == [
        "keep me",
        "something else",
    ]


def test_a_deletion_is_kept_when_the_page_is_left_at_once(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    say(page, "regretted")
    expect(message(page, "regretted")).to_have_attribute("data-state", "stored")
    act(page, "regretted", "delete")
    page.goto("/rooms/new")
    again = alice.room(room)
    expect(again.locator("[data-deleted]")).to_have_count(1)


def test_drafts_typing_presence_and_read_state_follow_in_all_tabs(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    first, second = alice.room(room), alice.tab("/rooms/")
    badge = second.locator(f'[data-room="{room}"]').get_by_test_id("unread-badge")
    b = bob.room(room)
    expect(first.get_by_test_id("presence")).to_contain_text(bob.name)
    first.get_by_test_id("composer").press_sequentially("half a thou")
    expect(b.get_by_test_id("typing")).to_contain_text(f"{alice.name} is typing")
    third = alice.room(room)
    expect(third.get_by_test_id("composer")).to_have_value("half a thou")
    first.get_by_test_id("composer").press_sequentially("ght")
    expect(third.get_by_test_id("composer")).to_have_value("half a thought")
    first.get_by_test_id("composer").press("Enter")
    expect(third.get_by_test_id("composer")).to_have_value("")
    expect(b.get_by_test_id("typing")).to_have_text("")
    first.goto("/rooms/new")
    third.close()
    say(b, f"for you, @{alice.name}")
    expect(badge).to_have_text("1")
    expect(badge).to_have_class(re.compile("badge-mention"))
    expect(second).to_have_title(re.compile(r"^\(1\) "))
    alice.room(room)
    expect(badge).to_have_count(0)
    expect(second).to_have_title("Parley")
    b.close()


def test_marked_unread_stays_unread_until_one_comes_back(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    for text in ("one", "two", "three"):
        say(b, text)
    expect(message(a, "three")).to_be_visible()
    expect(a.get_by_test_id("unread-line")).to_have_count(0)
    act(a, "two", "unread")
    badge = a.locator(f'[data-room="{room}"]').get_by_test_id("unread-badge")
    expect(badge).to_have_text("2")
    expect(a.locator(".row", has=a.get_by_test_id("unread-line"))).to_contain_text("two")
    again = alice.room(room)
    expect(again.locator(".row", has=again.get_by_test_id("unread-line"))).to_contain_text("two")
    expect(badge).to_have_count(0)


def test_in_a_session_everybody_writes_the_same_draft(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob, kind="session")
    a, b = alice.room(room), bob.room(room)
    alice.room(room)
    expect(b.locator(f'[data-user="{alice.name}"]')).to_contain_text("2 tabs")
    b.get_by_test_id("composer").press_sequentially("written together")
    expect(a.get_by_test_id("composer")).to_have_value("written together")
    a.get_by_test_id("composer").press("Enter")
    expect(message(b, "written together")).to_be_visible()
    expect(b.get_by_test_id("composer")).to_have_value("")


def test_a_large_room_counts_all_lists_some_and_completes_every_name(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    names = [f"{unique('crowd')}-{number}" for number in range(250)]
    alice.site.people.tell("fill_room", room=room, usernames=[*names, last := unique("zoe")])
    page = alice.room(room)
    expect(page.locator(".people-list")).to_contain_text("Not here · 251")
    expect(page.locator(".people-list")).to_contain_text("and 52 more")
    expect(page.locator(".person")).to_have_count(200)
    page.get_by_test_id("composer").press_sequentially(f"@{last[:5]}")
    page.get_by_role("option", name=last).wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("composer")).to_have_value(f"@{last} ")


def test_who_wrote_a_sessions_draft_last_is_known_after_a_reload_too(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob, kind="session")
    a, b = alice.room(room), bob.room(room)
    b.get_by_test_id("composer").press_sequentially("what if")
    said = f"{bob.name} wrote this last"
    expect(a.get_by_test_id("typing")).to_have_text(said)
    a.reload()
    expect(a.get_by_test_id("composer")).to_have_value("what if")
    expect(a.get_by_test_id("typing")).to_have_text(said)
    # Whose own words they are needs no telling; and once someone else goes on, they are theirs.
    b.reload()
    expect(b.get_by_test_id("composer")).to_have_value("what if")
    expect(b.get_by_test_id("typing")).not_to_contain_text("wrote this last")
    a.get_by_test_id("composer").press_sequentially(" we")
    expect(b.get_by_test_id("typing")).to_have_text(f"{alice.name} wrote this last")


def test_names_are_completed_and_a_whole_name_is_sent(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    page = alice.room(room)
    page.get_by_test_id("composer").press_sequentially("look, @bo")
    page.get_by_role("option", name=bob.name).wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("composer")).to_have_value(f"look, @{bob.name} ")
    say(page, f"hello @{bob.name}")
    expect(message(page, "hello").locator(".mention")).to_have_text(f"@{bob.name}")


def test_text_that_turns_the_writing_direction_is_kept_to_itself(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "\u202eevil <script>alert(1)</script>")
    expect(message(page, "evil")).to_have_attribute("data-state", "stored")
    prose = message(page, "evil").locator(".prose")
    expect(prose).to_have_attribute("dir", "auto")
    assert prose.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
    assert prose.locator("script").count() == 0


def test_an_owner_exports_a_room_from_its_settings(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    for text in ("first", "second"):
        say(page, text)
        expect(message(page, text)).to_have_attribute("data-state", "stored")
    page.get_by_role("link", name="Room settings").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="Export this room").click()
    assert started.value.suggested_filename == f"{room}.jsonl"
    lines = Path(started.value.path()).read_text().splitlines()
    exported = [json.loads(line) for line in lines]
    assert [line["content"] for line in exported if line["kind"] == "text"] == ["first", "second"]


def test_a_ban_with_reason_and_end_reaches_the_banned_persons_open_page(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = alice.create_room(bob, kind="open")
    bobs = bob.room(slug)
    people = alice.context().new_page()
    people.goto(f"/rooms/{slug}/people")
    people.get_by_role("link", name=f"Ban {bob.name}").click()
    form = people.locator("form#ban")
    expect(form.get_by_label("User name")).to_have_value(bob.name)
    form.get_by_label("Reason").fill("Advertising")
    form.get_by_label("Ends after").select_option("7 days")
    form.get_by_role("button", name="Ban", exact=True).click()
    expect(people.get_by_text("Advertising")).to_be_visible()
    toast = bobs.locator(".toasts").get_by_text("You are banned from this room until")
    expect(toast).to_contain_text("Reason: Advertising")
    expect(bobs.locator("#sidebar").get_by_role("link", name=slug)).to_have_count(0)
    bobs.goto(f"/rooms/{slug}/")
    expect(bobs.get_by_text("You are banned from this room until")).to_contain_text("Reason: Advertising")
    people.get_by_role("button", name=f"Lift the ban of {bob.name}").click()
    expect(people.get_by_text("may come back")).to_be_visible()
    (refusal,) = bob.complaints
    assert "403" in refusal
    bob.complaints.clear()
    bob.room(slug)


WITHOUT_FIELD_SIZING = """
const supports = CSS.supports.bind(CSS);
CSS.supports = (property, value) => property !== "field-sizing" && supports(property, value);
const sheet = new CSSStyleSheet();
sheet.replaceSync("textarea { field-sizing: fixed !important }");
document.adoptedStyleSheets.push(sheet);
"""


def test_text_areas_are_as_tall_as_their_text_where_the_browser_does_not_size_them(someone: Cast) -> None:
    """WebKit and Firefox know no `field-sizing`: an editor of one line hid the rest of the message."""
    alice = someone("alice")
    page = alice.room(alice.create_room())
    page.add_init_script(WITHOUT_FIELD_SIZING)
    page.reload()
    text = "\n".join(f"line {number}" for number in range(8))
    say(page, text)
    expect(message(page, "line 7")).to_have_attribute("data-state", "stored")
    page.get_by_test_id("composer").press("ArrowUp")
    editor = page.get_by_test_id("edit-input")
    for area in (editor, page.get_by_test_id("composer")):
        area.fill(text)
        visible, needed = area.evaluate("area => [area.clientHeight, area.scrollHeight]")
        assert visible >= needed > 120
        area.fill("one")
        assert area.evaluate("area => area.clientHeight") < 60
