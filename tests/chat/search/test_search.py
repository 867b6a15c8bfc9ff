"""Search finds words in my rooms and nothing else, takes no orders from the query, and is the same on both databases."""

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.models import User
from chat import markdown
from chat.access import Actor
from chat.messages import changes
from chat.models import Membership, Message, Room
from chat.protocol import frames, requests, wire
from chat.protocol.errors import ErrorCode
from chat.rooms import rooms
from chat.search import search
from chat.search.filling import catch_up
from chat.search.folding import terms_of
from tests.chat.fixtures import refused, room_of, say
from tests.chat.properties import examples

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def found(user: User, query: str, **fields: Any) -> list[str]:
    result = search.search_messages(Actor.of(user), requests.SearchMessages(query, **fields))
    return [hit.message.content for hit in result.hits]


def test_every_word_must_be_there_and_the_last_may_be_unfinished(alice: User, den: Room) -> None:
    say(alice, "den", "red apples and pears", "green apples", "red pears")
    assert found(alice, "apples") == ["green apples", "red apples and pears"], "newest first"
    assert found(alice, "red apples") == ["red apples and pears"]
    assert found(alice, "pears red") == ["red pears", "red apples and pears"]
    assert found(alice, "red pe") == ["red pears", "red apples and pears"]
    assert found(alice, "app red") == [], "only the last word may be unfinished"
    assert found(alice, "RED Pears") == ["red pears", "red apples and pears"]


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("смотрите, новости!", "новост"),
        ("Straße nach Zürich", "straße zür"),
        ("C'est déjà l'été", "déjà"),
        ("今日は 元気 です", "元気"),
        ("snake_case_name here", "snake_case"),
        ("version 3.11.7", "11"),
        ("see https://example.org/path?q=word#part", "word"),
        ("see https://example.org/path", "path"),
        ("mail to someone@example.org", "someone"),
        ("half/half and-so-on", "on"),
        ("a **bold** word", "bold"),
        ("key=value", "value"),
    ],
)
def test_words_of_all_kinds_are_found(alice: User, den: Room, content: str, query: str) -> None:
    say(alice, "den", content, "something else")
    assert found(alice, query) == [content]


OPERATORS = [
    '"', "'", '"unclosed', "apples OR pears", "apples NOT pears", "NEAR(apples pears)", "apples*", "content:apples",
    "^apples", "apples & !pears", "apples | pears", "!apples", "apples:*", "<->", "apples <-> pears", "(((", "\\",
    "%", "-- x", "'; DROP", "{content} : x", "+", "a" * 200, "()*:^", "\u200b", "&|!<>", "*", "", " ",
]  # fmt: skip


@pytest.mark.parametrize("query", OPERATORS)
def test_operators_in_the_query_are_harmless(alice: User, den: Room, query: str) -> None:
    say(alice, "den", "apples", "pears")
    words = re.findall(r"\w+", query.lower())
    expected = ["apples"] if words == ["apples"] else []
    assert found(alice, query) == expected


@examples(150)
@example("a_b")
@example("_")
@example("\u0345")
@example("²")
@given(st.text(min_size=1, max_size=40))
def test_no_query_is_an_error(alice: User, den: Room, query: str) -> None:
    if not Room.objects.get().change:
        say(alice, "den", "apples and pears")
    if "\x00" not in query and not any("\ud800" <= char <= "\udfff" for char in query):  # refused by the decoder
        found(alice, query)


def test_many_words_are_cut_off_at_a_bound(alice: User, den: Room) -> None:
    say(alice, "den", " ".join(f"word{n}" for n in range(12)))
    assert len(found(alice, " ".join(f"word{n}" for n in range(30)))) == 1


def test_only_my_rooms_are_searched(alice: User, bob: User, mallory: User, den: Room) -> None:
    room_of(mallory, "cave")
    room_of(mallory, "square", "open")
    for author, slug in ((bob, "den"), (mallory, "cave"), (mallory, "square")):
        say(author, slug, f"needle in the {slug}")
    assert found(alice, "needle") == ["needle in the den"]
    assert found(mallory, "needle") == ["needle in the square", "needle in the cave"]
    assert found(alice, "needle", room="square") == ["needle in the square"], "an open room may be read by all"
    for slug in ("cave", "nowhere"):
        with refused(ErrorCode.NOT_FOUND):
            found(alice, "needle", room=slug)


