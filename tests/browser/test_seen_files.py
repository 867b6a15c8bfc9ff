"""A picture and a paper that people show Claude: what the composer says of them, and what Claude is sent."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from fake_claude import FakeClaude, Normal
from tests.browser.chat_cast import PATIENCE_MS, Cast, message, say
from tests.browser.looks import sideways
from tests.browser.test_attachments import a_file, chips, pick
from tests.chat import sample_files
from tests.reports import office_files, seen_documents
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

PHONE: Final[ViewportSize] = {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeClaude]:
    with FakeClaude() as running:
        yield running


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder, fake: FakeClaude) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    settings = {"CLAUDE_BACKEND": "anthropic", "ANTHROPIC_API_KEY": "test-key", "ANTHROPIC_BASE_URL": fake.url}
    with site_builder.running(UVICORN_SQLITE, **settings) as running:
        yield running


def said_of(page: Page) -> Any:
    return page.get_by_test_id("attachment-claude")


def test_a_picture_and_a_paper_are_asked_about_on_a_phone(someone: Cast, fake: FakeClaude) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob, kind="session")
    a, b = alice.room(room), bob.room(room)
    a.set_viewport_size(PHONE)
    pick(a, a_file("photo.jpg", sample_files.picture("JPEG", 3000, 2000), "image/jpeg"))
    pick(a, a_file("paper.pdf", seen_documents.pdf(2), "application/pdf"))
    expect(chips(a).nth(1)).to_have_attribute("data-state", "done")
    expect(said_of(a)).to_have_text(["Claude can read it", "Claude can read it"])
    fake.will(Normal("A red photograph, and a paper of two pages."))
    say(a, "What are these?")
    for page in (a, b):
        expect(message(page, "A red photograph")).to_be_visible()
    content = fake.requests[-1].body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["text", "image", "text", "document", "text", "text"]
    assert content[3]["title"] == "paper.pdf"


def test_what_claude_cannot_read_is_said_where_it_is_added(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    page.set_viewport_size(PHONE)
    pick(page, a_file("locked.pdf", seen_documents.encrypted("secret"), "application/pdf"))
    pick(page, a_file("all.zip", office_files.archive(notes_txt=b"hello"), "application/zip"))
    expect(chips(page).nth(1)).to_have_attribute("data-state", "done")
    expect(said_of(page)).to_have_text(
        ["Claude can't read this file: it is encrypted.", "Claude can't read files of this kind."]
    )
    expect(said_of(page).first).to_be_visible()
    assert sideways(page) == []
    assert Axe().run(page, context=".composer").response["violations"] == []
    page.reload()  # the files wait where they were, with what was said of them
    expect(said_of(page)).to_have_text(
        ["Claude can't read this file: it is encrypted.", "Claude can't read files of this kind."]
    )


def test_a_room_of_people_hears_nothing_of_it(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    pick(page, a_file("all.zip", office_files.archive(notes_txt=b"hello"), "application/zip"))
    expect(chips(page)).to_have_attribute("data-state", "done")
    expect(said_of(page)).to_be_hidden()
