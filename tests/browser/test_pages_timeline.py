"""Long rooms: the document stays small, the reader keeps their place, and links lead to the right message."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_cast import Cast, Someone, act, message, name_of, say
from tests.servers.pages import slug_of, submit

ROWS = 420
STANDS_STILL = """() => {
  const { scrollTop } = document.querySelector(".timeline");
  const isStill = window.scrolledTo === scrollTop;
  window.scrolledTo = scrollTop;
  return isStill;
}"""
IN_DOCUMENT_AT_MOST = 180


def fill(owner: Someone, room: str, count: int) -> None:
    """Post many messages quickly, by the page's own client."""
    page = owner.room(room)
    page.evaluate(
        """async ([room, count]) => {
            const { Client, MemoryOutbox } = await Promise.all([
                import("/static/chat/js/client/client.js"), import("/static/chat/js/client/outbox/outbox.js"),
            ]).then(([client, outbox]) => ({ ...client, ...outbox }));
            const client = new Client({ outbox: new MemoryOutbox() });
            client.connect();
            await client.joinRoom(room);
            const numbers = Array.from({ length: count }, (_, at) => at + 1);
            for (let at = 0; at < count; at += 20) {
                await Promise.all(numbers.slice(at, at + 20).map((number) =>
                    client.request("create_message", { room, content: `number ${number} of many` })));
            }
            client.close();
        }""",
        [room, count],
    )
    page.close()


def numbers(page: Page) -> list[int]:
    texts = page.locator('[data-testid="message"] .prose').all_inner_texts()
    return [int(re.sub(r"\D", "", text)) for text in texts]


def top_of(page: Page, text: str) -> float:
    box = message(page, text).bounding_box()
    assert box is not None
    return box["y"]


def wheel_to_the_start(page: Page) -> None:
    timeline = page.locator(".timeline")
    timeline.hover()
    for _ in range(60):
        # The beginning is in the page as soon as it is known, and the rows below it come as the reader comes near.
        is_known = page.get_by_text("This is the beginning of the room.").is_visible()
        if is_known and timeline.evaluate("element => element.scrollTop") == 0:
            return
        page.mouse.wheel(0, -2500)
        time.sleep(0.1)
    raise AssertionError("the beginning was never reached")


@pytest.fixture
def long_room(someone: Cast) -> tuple[Someone, str]:
    alice = someone("alice")
    room = alice.create_room()
    fill(alice, room, ROWS)
    return alice, room


def test_a_long_room_is_read_to_its_beginning_and_back(long_room: tuple[Someone, str]) -> None:
    alice, room = long_room
    page = alice.room(room)
    expect(message(page, f"number {ROWS} of many")).to_be_visible()
    wheel_to_the_start(page)
    expect(message(page, "number 1 of many")).to_be_visible()
    shown = numbers(page)
    assert shown == list(range(shown[0], shown[0] + len(shown)))
    assert len(shown) <= IN_DOCUMENT_AT_MOST
    page.get_by_test_id("jump-to-latest").click()
    expect(message(page, f"number {ROWS} of many")).to_be_in_viewport()
    assert len(numbers(page)) <= IN_DOCUMENT_AT_MOST


def test_history_that_arrives_above_moves_nothing(long_room: tuple[Someone, str]) -> None:
    alice, room = long_room
    page = alice.room(room)
    first = numbers(page)[0]
    # Straight to a place near the top of what is loaded, where more is fetched.
    page.locator(".timeline").evaluate("element => element.scrollTo(0, 300)")
    before = top_of(page, f"number {first + 10} of many")
    expect(message(page, f"number {first - 20} of many")).to_be_attached()
    assert abs(top_of(page, f"number {first + 10} of many") - before) < 2


def test_at_the_top_the_words_stay_when_the_day_and_the_name_above_them_go(long_room: tuple[Someone, str]) -> None:
    """The first message that is loaded shows the day and its author, until earlier ones come in above it."""
    alice, room = long_room
    page = alice.room(room)
    first = numbers(page)[0]
    words = message(page, f"number {first} of many").locator(".prose")
    top = "words.getBoundingClientRect().top"
    # In one turn of the page: what is asked for next may have moved it already.
    before = words.evaluate(f"words => (words.closest('.timeline').scrollTo(0, 40), {top})")
    expect(message(page, f"number {first - 20} of many")).to_be_attached()
    assert abs(words.evaluate(f"words => {top}") - before) < 2


