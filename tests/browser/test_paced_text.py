"""A text that appears evenly, by a clock that the test turns: it leaves frames free, and comes to its end."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.js.static_server import StaticServer

_BEGIN = """async () => {
  const { PacedText } = await import("/static/chat/js/pages/message/paced-text.js");
  Object.assign(window, { frames: 0, shown: [], endings: 0 });
  const count = () => { window.frames += 1; requestAnimationFrame(count); };
  requestAnimationFrame(count);
  window.paced = new PacedText((text, isFinal) => { window.shown.push(text.length); window.endings += isFinal; });
  window.paced.set("x".repeat(5_000), false);
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with StaticServer() as server:
        made = browser.new_page()
        made.route("**/harness", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        made.clock.install(time=0)
        made.goto(f"{server.url}/harness")
        made.clock.pause_at(60_000)
        made.evaluate(_BEGIN)
        yield made
        made.close()


def test_every_other_frame_is_left_free(page: Page) -> None:
    page.clock.run_for(500)
    assert page.evaluate("frames") > 20, "the clock drew no frames"
    assert 5 < page.evaluate("shown.length") <= page.evaluate("frames / 2") + 1


def test_it_comes_to_its_end_and_then_draws_no_more(page: Page) -> None:
    page.evaluate('paced.set("x".repeat(6_000), true)')
    page.clock.run_for(10_000)
    lengths = page.evaluate("shown")
    assert lengths == sorted(lengths)
    assert (lengths[-1], page.evaluate("endings")) == (6_000, 1)


def test_in_a_page_behind_others_nothing_waits_for_a_second_frame(page: Page) -> None:
    """The browser draws such a page once a second: by small shares, a reply's end would come half a minute late."""
    page.clock.run_for(10_000)
    page.evaluate("() => { requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 1000); }")
    page.evaluate('paced.set("x".repeat(5_100), false)')
    page.clock.run_for(1_500)  # a pause lies before these words: the first frame begins to show them
    page.evaluate('paced.set("x".repeat(5_900), true)')
    page.clock.run_for(1_500)
    assert (page.evaluate("shown.at(-1)"), page.evaluate("endings")) == (5_900, 1)