def test_only_what_people_say_now_is_found(alice: User, den: Room) -> None:
    deleted, edited = say(alice, "den", "needle one", "needle two")
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(deleted.id))
    changes.edit_message(Actor.of(alice), edited.id, "haystack", "")
    rooms.update_room(Actor.of(alice), requests.UpdateRoom("den", topic="needle"))
    assert found(alice, "needle") == [] and found(alice, "haystack") == ["haystack"]
    Room.objects.filter(slug="den").update(archived_at=timezone.now())
    assert found(alice, "haystack") == ["haystack"], "archived rooms stay searchable"


def test_pages_of_hits_go_back_in_time(alice: User, den: Room) -> None:
    say(alice, "den", *(f"needle {n}" for n in range(25)))
    actor, before, seen = Actor.of(alice), dict[str, str](), list[str]()
    for _ in range(3):
        page = search.search_messages(actor, requests.SearchMessages("needle", limit=10, **before))
        seen += [hit.message.content for hit in page.hits]
        before = {"before": page.hits[-1].message.id}
    assert seen == [f"needle {n}" for n in range(24, -1, -1)] and not page.hasMore


@pytest.mark.parametrize("where", [{}, {"room": "den"}])
def test_a_search_costs_a_pinned_number_of_queries(
    alice: User, den: Room, django_assert_num_queries: Any, where: dict[str, Any]
) -> None:
    actor = Actor.of(alice)
    checks = 2  # whether the index has taken up what is new, and what was there before it
    for count in (3, 30):
        say(alice, "den", *("needle" for _ in range(count)))
        catch_up()
        # The rooms, or the room with the membership; the index; the hits' weights, the hits and the names of their rooms;
        # and what presenting costs for any number of messages.
        with django_assert_num_queries(7 + checks):
            search.search_messages(actor, requests.SearchMessages("needle", limit=2, **where))
    looks = 1 if connection.vendor == "sqlite" else 2  # the newest messages do not fill the page
    with django_assert_num_queries(1 + checks + looks):
        search.search_messages(actor, requests.SearchMessages("nothing", **where))
    looks = 1 if connection.vendor == "sqlite" else 4  # one part, the finished word alone, and those that hold it
    with django_assert_num_queries(1 + checks + looks):
        search.search_messages(actor, requests.SearchMessages("nothing need", **where))


def test_heavy_hits_are_bounded_in_bytes_and_turning_the_pages_brings_each_of_them(
    alice: User, den: Room, settings: Any
) -> None:
    settings.PAGE_BYTES = 10_000
    say(alice, "den", *("needle " + "x" * 900 for _ in range(20)), "needle " + "y" * 8000)
    catch_up()
    seen: list[str] = []
    before: dict[str, Any] = {}
    while True:
        found = search.search_messages(Actor.of(alice), requests.SearchMessages("needle", limit=50, **before))
        assert len(found.hits) == 1 or frames.size_of([hit.message for hit in found.hits]) <= 10_000
        seen += [hit.message.id for hit in found.hits]
        before = {"before": seen[-1]}
        if not found.hasMore:
            break
    assert len(seen) == len(set(seen)) == 21 and seen == sorted(seen, key=int, reverse=True)


def test_hits_are_found_in_every_part_of_the_table(alice: User, bob: User, den: Room) -> None:
    """PostgreSQL's index is asked for 32,768 ids at a time, after the newest messages have been looked through."""
    cave = room_of(bob, "cave")
    ids = [1, 2, 32_767, 32_768, 99_000, *range(200_000, 200_400)]
    rows = [
        Message(pk=pk, room=den, seq=seq, change=seq, author=alice, content=f"needle {pk}" if pk < 100_000 else "hay")
        for seq, pk in enumerate(ids, 1)
    ]
    rows.append(Message(pk=50_000, room=cave, seq=1, change=1, author=bob, content="needle elsewhere"))
    Message.objects.bulk_create(rows)
    expected = [f"needle {pk}" for pk in (99_000, 32_768, 32_767, 2, 1)]
    for where in ({}, {"room": "den"}):
        assert found(alice, "needle", **where) == found(alice, "nee", **where) == expected
        assert found(alice, "needle", limit=2, **where) == expected[:2]
        assert found(alice, "needle", before="32768", limit=2, **where) == expected[2:4]
        assert found(alice, "hay needle", **where) == []
        assert found(alice, "needle 3", **where) == ["needle 32768", "needle 32767"]
        assert found(alice, "needle 3", before="32768", **where) == ["needle 32767"]
        assert len(found(alice, "hay", limit=50, before="200200", **where)) == 50


