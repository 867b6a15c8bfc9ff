"""The index of a text of ASCII alone is made a quicker way, and says the same."""

import re
import sqlite3
import string
from contextlib import closing
from importlib import import_module

from hypothesis import example, given
from hypothesis import strategies as st

from accounts.folding import fold
from chat.markdown import is_drawn_as_written, render
from chat.search.folding import is_plain_ascii, tokens_of, words_for_index
from tests.chat.properties import examples

_BYTES = 100_000


def by_tokens(text: str) -> str:
    return f" {' '.join(token.text for token in tokens_of(fold(text)))} "


@examples(300)
@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_words_of_ascii_are_the_tokens_of_all_scripts(text: str) -> None:
    assert words_for_index(text, _BYTES) == by_tokens(text)


def test_each_ascii_character_is_a_token_or_not_in_both() -> None:
    every = "".join(map(chr, range(128)))
    for text in (every, *every, "x".join(every), "long" * 40, "C++ foo_bar a@b #1 50%"):
        assert words_for_index(text, _BYTES) == by_tokens(text)


def tokens_of_fts5(text: str) -> list[str]:
    """Return the tokens that SQLite's index makes of a text, in their order."""
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(import_module("chat.migrations.0016_search_by_folded_words").SQLITE[0])
        index.execute("CREATE VIRTUAL TABLE tokens USING fts5vocab(chat_message_words, instance)")
        index.execute("INSERT INTO chat_message_words (rowid, words) VALUES (1, ?)", (text,))
        return [term for (term,) in index.execute("SELECT term FROM tokens ORDER BY offset")]


@examples(200)
@given(st.text(string.ascii_letters + string.digits + string.punctuation + string.whitespace + "é\x1c"))
@example("a" * 64)
@example("a" * 65)
@example(f"a {'b' * 64} c")
@example(f"a/{'b' * 65}/c")
@example("It's (done): see [1], \\o/ {x}? No. -- 3.11;\r\n\tYes!")
def test_a_text_that_is_called_plain_is_read_by_fts5_as_by_the_folding(text: str) -> None:
    if is_plain_ascii(text):
        assert tokens_of_fts5(text) == words_for_index(text, 10_000).split()
    else:
        assert not re.fullmatch(r"[0-9A-Za-z ]{,64}", text), "most texts are plain"


def test_a_line_of_chat_goes_to_the_index_as_it_stands() -> None:
    for text in (
        "Yes, it's done.",
        "See you at 10:30 (or so)?",
        "Message 000012 with about as many words as people write",
    ):
        assert is_plain_ascii(text) and is_drawn_as_written(render(text), text)
    assert not is_drawn_as_written(render("*so*"), "*so*")