def test_new_messages_do_not_move_a_reader_who_has_scrolled_up(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    fill(alice, room, 60)
    a, b = alice.room(room), bob.room(room)
    a.locator(".timeline").hover()
    a.mouse.wheel(0, -700)
    pill = a.get_by_test_id("jump-to-latest")
    expect(pill).to_be_visible()
    a.wait_for_function(STANDS_STILL, polling=100)  # a wheel goes on scrolling for a moment
    before = a.locator(".timeline").evaluate("element => element.scrollTop")
    say(b, "something new")
    expect(pill).to_have_text("1 new message")
    assert a.locator(".timeline").evaluate("element => element.scrollTop") == before
    pill.click()
    expect(message(a, "something new")).to_be_in_viewport()
    expect(pill).to_be_hidden()
    say(b, "followed")
    expect(message(a, "followed")).to_be_in_viewport()


def test_a_link_to_a_message_opens_there_and_marks_it(long_room: tuple[Someone, str]) -> None:
    alice, room = long_room
    (seq,) = [row["seq"] for row in alice.site.people.messages(room) if row["content"] == "number 100 of many"]
    page = alice.tab(f"/rooms/{room}/?seq={seq}")
    target = page.locator(".message.is-target")
    expect(target).to_contain_text("number 100 of many")
    expect(target).to_be_in_viewport()
    expect(target).to_be_focused()
    box = target.bounding_box()
    assert box is not None
    assert 150 < box["y"] < 650, "it stands in the middle"
    page.get_by_test_id("jump-to-latest").click()
    expect(message(page, f"number {ROWS} of many")).to_be_in_viewport()


def test_messages_of_one_author_stand_together_under_one_day(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    room = alice.create_room(bob)
    a, b = alice.room(room), bob.room(room)
    for text in ("one", "two"):
        say(a, text)
        expect(message(b, text)).to_be_visible()
    say(b, "three")
    expect(message(a, "three")).to_be_visible()
    joined = [
        message(a, text).evaluate("row => row.classList.contains('continues')") for text in ("one", "two", "three")
    ]
    assert joined == [False, True, False]
    assert a.locator(".day-line").all_inner_texts() == ["Today"]


def test_rooms_change_without_loading_a_page(someone: Cast) -> None:
    alice = someone("alice")
    first, second = alice.create_room(), alice.create_room()
    page = alice.room(first)
    say(page, "in the first")
    page.get_by_test_id("composer").fill("draft of the first")
    page.evaluate("window.samePage = true")
    page.locator(f'[data-testid="room-link"][data-room="{second}"]').click()
    expect(page).to_have_url(re.compile(f"/rooms/{second}/$"))
    expect(page.get_by_test_id("composer")).to_have_value("")
    expect(message(page, "in the first")).to_have_count(0)
    say(page, "in the second")
    expect(message(page, "in the second")).to_have_attribute("data-state", "stored")
    page.go_back()
    expect(message(page, "in the first")).to_be_visible()
    expect(page.get_by_test_id("composer")).to_have_value("draft of the first")
    assert page.evaluate("window.samePage") is True


def test_the_quick_switcher_finds_a_room_by_some_letters(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    page = alice.tab("/rooms/new")
    page.keyboard.press("Control+k")
    page.keyboard.type(room[:9])
    expect(page.get_by_role("option").first).to_contain_text(name_of(room))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/rooms/room-"))


def test_a_message_is_reached_and_replied_to_by_keyboard_alone(someone: Cast) -> None:
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "first")
    say(page, "last")
    expect(message(page, "last")).to_have_attribute("data-state", "stored")
    page.locator(".timeline").focus()
    page.keyboard.press("ArrowDown")
    expect(message(page, "last")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(message(page, "first")).to_be_focused()
    act_by_key(page, "action-reply")
    page.keyboard.type("replied")
    page.keyboard.press("Enter")
    expect(message(page, "replied").get_by_test_id("quote")).to_contain_text("first")


def act_by_key(page: Page, test_id: str) -> None:
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.dataset?.testid") == test_id:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{test_id} was never reached")


def test_an_unread_mark_survives_the_toolbar_of_a_tombstone(someone: Cast) -> None:
    """A deleted message has no toolbar, and does not break that of the next one."""
    alice = someone("alice")
    page = alice.room(alice.create_room())
    say(page, "goes")
    say(page, "stays")
    expect(message(page, "stays")).to_have_attribute("data-state", "stored")
    act(page, "goes", "delete")
    page.get_by_text("Message deleted").hover()
    expect(page.get_by_test_id("message-actions")).to_have_count(0)
    message(page, "stays").hover()
    expect(page.get_by_test_id("action-edit")).to_be_visible()


def test_in_a_direct_room_one_is_offered_to_delete_ones_own_words_only(someone: Cast) -> None:
    alice, bob = someone("alice"), someone("bob")
    slug = slug_of(submit(alice.site.processes[0], alice.key, "/direct/new", {"user": bob.name}))
    a, b = alice.room(slug), bob.room(slug)
    say(a, "from alice")
    message(b, "from alice").hover()
    expect(b.get_by_test_id("action-reply")).to_be_visible()
    expect(b.get_by_test_id("action-delete")).to_have_count(0)
    message(a, "from alice").hover()
    expect(a.get_by_test_id("action-delete")).to_be_visible()
