"""The list of words finds what plain English does without, wherever it stands, and nothing else."""

import pytest

from tests.words import INSTEAD_OF, STEMS, words_in


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


@pytest.mark.parametrize("name", ["{}", "{}s", "un{}ed", "_{}_to", "on_{}", "{}ing", "NO_{}"])
@pytest.mark.parametrize("stem", STEMS)
def test_some_are_found_within_names_too_and_pass_in_quotation_marks(stem: str, name: str) -> None:
    for word in (name.format(stem), name.format(stem.capitalize()), name.format(stem.upper())):
        for file in ("a.py", "a.js", "a.html", "a.md"):
            (found,) = words_in(file, f"if {word} is left")
            assert str(found) == f"{file}:1: {word!r}: write {STEMS[stem]!r}"
        assert list(words_in("a.py", f'names = {{"{word}"}}')) == []
