"""Two people with two tabs each write 200 messages while their connections are cut: nothing lost, nothing twice."""

import random
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_cast import Cast, act, message, say
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.sites import CLUSTER, UVICORN_SQLITE, Profile, Site, SiteBuilder

MESSAGES_PER_TAB: Final = 50
CUT_EVERY: Final = 12
RELOAD_AT: Final = 90
EDIT_AT: Final = 185
DELETE_AT: Final = 197
SETTLED_MS: Final = 60_000

# Scrolls from the end to the beginning, for rows far away are not in the document, and notes every row it meets.
COLLECT: Final = """async () => {
  const scroller = document.querySelector(".timeline");
  const seen = new Map();
  const twice = [];
  const note = () => {
    const here = new Set();
    for (const row of document.querySelectorAll('[data-testid="message"]')) {
      const seq = Number(row.dataset.seq);
      if (here.has(seq)) twice.push(seq);
      here.add(seq);
      const body = row.querySelector(".prose")?.firstElementChild?.cloneNode(true);
      body?.querySelector(".edited")?.remove();
      seen.set(seq, [row.dataset.state, row.hasAttribute("data-deleted") ? "" : body.textContent.trim()]);
    }
  };
  scroller.scrollTop = scroller.scrollHeight;
  let still = 0;
  for (let turn = 0; turn < 1000 && still < 75; turn += 1) {
    const before = [scroller.scrollTop, scroller.scrollHeight, seen.size].join();
    note();
    scroller.scrollTop = Math.max(0, scroller.scrollTop - 300);
    await new Promise((resolve) => setTimeout(resolve, 40));
    note();
    still = before === [scroller.scrollTop, scroller.scrollHeight, seen.size].join() ? still + 1 : 0;
  }
  return {twice, rows: [...seen].sort((a, b) => a[0] - b[0]).map(([seq, [state, text]]) => ({seq, state, text}))};
}"""


@pytest.fixture(params=[UVICORN_SQLITE, CLUSTER], ids=str, scope="module")
def site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[Site]:
    """One process, and two over Redis: alice's tabs are on the first, bob's on the last."""
    profile: Profile = request.param
    with site_builder.running(profile) as running:
        yield running


def test_all_tabs_and_the_database_show_the_same_list(site: Site, someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    chance = random.Random(2)
    with (
        CuttingProxy(site.processes[0].port, seed=3) as near_alice,
        CuttingProxy(site.processes[-1].port, seed=4) as near_bob,
    ):
        a = alice.context(origin=near_alice.origin)
        b = bob.context(origin=near_bob.origin)
        tabs = [alice.room(room, a), alice.room(room, a), bob.room(room, b), bob.room(room, b)]
        turns = [number for number in range(len(tabs)) for _ in range(MESSAGES_PER_TAB)]
        chance.shuffle(turns)
        expected = []
        for count, turn in enumerate(turns):
            text = f"message {count:03} of tab {turn}"
            say(tabs[turn], text)
            expected.append(text)
            if count % CUT_EVERY == CUT_EVERY - 1:
                chance.choice([near_alice, near_bob]).cut(share=0.7)
            if count == RELOAD_AT:
                tabs[2].reload()
                expect(tabs[2].get_by_test_id("composer")).to_be_enabled()
            if count == EDIT_AT:
                stored(tabs[turn], text)
                edit(tabs[turn], text)
                expected[-1] = f"{text}, edited"
            if count == DELETE_AT:
                stored(tabs[turn], text)
                act(tabs[turn], text, "delete")
                expected[-1] = ""
        for tab in tabs:
            settle(tab)
            expect(message(tab, ", edited")).to_have_count(1)
            expect(tab.locator("[data-deleted]")).to_have_count(1)
        collected = [tab.evaluate(COLLECT) for tab in tabs]
        assert min(near_alice.cuts, near_bob.cuts) > 0, "no connection was cut, so nothing was tried"
    rows = [row for row in site.people.messages(room) if row["kind"] == "text"]
    assert sorted(row["content"] for row in rows) == sorted(expected)
    for shown in collected:
        assert shown["twice"] == []
        assert {row["state"] for row in shown["rows"]} == {"stored"}
        assert [(row["seq"], row["text"]) for row in shown["rows"]] == [(row["seq"], row["content"]) for row in rows]


def stored(tab: Page, text: str) -> None:
    """Wait until a message of the tab's own is stored: until then it has no id by which it could be changed."""
    tab.wait_for_selector('html[data-connection="connected"]', timeout=SETTLED_MS)
    expect(message(tab, text)).to_have_attribute("data-state", "stored", timeout=SETTLED_MS)


def edit(tab: Page, text: str) -> None:
    act(tab, text, "edit")
    tab.get_by_test_id("edit-input").fill(f"{text}, edited")
    tab.get_by_test_id("edit-save").click()
    expect(message(tab, f"{text}, edited")).to_have_count(1)


def settle(tab: Page) -> None:
    """Wait until nothing that the tab shows is still under way."""
    tab.wait_for_selector('html[data-connection="connected"]', timeout=SETTLED_MS)
    expect(tab.locator('[data-testid="message"]:not([data-state="stored"])')).to_have_count(0, timeout=SETTLED_MS)
