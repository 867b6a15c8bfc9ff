"""Both databases find the same, and the excerpt shows what people read: the cases of tests/reports/search.py."""

import re

import pytest

from accounts.models import User
from chat.access import Actor
from chat.claude.tools import registry
from chat.models import Message, Room
from chat.protocol import requests, wire
from chat.search import search
from tests.chat.fixtures import room_of, say
from tests.reports.search import EXCERPTS, SEARCHES, Excerpt, Search

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User) -> Room:
    return room_of(alice, "den")


def hits(user: User, query: str) -> list[wire.SearchHit]:
    return search.search_messages(Actor.of(user), requests.SearchMessages(query)).hits


@pytest.mark.parametrize("case", SEARCHES, ids=lambda case: f"{case.kind}: {case.query}")
def test_a_word_is_found_where_people_see_it(case: Search, alice: User, den: Room) -> None:
    say(alice, "den", case.content, "something else")
    found = hits(alice, case.query)
    assert [hit.message.content for hit in found] == ([] if case.marked is None else [case.content])
    if case.marked is not None:
        marked = re.findall(r"<mark>(.*?)</mark>", found[0].excerpt)
        assert marked[:1] == ([case.marked] if case.marked else [])
    operators = search.matching(search.terms_of(case.query))
    assert [message.content for message in operators] == [hit.message.content for hit in found]


@pytest.mark.parametrize("case", EXCERPTS, ids=lambda case: case.kind)
def test_an_excerpt_is_the_text_that_people_read(case: Excerpt, alice: User, den: Room) -> None:
    say(alice, "den", case.content)
    (hit,) = hits(alice, case.query)
    assert hit.excerpt == case.excerpt


# Claude reads the markdown, so where that stands inside a word it's shown the beginning of the message.
_AS_WRITTEN = [
    case for case in SEARCHES if case.marked and "markdown" not in case.kind and case.kind != "rendered text"
]


@pytest.mark.parametrize("case", _AS_WRITTEN, ids=lambda case: case.query)
def test_claude_finds_the_same_and_sees_its_surroundings(case: Search, alice: User, den: Room) -> None:
    Room.objects.update(claude_tools=["search_history"])
    say(alice, "den", "x " * 2_000 + case.content)
    found = registry.run("search_history", {"query": case.query}, den.pk, 10)
    assert not found.is_error and found.summary == "1 message found"
    assert case.content.split()[0] in found.content


@pytest.mark.parametrize("content", ["東京" * 10_000, "a b " * 5_000, "👍" * 20_000, "ﷺ" * 20_000, "é" * 20_000])
def test_the_longest_messages_are_found(content: str, alice: User, den: Room) -> None:
    say(alice, "den", f"needle {content}")
    assert len(hits(alice, "needle")) == 1
    assert Message.objects.get().pk in {message.pk for message in search.matching(search.terms_of("needle"))}
