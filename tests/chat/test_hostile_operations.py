"""What reads a message's text does so in proportion to its size, whatever it holds.

Counted are operations, not seconds: so the bound holds on any machine, however busy. For three times the text there may be
three times the operations and half as many again; what looks at each pair of characters takes nine times as many.

Markdown is not among them: its parser takes more for some texts, and therefore works in a process with a deadline.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given

from chat import markdown
from chat.claude.backends import demo_replies
from chat.claude.reading import transcript
from chat.claude.tools import search_history
from chat.markdown.content import checked_content
from chat.markdown.mentions import spans_in
from chat.markdown.rendered_text import searched_text
from chat.messages.naming import name_from
from chat.protocol import frames
from chat.protocol.errors import ProtocolError
from chat.quotes import excerpt_of
from chat.search.folding import terms_of, words_for_index
from chat.search.search import excerpt
from tests.chat.operations import operations
from tests.chat.properties import examples
from tests.hostile_grammar import RECIPES, Recipe

_CHARS: Final = 500
_TIMES: Final = 3
_GROWTH_AT_MOST: Final = 4.5
# What a function does once, whatever the text.
_ONCE: Final = 1_000
_TERMS: Final = terms_of("a 日本 b klingon")


def _posted(text: str) -> None:
    payload = {"room": "den", "content": text, "clientId": "1"}
    with suppress(frames.BadFrame):  # it may hold what can't be stored
        frames.decode(json.dumps({"type": "create_message", "id": "1", "payload": payload}))


def _checked(text: str) -> None:
    with suppress(ProtocolError):  # it may hold nothing that can be seen
        checked_content(text)


def _spoken(text: str) -> None:
    line = transcript.Line(1, "ana", transcript.clean(text), datetime(2026, 11, 30, tzinfo=UTC))
    transcript.spoken(line, 200)


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "mentions": lambda text: list(spans_in(text)),
    "candidates for mentions": lambda text: markdown.candidates(markdown.as_written(text)),
    "is it plain": markdown.is_plain,
    "a frame": _posted,
    "content": _checked,
    "the name of a session": name_from,
    "a quotation": excerpt_of,
    "words to search for": terms_of,
    "words for the index": lambda text: words_for_index(text, 400_000),
    "text of HTML": lambda text: searched_text(text, ""),
    "the surroundings of a hit": lambda text: excerpt(text, _TERMS),
    "a hit for Claude": lambda text: search_history.excerpt(text, _TERMS),
    "a turn of the conversation": _spoken,
    "the demo's reply": demo_replies.reply_to,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_reading_a_text_takes_operations_in_proportion_to_it(reader: Callable[[str], Any]) -> None:
    @given(RECIPES)
    @examples(60)
    def each(recipe: Recipe) -> None:
        assert_linear(reader, recipe)

    each()


def assert_linear(reader: Callable[[str], Any], recipe: Recipe, chars: int = _CHARS) -> None:
    """Compare three sizes: a bound on what is read at all may lie between two of them, never between each two."""
    growth = _growth(reader, recipe, chars)
    if growth > _GROWTH_AT_MOST:
        again = _growth(reader, recipe, chars * _TIMES)
        assert again <= _GROWTH_AT_MOST, (growth, again, recipe)


def _growth(reader: Callable[[str], Any], recipe: Recipe, chars: int) -> float:
    few, many = recipe.of(chars), recipe.of(chars * _TIMES)
    as_asked = len(many) / len(few) / _TIMES
    return operations(reader, many) / (operations(reader, few) + _ONCE) / max(1, as_asked)


def test_the_count_sees_what_looks_at_each_pair() -> None:
    def pairs(text: str) -> int:
        found = 0
        for one in text:
            for other in text:
                found += one == other
        return found

    with pytest.raises(AssertionError):
        assert_linear(pairs, Recipe("", "ab"), chars=100)
