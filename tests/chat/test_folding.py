"""The index of a text of ASCII alone is made a quicker way, and says the same."""

from hypothesis import given
from hypothesis import strategies as st

from chat.folding import fold, tokens_of, words_for_index
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
