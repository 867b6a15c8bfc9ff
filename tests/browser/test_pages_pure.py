"""The pages' pure modules, asked directly: merging drafts, grouping rows, counting what is unread, finding rooms."""

from collections.abc import Iterator
from typing import Any
from unicodedata import bidirectional

import pytest
from playwright.sync_api import Browser, Page

from chat import shown_names
from chat.markdown import render
from chat.messages.emoji import canonical_emoji
from tests.reports.rendered_texts import RENDERED
from tests.reports.visible import BLANK, DRAWN
from tests.servers.sites import Site

ME = {"id": "1", "username": "alice"}
NOON = 1_790_000_000_000
MINUTE = 60_000


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    made = browser.new_page(base_url=site.processes[0].origin)
    made.goto("/accounts/login/")
    yield made
    made.close()


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """Call a function of a page module and return what it returned."""
    script = """async ([module, name, args]) => (await import(`/static/chat/js/pages/${module}.js`))[name](...args)"""
    return page.evaluate(script, [module, function, list(arguments)])


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("", "a", "", "a"),
        ("", "", "b", "b"),
        ("one two", "one two three", "zero one two", "zero one two three"),
        ("one two", "one 2", "1 two", "1 2"),
        ("one two three", "one three", "one two three four", "one three four"),
        ("one", "my one", "one", "my one"),
        ("word", "mine", "theirs", "mine"),
        ("sent", "sent and more", "", " and more"),
    ],
)
def test_drafts_of_two_tabs_are_merged(page: Page, base: str, mine: str, theirs: str, merged: str) -> None:
    assert call(page, "composer/merge-text", "mergeText", base, mine, theirs) == merged


def test_the_page_reads_the_same_text_from_html_as_the_server(page: Page) -> None:
    messages = [{"html": render(case.content), "content": ""} for case in RENDERED]
    texts = [call(page, "../client/rooms/quotes", "quotable", each) for each in messages]
    assert [call(page, "../client/rooms/quotes", "excerptOf", text) for text in texts] == [
        case.text for case in RENDERED
    ]


def test_the_page_knows_what_is_blank_as_the_server_does(page: Page) -> None:
    assert not [case.kind for case in BLANK if call(page, "base/visible", "hasInk", case.content)]
    assert not [case.kind for case in DRAWN if not call(page, "base/visible", "hasInk", case.content)]


def test_the_emoji_that_can_be_picked_are_in_their_one_form(page: Page) -> None:
    picked = [sign for sign, _name in call(page, "base/emoji", "emojiLike", "")]
    assert len(picked) > 30 and [canonical_emoji(sign) for sign in picked] == picked


def message(seq: int, author: str = "2", minute: float = 0, **more: Any) -> dict[str, Any]:
    created = NOON + int(minute * MINUTE)
    base = {"id": str(seq), "room": "r", "seq": seq, "change": seq, "kind": "text", "content": "x", "html": "<p>x</p>"}
    return {
        **base,
        "author": {"id": author, "username": f"user{author}"},
        "createdAt": created,
        "reactions": [],
        **more,
    }


def items(page: Page, messages: list[dict[str, Any]], **view: Any) -> list[dict[str, Any]]:
    whole = {"messages": messages, "pending": [], "me": ME, "hasMore": False, **view}
    return list(call(page, "timeline/timeline-items", "buildItems", whole))


def test_rows_join_for_one_author_within_five_minutes(page: Page) -> None:
    rows = [
        message(1),
        message(2, minute=4),
        message(3, minute=10),
        message(4, "3", minute=11),
        message(5, minute=12, kind="join"),
        message(6, minute=12),
        message(7, minute=12, replyTo={"id": "1", "seq": 1, "author": None, "excerpt": "x", "deleted": False}),
        message(8, minute=13),
    ]
    assert [item["continues"] for item in items(page, rows)] == [False, True, False, False, False, False, False, True]


def test_a_row_does_not_join_one_under_another_name(page: Page) -> None:
    renamed = {"id": "2", "username": "user2", "displayName": "Two"}
    rows = [message(1), {**message(2), "author": renamed}, {**message(3), "author": renamed}]
    assert [item["continues"] for item in items(page, rows)] == [False, False, True]


def test_a_reply_that_was_withdrawn_with_its_prompt_has_no_row_of_its_own(page: Page) -> None:
    prompt, ended = {**message(1), "deletedAt": 5}, {**message(3), "deletedAt": 5}
    waited = {**message(2), "deletedAt": 5, "reply": {"state": "stopped", "prompt": "1"}}
    ended["reply"] = {**waited["reply"], "startedAt": 4}
    assert [item["seq"] for item in items(page, [prompt, waited, ended])] == [1, 3]
    assert [item["seq"] for item in items(page, [prompt, waited], target=2)] == [1, 2], "a link to it leads somewhere"


