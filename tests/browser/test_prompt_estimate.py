"""What a prompt will cost, below the composer: said before it is sent, and never in the way of typing or sending."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from fake_claude import Normal
from tests.browser.chat_cast import PATIENCE_MS, Cast, say
from tests.browser.looks import problems
from tests.servers.sessions import site_with_claude
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

SAID = re.compile(r"^About \$0\.\d+, at most \$0\.57$")


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    with site_with_claude(site_builder, UVICORN_SQLITE) as (running, fake):
        fake.default = Normal("First the harbour, then the old town.")
        yield running


def test_in_a_session_the_price_of_what_is_written_is_shown_and_goes_with_it(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    line = page.get_by_test_id("prompt-estimate")
    composer = page.get_by_test_id("composer")
    timeline = page.locator(".timeline")
    height = timeline.bounding_box()
    composer.fill("Where should we go first?")
    expect(line).to_have_text(SAID)
    assert timeline.bounding_box() == height, "nothing moves when it appears"
    assert problems(page, "a session with an estimate") == []
    composer.fill("")
    expect(line).to_have_text("")
    say(page, "Where should we go first?")
    expect(page.locator("[data-reply-state]").last).to_have_attribute("data-reply-state", "complete", timeout=60_000)
    expect(line).to_have_text("")


def test_in_another_room_only_a_prompt_has_a_price(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    page = alice.room(alice.create_room(bob))
    line = page.get_by_test_id("prompt-estimate")
    composer = page.get_by_test_id("composer")
    page.clock.install()
    composer.fill("Where should we go first, me@claude.example?")
    page.clock.run_for(1_500)
    page.wait_for_timeout(200)
    expect(line).to_have_text("")
    composer.fill("@claude where should we go first?")
    expect(line).to_have_text(SAID)


def test_a_text_is_sent_before_its_price_is_known(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room(kind="session"))
    say(page, "Quick!")
    expect(page.get_by_test_id("message").first).to_contain_text("Quick!")
    expect(page.get_by_test_id("prompt-estimate")).to_have_text("")
