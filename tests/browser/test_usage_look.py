"""The pages of usage in front of people: what was spent, limits that are near and reached, at every width and theme."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from fake_claude import Normal
from tests.browser.chat_cast import PATIENCE_MS, Cast, say
from tests.browser.looks import problems
from tests.servers.sessions import site_with_claude
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

OVERVIEW = "/admin/chat/charge/overview/"
# One reply may cost 8 dollars and costs a little more: 1000 dollars for a million tokens of four characters.
REPLY = "word " * 6_480
SETTINGS = {
    "CLAUDE_PRICES": json.dumps(
        {"claude-sonnet-5-5": {"input": 0, "output": 1000, "cache_write": 0, "cache_read": 0}},
    ),
    "CLAUDE_REPLY_TOKENS": 8_000,
    "SPEND_USER_DAY_USD": 9.5,
    "SPEND_USER_MONTH_USD": 100,
    "SPEND_ROOM_DAY_USD": 8,
    "SPEND_DAY_USD": 8,
}


# One for each try: the limits allow a single reply.
@pytest.fixture
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    with site_with_claude(site_builder, UVICORN_SQLITE, **SETTINGS) as (running, fake):
        fake.default = Normal(REPLY, pieces=4)
        yield running


def spend(someone: Cast) -> tuple[Page, str]:
    """Have someone get the one reply that the limits allow; return their page and the room."""
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob, kind="session")
    page = alice.room(room)
    say(page, "A long reply, please")
    # The first reply of a site waits for the SDK.
    reply = page.locator("[data-reply-state]").last
    expect(reply).to_have_attribute("data-reply-state", "complete", timeout=60_000)
    return page, room


def test_usage_is_shown_against_limits_without_a_fault_at_any_width(someone: Cast) -> None:
    """To who spent it, of the room they own, and to the administration: the limits allow one reply for all three."""
    page, room = spend(someone)
    found = []
    for path in ("/usage", f"/usage?room={room}"):
        page.goto(path)
        expect(page.locator(".usage-period progress.usage-near, .usage-period progress.usage-over")).not_to_have_count(
            0
        )
        expect(page.get_by_text("This server’s limit for today is reached")).to_be_visible()
        page.get_by_text("Day by day").click()
        expect(page.locator(".usage-days table")).to_be_visible()
        found += problems(page, path)
    admin = someone("root")
    admin.site.people.tell("make_admin", username=admin.name)
    page = admin.context().new_page()
    page.goto(OVERVIEW)
    expect(page.locator("progress.claude-over").first).to_be_visible()
    expect(page.get_by_role("link", name="alice")).to_be_visible()
    found += problems(page, OVERVIEW)
    prices = page.get_by_role("region", name="Prices")
    assert prices.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    assert not found, "\n".join(found)
