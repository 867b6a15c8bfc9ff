"""What is being written in a room is there again when the reader comes back. The cases: tests/reports/unfinished.py."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chat_cast import Cast, Someone, act, message, say
from tests.browser.test_attachments import a_file, chips, pick
from tests.browser.test_reports_offline import away, follow
from tests.reports.unfinished import COPIES, LEAVINGS, Copy, Leaving

UPLOAD = re.compile("/attachments$")


def leave_and_return(someone: Someone, page: Page, room: str, way: str) -> None:
    if way == "reload":
        page.reload()
        page.wait_for_selector('html[data-connection="connected"]')
        return
    others = [someone.create_room() for _ in range(2)]
    if way == "down":
        with away(someone, page, "down"):
            follow(page, others[0])
            expect(page.locator(f'#room[data-room="{others[0]}"]')).to_be_visible()
            follow(page, room)
            expect(page.locator(f'#room[data-room="{room}"]')).to_be_visible()
        return
    for other in others if way == "twice" else others[:1]:
        follow(page, other)
        expect(page.locator(f'#room[data-room="{other}"]')).to_be_visible()
        expect(chips(page)).to_have_count(0)
        expect(page.locator(".composer-context")).to_be_hidden()
    if way == "history":
        page.go_back()
    else:
        follow(page, room)
    expect(page.locator(f'#room[data-room="{room}"]')).to_be_visible()


def begin(page: Page, what: str, held: list[Route]) -> None:
    def hold(route: Route) -> None:
        held.append(route)

    if "file" in what:
        pick(page, a_file("one.txt", b"first"), *([a_file("two.txt", b"second")] if what == "two files" else []))
        expect(chips(page).last).to_have_attribute("data-state", "done")
    elif what in ("uploading", "failed"):
        page.route(UPLOAD, hold if what == "uploading" else lambda route: route.fulfill(status=503))
        pick(page, a_file("one.txt", b"first"))
        expect(chips(page)).to_have_attribute("data-state", what)
    elif what == "prompt":
        for text in ("write a long story", "the second", "the third"):
            say(page, text)
        page.get_by_test_id("waiting-prompt").last.get_by_test_id("queue-edit").click()
    else:
        act(page, "an older one", what)
    if what in ("edit", "prompt"):
        page.get_by_test_id("edit-input").fill("half a change")


def finish_files(page: Page, what: str) -> None:
    expect(chips(page).first).to_contain_text("one.txt")
    expect(chips(page)).to_have_count(2 if what == "two files" else 1)
    say(page, "with it")
    expect(message(page, "with it").get_by_test_id("attachment").first).to_contain_text("one.txt")
    expect(chips(page)).to_have_count(0)


def finish(page: Page, what: str, held: list[Route]) -> None:
    if what == "uploading":
        held[0].continue_()
        expect(chips(page)).to_have_attribute("data-state", "done")
        expect(page.get_by_test_id("send")).to_be_enabled()
    elif what == "failed":
        page.unroute_all()
        chips(page).get_by_role("button", name="Try again").click()
        expect(chips(page)).to_have_attribute("data-state", "done")
    elif what == "reply":
        expect(page.locator(".composer-context")).to_contain_text("Reply to")
        say(page, "the reply")
        expect(message(page, "the reply").get_by_test_id("quote")).to_contain_text("an older one")
    else:
        expect(page.get_by_test_id("edit-input")).to_have_value("half a change")
    if what == "edit":
        page.get_by_test_id("edit-save").click()
        expect(message(page, "half a change")).to_contain_text("(edited)")


@pytest.mark.parametrize("case", LEAVINGS, ids=lambda case: f"{case.what}-{case.way}-{case.why}")
def test_what_was_begun_in_a_room_is_there_again(someone: Cast, case: Leaving) -> None:
    alice = someone("alice")
    room = alice.create_room(kind="session" if case.what == "prompt" else "closed")
    page = alice.room(room)
    held: list[Route] = []
    if case.what != "prompt":
        say(page, "an older one")
        expect(message(page, "an older one")).to_have_attribute("data-state", "stored")
    begin(page, case.what, held)
    leave_and_return(alice, page, room, case.way)
    if "file" in case.what:
        finish_files(page, case.what)
    else:
        finish(page, case.what, held)
    alice.complaints[:] = [said for said in alice.complaints if "503" not in said]


def test_an_edit_survives_scrolling_far_away_and_ends_with_cancel(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    say(page, "an older one")
    act(page, "an older one", "edit")
    page.get_by_test_id("edit-input").fill("half a change")
    alice.site.people.tell("fill_with_messages", rooms=[room], count=400, text="line", html_chars=40)
    page.locator('[data-testid="composer"]').focus()
    follow(page, room, "?seq=300")
    expect(page.locator(".message.is-target")).to_be_visible()
    expect(page.get_by_test_id("edit-input")).to_have_count(0)
    follow(page, room, "?seq=1")
    expect(page.get_by_test_id("edit-input")).to_have_value("half a change")
    page.get_by_role("button", name="Cancel").click()
    follow(page, alice.create_room())
    expect(page.get_by_test_id("edit-input")).to_have_count(0)
    follow(page, room, "?seq=1")
    expect(message(page, "an older one")).to_be_visible()
    expect(page.get_by_test_id("edit-input")).to_have_count(0)


def copy_of(page: Page) -> Page:
    """Open a window from a page: as into a duplicate, the browser copies into it what the tab remembers."""
    with page.expect_popup() as opened:
        page.evaluate("window.open(location.href)")
    copied = opened.value
    copied.wait_for_selector('html[data-connection="connected"]')
    return copied


@pytest.mark.parametrize("case", COPIES, ids=lambda case: case.then)
def test_a_file_that_waits_is_in_one_tab(someone: Cast, case: Copy) -> None:
    alice = someone("alice")
    room = alice.create_room()
    first = alice.room(room)
    pick(first, a_file("one.txt", b"first"))
    expect(chips(first)).to_have_attribute("data-state", "done")
    copied = copy_of(first)
    expect(chips(copied)).to_have_count(0)
    if case.then.startswith("reload"):
        leave_and_return(alice, copied if "copy" in case.then else first, room, "reload")
    elif case.then == "add to the copy":
        pick(copied, a_file("two.txt", b"second"))
        expect(chips(copied)).to_contain_text("two.txt")
    elif case.then == "send the first":
        say(first, "with it")
        expect(message(copied, "with it").get_by_test_id("attachment")).to_have_count(1)
    elif case.then == "remove in the first":
        chips(first).get_by_role("button", name="Remove one.txt").click()
    elif case.then == "a copy of the copy":
        copied = copy_of(copied)
    elif case.then == "another room in the copy":
        leave_and_return(alice, copied, room, "sidebar")
    expect(chips(first)).to_have_count(case.left)
    expect(chips(copied)).to_have_count(case.right)
