"""Files in a room: picked, pasted, dropped, taken back, seen by the others, and by no one who was removed."""

import base64
import re
from typing import Any, Final

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.chat_cast import Cast, message, say
from tests.chat import sample_files
from tests.servers.pages import submit

PHOTO: Final = sample_files.picture("JPEG", 1600, 800)
GIVE: Final = """([selector, type, name, contentType, content]) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: contentType }));
  const options = { bubbles: true, cancelable: true };
  const pasted = () => new ClipboardEvent(type, { ...options, clipboardData: data });
  const dropped = () => new DragEvent(type, { ...options, dataTransfer: data });
  document.querySelector(selector).dispatchEvent(type === "paste" ? pasted() : dropped());
}"""


def a_file(name: str, content: bytes, content_type: str = "text/plain") -> FilePayload:
    return {"name": name, "mimeType": content_type, "buffer": content}


def pick(page: Page, *chosen: FilePayload) -> None:
    page.get_by_test_id("attachment-input").set_input_files(list(chosen))


def give(page: Page, selector: str, how: str, name: str, content_type: str, content: bytes) -> None:
    """Paste or drop a file, as the browser tells a page of it."""
    page.evaluate(GIVE, [selector, how, name, content_type, base64.b64encode(content).decode()])


def chips(page: Page) -> Locator:
    return page.get_by_test_id("attachment-chip")


def is_loaded(image: Locator) -> Any:
    return image.evaluate("image => image.complete && [image.naturalWidth, image.naturalHeight]")


def test_a_picture_is_pasted_and_seen_in_the_other_tab(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    give(a, ".composer-input", "paste", "photo.jpg", "image/jpeg", PHOTO)
    expect(chips(a)).to_have_attribute("data-state", "done")
    expect(chips(a).locator("canvas")).to_have_count(1)
    say(a, "look at this")
    expect(chips(a)).to_have_count(0)
    for page in (a, b):
        image = message(page, "look at this").get_by_test_id("attachment").locator("img")
        expect(image).to_be_visible()
        expect(image).to_have_attribute("alt", "photo.jpg")
        expect(image).to_have_js_property("complete", True)
        assert is_loaded(image) == [800, 400]
        box = image.bounding_box()
        assert box is not None and abs(box["width"] / box["height"] - 2) < 0.05


def test_the_space_of_a_picture_is_there_before_the_picture(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    pick(page, a_file("photo.jpg", PHOTO, "image/jpeg"))
    expect(chips(page)).to_have_attribute("data-state", "done")
    say(page, "photo")
    expect(message(page, "photo")).to_have_attribute("data-state", "stored")
    slow = alice.context()
    slow.route(re.compile("preview$"), lambda _route: None)  # forever on its way
    late = slow.new_page()
    late.goto(f"/rooms/{room}/", wait_until="domcontentloaded")
    image = message(late, "photo").locator("img")
    expect(image).to_be_visible()
    box = image.bounding_box()
    assert box is not None and (round(box["width"]), round(box["height"])) == (360, 180)


def test_files_alone_are_a_message_and_can_be_downloaded(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    expect(a.get_by_test_id("send")).to_be_disabled()
    give(a, ".timeline", "drop", "page.html", "text/html", b"<script>alert(1)</script>")
    expect(chips(a)).to_have_attribute("data-state", "done")
    pick(a, a_file("übersicht ✓.txt", b"hello"))
    expect(chips(a)).to_have_count(2)
    expect(chips(a).nth(1)).to_have_attribute("data-state", "done")
    a.get_by_test_id("send").click()
    links = b.get_by_test_id("attachments").get_by_test_id("attachment")
    expect(links).to_have_text([re.compile(r"page\.html.*25 B"), re.compile(r"übersicht ✓\.txt.*5 B")])
    with b.expect_download() as download:
        links.nth(1).click()
    assert download.value.suggested_filename == "übersicht ✓.txt"
    assert download.value.path().read_bytes() == b"hello"
    expect(a.get_by_test_id("send")).to_be_disabled()


def test_what_was_taken_out_is_not_sent(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    pick(page, a_file("wrong.txt", b"wrong"), a_file("right.txt", b"right"))
    expect(page.locator('[data-testid="attachment-chip"][data-state="done"]')).to_have_count(2)
    page.get_by_role("button", name="Remove wrong.txt").click()
    say(page, "here")
    expect(message(page, "here").get_by_test_id("attachment")).to_have_text(re.compile("right.txt"))


def test_a_file_that_does_not_get_through_is_tried_again(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.room(room)
    page.route("**/attachments", lambda route: route.abort())
    pick(page, a_file("notes.txt", b"hello"))
    expect(chips(page)).to_have_attribute("data-state", "failed")
    page.get_by_test_id("composer").fill("with notes")
    expect(page.get_by_test_id("send")).to_be_disabled()
    page.unroute("**/attachments")
    chips(page).get_by_role("button", name="Try again").click()
    expect(chips(page)).to_have_attribute("data-state", "done")
    page.get_by_test_id("composer").press("Enter")
    expect(message(page, "with notes").get_by_test_id("attachment")).to_have_count(1)
    assert len(alice.site.people.messages(room)) == 1


def test_the_server_says_why_a_picture_is_refused(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    pick(page, a_file("huge.png", sample_files.png_that_claims(30_000, 30_000), "image/png"))
    expect(chips(page)).to_have_attribute("data-state", "failed")
    expect(chips(page)).to_contain_text("pixels at most")
    chips(page).get_by_role("button", name="Remove huge.png").click()
    expect(page.get_by_test_id("attachment-tray")).to_be_hidden()
    alice.complaints.clear()  # the browser reports every refused request as an error of the page


def test_a_deleted_message_shows_its_files_no_more(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    pick(a, a_file("secret.txt", b"hello"))
    expect(chips(a)).to_have_attribute("data-state", "done")
    say(a, "oops")
    expect(message(b, "oops").get_by_test_id("attachment")).to_be_visible()
    url = message(b, "oops").get_by_test_id("attachment").get_attribute("href") or ""
    message(a, "oops").hover()
    a.get_by_test_id("action-delete").click()
    expect(b.locator("[data-deleted]")).to_have_count(1)
    expect(b.get_by_test_id("attachments")).to_have_count(0)
    assert b.request.get(url).status == 404


def test_who_was_removed_cannot_get_what_they_have_seen(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    pick(a, a_file("photo.jpg", PHOTO, "image/jpeg"))
    expect(chips(a)).to_have_attribute("data-state", "done")
    say(a, "for us")
    image = message(b, "for us").locator("img")
    expect(image).to_have_js_property("complete", True)
    url = image.get_attribute("src") or ""
    asked = "url => fetch(url).then((response) => response.status)"
    assert b.evaluate(asked, url) == 200
    submit(alice.site.processes[0], alice.key, f"/rooms/{room}/people", {"do": "remove", "user": bob.name})
    expect(b.locator(".read-only")).to_be_visible()
    assert b.evaluate(asked, url) == 404
    bob.complaints.clear()
