"""Text stays where it belongs: it is not drawn over others' words, and does not turn around what stands beside it."""

from playwright.sync_api import FloatRect, Page, expect

from tests.browser.chat_cast import Cast, act, message, say
from tests.servers.pages import submit

# All marks that combine: a font piles up those that it has marks upon marks for.
MARKS = "".join(chr(code) for code in range(0x300, 0x370) if code != 0x34F)
MARGIN_PX = 6
STRIP_PX = 16


def strips_around(page: Page, box: FloatRect) -> list[bytes]:
    """Return pictures of what is close above, below and behind a box."""
    width, height = box["width"], box["height"]
    above = FloatRect(x=box["x"], y=box["y"] - MARGIN_PX - STRIP_PX, width=width, height=STRIP_PX)
    below = FloatRect(x=box["x"], y=box["y"] + height + MARGIN_PX, width=width, height=STRIP_PX)
    behind = FloatRect(x=box["x"] + width + MARGIN_PX, y=box["y"], width=STRIP_PX, height=height)
    return [page.screenshot(clip=strip) for strip in (above, below, behind)]


def test_piled_up_marks_are_not_drawn_over_other_messages(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    for text in ("the words before", *["more of them"] * 4, "a" + (MARKS * 100)[:10_000] + " piled up", *["after"] * 5):
        say(page, text)
    expect(page.get_by_test_id("message")).to_have_count(11)
    expect(page.locator('[data-testid="message"]:not([data-state="stored"])')).to_have_count(0)
    piled = message(page, "piled up").locator(".prose")
    box = piled.bounding_box()
    assert box is not None
    drawn = strips_around(page, box)
    piled.evaluate("element => { element.style.visibility = 'hidden'; }")
    assert strips_around(page, box) == drawn


OVERRIDDEN = "\u202eevil"
# What follows an override is read backwards up to the end of its paragraph, or of what isolates it.
REACHED_BY_AN_OVERRIDE = """(text) => {
  const isolates = (element) => {
    const style = getComputedStyle(element);
    return style.display !== "inline" || ["isolate", "isolate-override", "plaintext"].includes(style.unicodeBidi);
  };
  const found = { shown: 0, reached: [] };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    let element = node.parentElement;
    if (!node.data.includes(text) || ["SCRIPT", "TEMPLATE"].includes(element.tagName)) continue;
    while (!isolates(element)) element = element.parentElement;
    found.shown += 1;
    const [, after, ...more] = element.textContent.split(text);
    if (after.trim() || more.length) found.reached.push(element.outerHTML);
  }
  return found;
}"""


def test_an_override_turns_nothing_around_that_stands_beside_it(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    named = {"do": "save", "kind": "closed", "name": OVERRIDDEN, "topic": OVERRIDDEN}
    submit(alice.site.processes[0], alice.key, f"/rooms/{room}/details", named)
    page = alice.room(room)
    say(page, OVERRIDDEN)
    expect(message(page, "evil")).to_have_attribute("data-state", "stored")
    act(page, "evil", "reply")
    say(page, f"a reply to {OVERRIDDEN}")
    expect(message(page, "a reply").locator(".quote")).to_contain_text("evil")
    act(page, "a reply", "reply")
    shown = page.evaluate(REACHED_BY_AN_OVERRIDE, OVERRIDDEN)
    assert shown["shown"] >= 7 and shown["reached"] == []  # title, topic, notice, sidebar, two messages, quotes
    for path in ("/", f"/rooms/{room}/people", f"/rooms/{room}/details", "/search?q=evil", f"/usage?room={room}"):
        page.goto(path)
        shown = page.evaluate(REACHED_BY_AN_OVERRIDE, OVERRIDDEN)
        assert shown["shown"] and shown["reached"] == [], path