@pytest.mark.parametrize(
    ("display_name", "shown", "handle"),
    [
        (None, "bob", ""),
        ("", "bob", ""),
        ("Bob", "Bob", ""),
        ("Bob Tables", "Bob Tables", "@bob"),
        ("Вob", "Вob", "@bob"),
        ("Alice", "Alice", "@bob"),
    ],
)
def test_pages_and_server_show_the_same_name_and_the_user_name_where_it_is_another(
    page: Page, display_name: str | None, shown: str, handle: str
) -> None:
    person = {"username": "bob"} if display_name is None else {"username": "bob", "displayName": display_name}
    assert call(page, "people/shown-name", "shownName", person) == shown_names.shown_name(person) == shown
    assert call(page, "people/shown-name", "handle", person) == shown_names.handle(person) == handle


@pytest.mark.parametrize("name", ["Bob", "Zoë", "李", "אליס", "محمد", "Bob אליס", "\U0001e900"])
def test_pages_and_server_keep_the_same_names_apart_from_the_text_around_them(page: Page, name: str) -> None:
    assert call(page, "people/shown-name", "isolated", name) == shown_names.isolated(name)
    assert (shown_names.isolated(name) != name) == any(bidirectional(char) in ("R", "AL") for char in name)


def test_nobody_is_somebody(page: Page) -> None:
    assert call(page, "people/shown-name", "shownName", None) == shown_names.shown_name(None) == "someone"
    assert call(page, "people/shown-name", "handle", None) == shown_names.handle(None) == ""


def test_the_unread_line_stands_above_the_first_message_of_others(page: Page) -> None:
    rows = [message(1), message(2), message(3, ME["id"]), message(4), message(5)]

    def lines(after: int | None, **view: Any) -> list[int]:
        return [item["seq"] for item in items(page, rows, unreadAfter=after, **view) if item["firstUnread"]]

    assert lines(2) == [4], "my own message is not news to me"
    assert lines(5) == []
    assert lines(None) == []
    assert lines(0) == [1]
    assert lines(0, hasMore=True) == [], "the first unread one is not loaded"


def test_a_message_keeps_its_row_when_it_is_stored(page: Page) -> None:
    entry = {"clientId": "c1", "room": "r", "content": "x", "createdAt": NOON, "state": "sending", "error": None}
    (pending,) = items(page, [], pending=[entry])
    (stored,) = items(page, [message(1, ME["id"], clientId="c1")])
    (foreign,) = items(page, [message(1, "2", clientId="c1")])
    assert pending["key"] == stored["key"] != foreign["key"]


def test_the_window_is_bounded_and_keeps_its_place(page: Page) -> None:
    assert call(page, "timeline/timeline-window", "atEnd", 1000) == {"start": 984, "end": 1000}, (
        "it begins with a screen"
    )
    assert call(page, "timeline/timeline-window", "atEnd", 1001, 984) == {"start": 984, "end": 1001}, (
        "and keeps what has come"
    )
    assert call(page, "timeline/timeline-window", "atEnd", 1000, 100) == {"start": 820, "end": 1000}
    assert call(page, "timeline/timeline-window", "atEnd", 5) == {"start": 0, "end": 5}
    earlier = call(page, "timeline/timeline-window", "earlier", {"start": 820, "end": 1000})
    assert earlier == {"start": 808, "end": 988}
    assert call(page, "timeline/timeline-window", "later", earlier, 1000) == {"start": 820, "end": 1000}
    assert call(page, "timeline/timeline-window", "earlier", {"start": 5, "end": 25}) == {"start": 0, "end": 25}
    assert call(page, "timeline/timeline-window", "around", 1000, 500) == {"start": 476, "end": 524}


def test_the_window_finds_its_rows_again_when_the_list_has_changed(page: Page) -> None:
    def shifted(window: dict[str, int], at: tuple[int, int], count: tuple[int, int]) -> object:
        places = [{"before": before, "after": after} for before, after in (at, count)]
        return call(page, "timeline/timeline-window", "shifted", window, *places)

    # Fifty older rows came in front: the row that was number 770 is number 820 now.
    assert shifted({"start": 760, "end": 940}, (770, 820), (1000, 1050)) == {"start": 810, "end": 990}
    # New ones came in at an end that is in the document: a few come into it at once.
    assert shifted({"start": 0, "end": 10}, (3, 3), (10, 12)) == {"start": 0, "end": 12}
    assert shifted({"start": 0, "end": 10}, (3, 3), (10, 60)) == {"start": 0, "end": 22}
    assert shifted({"start": 0, "end": 10}, (3, 3), (20, 60)) == {"start": 0, "end": 10}
    assert shifted({"start": 0, "end": 10}, (3, 53), (10, 60)) == {"start": 38, "end": 60}, "some of those above"
    assert shifted({"start": 5, "end": 10}, (6, 56), (10, 60)) == {"start": 55, "end": 60}, (
        "the reader isn't at the top"
    )
    assert shifted({"start": 0, "end": 10}, (3, -1), (20, 60)) == {"start": 44, "end": 60}, "the row is gone"