def test_an_unfinished_word_is_found_behind_many_that_hold_only_the_finished_ones(alice: User, den: Room) -> None:
    """PostgreSQL looks through the newest that hold the finished words, before it looks up what begins so."""
    texts = {seq: "needle and thread" if seq in (1, 2, 250) else "needle" for seq in range(1, 1_000)}
    Message.objects.bulk_create(
        # Two in a part of the table: neither the newest messages nor the newest part hold a page of hits.
        Message(pk=seq * 16_384, room=den, seq=seq, change=seq, author=alice, content=text)
        for seq, text in texts.items()
    )
    for where in ({}, {"room": "den"}):
        assert len(found(alice, "needle t", **where)) == len(found(alice, "t", **where)) == 3
        assert len(found(alice, "needle t", limit=1, **where)) == 1
        assert found(alice, "thread needles", **where) == found(alice, "nowhere t", **where) == []


def test_the_words_of_a_compound_stand_side_by_side(alice: User, den: Room) -> None:
    say(alice, "den", "a snake_case name", "the case of the snake", "snake oil in this case", "snakes")
    assert found(alice, "snake_case") == found(alice, "snake_ca") == ["a snake_case name"]
    assert found(alice, "snake case") == ["snake oil in this case", "the case of the snake", "a snake_case name"]


def test_a_room_that_nobody_named_is_not_found_by_its_mark(alice: User, bob: User, den: Room) -> None:
    """The index holds a word for each message's room. A person who writes it gets into no other room by it."""
    cave = room_of(bob, "cave")
    say(bob, "cave", f"needle \ue000{den.pk} #{den.pk} @0")
    say(alice, "den", "nothing of that kind")
    assert found(alice, "needle") == found(alice, "needle", room="den") == []
    for query in (f"\ue000{den.pk}", f"#{cave.pk}", "@0", "_", "#", "@"):
        assert found(alice, query, room="den") == []


def test_a_reader_of_very_many_rooms_finds_what_is_in_theirs(alice: User, bob: User, den: Room) -> None:
    others = [Room(slug=f"room-{number}", name="Room", created_by=bob) for number in range(120)]
    Room.objects.bulk_create(others)
    Membership.objects.bulk_create([Membership(room=room, user=alice) for room in others])
    room_of(bob, "cave")
    say(bob, "cave", "needle in the cave")
    say(alice, "room-7", "needle in the seventh")
    say(alice, "den", "needle in the den")
    assert found(alice, "needle") == ["needle in the den", "needle in the seventh"]


# --- Excerpts ------------------------------------------------------------------------------------------------------------


def test_an_excerpt_shows_the_surroundings_of_the_first_hit() -> None:
    text = search.excerpt("x " * 200 + "Needles and pins " + "y " * 200, terms_of("needle"))
    assert "<mark>Needles</mark>" in text and text.startswith("…") and text.endswith("…") and len(text) < 250
    assert search.excerpt("short needle", terms_of("needle")) == "short <mark>needle</mark>"
    assert search.excerpt("no hit here", terms_of("needle")) == "no hit here"
    assert search.excerpt("a needle and a pin", terms_of("needle pin")).count("<mark>") == 2


@examples(200)
@given(
    st.text(alphabet="<>&\"'/ab mark=\n", max_size=300), st.lists(st.sampled_from(["a", "ab", "mark", "b"]), min_size=1)
)
def test_an_excerpt_is_safe_html(content: str, words: list[str]) -> None:
    text = search.excerpt(content, terms_of(" ".join(words)))
    bare = text.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare and ">" not in bare and '"' not in bare
    assert html.unescape(bare).strip("…") in " ".join(content.split())
    assert text.count("<mark>") == text.count("</mark>")


def test_what_is_found_is_presented_whole(alice: User, bob: User, den: Room) -> None:
    (message,) = say(alice, "den", "a needle for @bob")
    (hit,) = search.search_messages(Actor.of(bob), requests.SearchMessages("needle")).hits
    assert hit.message == message and hit.message.html == markdown.render("a needle for @bob")
    assert isinstance(hit, wire.SearchHit) and hit.excerpt == "a <mark>needle</mark> for @bob"
