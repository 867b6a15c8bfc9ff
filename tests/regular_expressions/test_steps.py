"""That the counting matcher finds what `re` finds, and sees what is slow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chat.properties import examples
from tests.regular_expressions.growth import worst_growth
from tests.regular_expressions.steps import Counter

PATTERNS = [
    r"a*b", r"(a|ab)(c|bcd)*", r"(?<!\w)@([a-z0-9](?:[a-z0-9_.-]{0,3}[a-z0-9_-])?)", r"a+?b?", r"^\s+|\s+$", r"(a+)\1",
    r"[^ab]+", r"(?:ab|a)+?c", r"\b\w+\b", r"(?=ab)a|b", r"a{2,3}", r".*b", r"x?y??z*?", r"a++b", r"(?>a|ab)b",
]  # fmt: skip


@given(st.sampled_from(PATTERNS), st.text("abc @_.x\n", max_size=12))
@examples(1500)
def test_it_finds_what_re_finds(pattern: str, text: str) -> None:
    counter = Counter(pattern)
    full, begun = re.fullmatch(pattern, text), re.match(pattern, text)
    assert counter.fullmatch(text) == (full and full.span())
    assert counter.match(text) == (begun and begun.span())
    assert counter.finditer(text) == [found.span() for found in re.finditer(pattern, text)]


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"\s+$",
        r"(a|a)*b",
        r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)",
        r"!?\[([^\]]*)\]\([^)]*\)",
        r"a*b",
        r"\w+@\w+",
        r'"(?:[^"\\]|\\.)*"x',
    ],
)
def test_the_attacks_see_a_pattern_that_is_not_linear(pattern: str) -> None:
    assert worst_growth(pattern) is not None


@pytest.mark.parametrize("pattern", [r"[a-z]+", r"a{0,9}b", r"!?\[([^\[\]]*)\]\(", r"(?<!\w)@[a-z]{1,30}"])
def test_the_attacks_leave_a_linear_pattern_alone(pattern: str) -> None:
    assert worst_growth(pattern) is None