def test_the_list_of_rooms_counts_orders_and_forgets(page: Page) -> None:
    script = """async ([actions]) => {
        const { reduceRoomList, sectionsOf, unreadTotal } = await import("/static/chat/js/pages/rooms/room-list.js");
        const list = actions.reduce(reduceRoomList, new Map());
        const rows = Object.values(sectionsOf(list)).flat();
        return { total: unreadTotal(list), rows: rows.map(({ slug, unread, mentions }) => [slug, unread, mentions]) };
    }"""

    def room(slug: str, **more: Any) -> dict[str, Any]:
        facts = {
            "slug": slug,
            "name": slug,
            "kind": "open",
            "unread": 0,
            "mentions": 0,
            "muted": False,
            "lastReadSeq": 0,
        }
        return {**facts, **more}

    def said(slug: str, seq: int, **more: Any) -> dict[str, Any]:
        facts = {"type": "message", "mine": False, "seen": False, "mentioned": False}
        return {**facts, "message": message(seq, minute=seq, room=slug), **more}

    def counted(slug: str, seq: int, **more: Any) -> dict[str, Any]:
        return {"type": "counted", "room": slug, "count": 0, "mentions": 0, "seq": seq, "at": NOON, **more}

    actions = [
        {"type": "listed", "rooms": [room("a"), room("b", lastReadSeq=5), room("c", muted=True), room("d")]},
        said("a", 1),
        said("a", 2, mentioned=True),
        said("a", 3, mine=True),
        said("b", 5),
        said("b", 6, seen=True),
        said("c", 7),
        {"type": "counted", "room": "d", "count": 200, "mentions": 1, "at": NOON + 99 * MINUTE},
        {"type": "read", "room": "a", "lastReadSeq": 1, "unread": 1, "mentions": 1},
        said("unknown", 8),
        # Whole counts replace the others, unless they were made for another read position; what they include isn't added.
        counted("d", 12, total={"lastReadSeq": 0, "unread": 40, "mentions": 0}),
        counted("d", 12, count=3),
        said("d", 11, mentioned=True),
        counted("d", 13, count=2),
        counted("a", 14, total={"lastReadSeq": 9, "unread": 0, "mentions": 0}),
    ]
    shown = page.evaluate(script, [actions])
    assert shown == {"total": 43, "rows": [["d", 42, 0], ["c", 1, 0], ["b", 0, 0], ["a", 1, 1]]}
    gone = [*actions, {"type": "removed", "room": "d"}, {"type": "updated", "room": {"slug": "c", "archivedAt": NOON}}]
    assert [row[0] for row in page.evaluate(script, [gone])["rows"]] == ["b", "a"]


def test_rooms_are_ranked_by_how_well_the_letters_fit(page: Page) -> None:
    titles = ["Release notes", "General", "North garden", "Garden plans", "Agenda"]
    ranks = {title: call(page, "base/ranking", "rank", title, "gard") for title in titles}
    found = sorted((title for title in titles if ranks[title] != float("inf")), key=lambda title: ranks[title])
    assert found == ["Garden plans", "North garden"]
    assert call(page, "base/ranking", "rank", "Release notes", "rln") < float("inf")


def test_names_look_the_same_in_templates_and_in_the_browser(page: Page) -> None:
    from chat.templatetags.people import hue, initials

    for name in ("alice", "bob.b", "a_b-c", "x", "…", "Ärger Öl", "日本 語", "😀 grin", ""):
        assert call(page, "people/names", "initials", name) == initials(name)
        assert call(page, "people/names", "hue", name) == hue(name)


RACES = """async (first) => {
    const { RoomDirectory } = await import("/static/chat/js/pages/rooms/room-directory.js");
    const all = Array.from({ length: 300 }, (_, at) => (
        { slug: `r${at}`, name: `${at}`, kind: "open", unread: 0, mentions: 0, activeAt: 300 - at }));
    const waiting = [];
    const page = ({ kinds, after = "0", limit }) => {
        const mine = kinds && !kinds.includes("open") ? [] : all;
        const end = Number(after) + limit;
        return { rooms: mine.slice(Number(after), end), hasMore: end < mine.length, next: String(end), total: mine.length };
    };
    let isHeld = true;
    const request = (_type, asked) => isHeld
        ? new Promise((resolve) => waiting.push(() => resolve(page(asked)))) : Promise.resolve(page(asked));
    const cuts = new Map([["rooms", { next: "30", total: 300 }]]);
    const directory = new RoomDirectory({
        client: { request }, rooms: all.slice(0, 30), cuts, whole: 100, each: 30, current: () => null, onChange: () => {},
    });
    const asked = { list: () => directory.refetch(), more: () => directory.more("rooms") };
    const second = first === "list" ? "more" : "list";
    const both = [asked[first](), asked[second]()];
    for (const respond of waiting.splice(0)) {
        respond();
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    isHeld = false;
    for (const respond of waiting.splice(0)) respond();
    await Promise.all(both);
    return directory.rooms.size;
}"""


@pytest.mark.parametrize("first", ["list", "more"])
def test_more_rooms_stay_when_the_list_is_asked_for_at_the_same_time(page: Page, first: str) -> None:
    assert page.evaluate(RACES, first) == 130
