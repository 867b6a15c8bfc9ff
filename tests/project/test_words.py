"""The list of words finds what plain English does without, wherever it stands, and nothing else."""

import pytest

from tests.words import IN_PAGES, INSTEAD_OF, words_in


@pytest.mark.parametrize("word", INSTEAD_OF)
def test_each_word_is_found_and_its_replacement_named(word: str) -> None:
    for text in (word, f"{word.capitalize()} knows.", f"a ({word})", f"# {word}, too"):
        (found,) = words_in("a.py", text)
        assert str(found).lower() == f"a.py:1: {word!r}: write {INSTEAD_OF[word]!r}"


@pytest.mark.parametrize(
    "text", ["it waits for\n    # ever", "it waits for\n * ever", "it waits for\n// ever", "by\nitself"]
)
def test_words_that_the_end_of_a_line_parts_are_found(text: str) -> None:
    (found,) = words_in("a.js", f"first line\n{text}")
    assert found.line == 2 and str(found).endswith(("write 'forever'", "write 'on its own'"))


@pytest.mark.parametrize(
    "text", ["no one", "someone", 'names = {"nobody", "you"}', "nobody_waits", "forever", "for every"]
)
def test_other_words_names_and_quoted_ones_pass(text: str) -> None:
    assert list(words_in("a.py", text)) == []


@pytest.mark.parametrize("word", IN_PAGES)
def test_some_words_are_found_in_pages_and_their_scripts_alone(word: str) -> None:
    for name in ("a.js", "a.d.ts", "a.css", "a.html"):
        (found,) = words_in(name, f"/* {word} */")
        assert str(found) == f"{name}:1: {word!r}: write {IN_PAGES[word]!r}"
    assert list(words_in("a.py", word)) == list(words_in("a.js", f'"{word}"')) == []
