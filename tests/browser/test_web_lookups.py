"""Searches of the web in front of people: each query, its pages folded below it, and the settings that allow it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from fake_claude import Blocks, FakeClaude
from fake_claude.exchange import Exchange
from fake_claude.lookups import web_fetch, web_search
from fake_claude.replies import text
from tests.browser.chat_cast import PATIENCE_MS, Cast, say
from tests.browser.looks import problems
from tests.servers.sessions import site_with_claude
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

PAGES = (("https://www.example.org/tides", "Tides <b>today</b>"), ("javascript:alert(1)", "Bad"))


@pytest.fixture
def fakes() -> list[FakeClaude]:
    return []


@pytest.fixture
def site(site_builder: SiteBuilder, fakes: list[FakeClaude]) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    with site_with_claude(site_builder, UVICORN_SQLITE) as (running, fake):
        fake.default = Blocks((*web_search("tides", *PAGES), *web_fetch(*PAGES[0]), text("Twice a day.")))
        fakes.append(fake)
        yield running


@dataclass(frozen=True)
class WhileSearching(Blocks):
    """Waits, before its first result comes, for FakeClaude.release()."""

    async def before_block(self, exchange: Exchange, block: dict[str, Any]) -> None:
        if block["type"] == "web_search_tool_result":
            await exchange.hold()


@pytest.fixture
def held(site: Site, fakes: list[FakeClaude]) -> FakeClaude:
    (fake,) = fakes
    fake.default = WhileSearching((*web_search("tides"), *web_fetch(*PAGES[0]), text("Twice a day.")))
    return fake


def test_a_search_is_allowed_in_the_form_and_its_pages_open_from_the_reply(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room(kind="session")
    page = alice.room(room)
    settings = page.context.new_page()
    settings.goto(f"/rooms/{room}/details")
    settings.get_by_label("Claude may search the web").check()
    settings.get_by_label("Only these sites").fill("bücher.example\nhttps://example.org/")
    found = problems(settings, "settings")
    settings.locator("#claude").get_by_role("button", name="Save").click()
    expect(settings.get_by_label("Only these sites")).to_have_value("xn--bcher-kva.example\nexample.org")
    expect(settings.get_by_label("Uses of the web per reply")).to_have_value("3")
    settings.close()

    say(page, "When is high tide?")
    reply = page.locator("[data-reply-state]").last
    expect(reply).to_have_attribute("data-reply-state", "complete", timeout=60_000)
    used = reply.get_by_test_id("reply-tool")
    expect(used).to_have_count(2)
    expect(used.first).to_be_hidden()
    folded = reply.get_by_test_id("reply-lookups")
    assert reply.locator(".prose ~ .reply-lookups").count() == 1, "below the text"
    folded.locator("summary").first.press("Enter")
    expect(used.first).to_contain_text("Searched the web: tides → 2 pages")
    used.first.get_by_test_id("reply-pages").locator("summary").click()
    links = used.first.get_by_role("link")
    expect(links).to_have_count(1)
    expect(links).to_have_text("example.org Tides <b>today</b>")
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(links).to_have_attribute("href", PAGES[0][0])
    found += problems(page, "reply")
    assert not found


def test_a_search_is_shown_when_it_begins_and_folded_when_the_reply_is_done(someone: Cast, held: FakeClaude) -> None:
    alice = someone("alice")
    room = alice.create_room(kind="session")
    page = alice.room(room)
    say(page, "When is high tide?")
    reply = page.locator("[data-reply-state]").last
    used = reply.get_by_test_id("reply-tool")
    expect(used).to_have_text(["Searching the web: tides"], timeout=60_000)
    late = alice.room(room)
    expect(late.get_by_test_id("reply-tool")).to_have_text(["Searching the web: tides"])
    held.release()
    expect(used).to_have_text([re.compile("Searched the web: tides → 1 page"), re.compile("Opened a page: .* → read")])
    for each in (reply, late.locator("[data-reply-state]").last):
        expect(each).to_have_attribute("data-reply-state", "complete")
        expect(each.get_by_test_id("reply-tool").first).to_be_hidden()
        expect(each.get_by_text("Looked things up 2 times")).to_be_visible()
