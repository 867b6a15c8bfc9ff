"""Every regular expression that meets outside text takes steps in proportion to that text.

The patterns are found in the sources, so a new one is tested from the day it is written.
"""

from functools import cache
from typing import Final

import pytest

from tests.regular_expressions.growth import worst_growth
from tests.regular_expressions.sources import Found, in_python, in_scripts

# What is put together while the program runs, and by what its parts are bounded.
_MADE: Final = {
    ("accounts/templatetags/account_pages.py", "pattern"): "a table of words, and the text is a User-Agent",
    ("chat/claude/backends/demo_replies.py", "pattern"): "a table of words, each tried below",
    ("accounts/visible.py", "f'{DRAWN_TOGETHER}|[{_UNSEEN}]'"): "one character each, or a flag of eight",
    (
        "chat/claude/reading/transcript.py",
        "f'{DRAWN_TOGETHER}|[\\x00-\\x08\\x0e-\\x1b\\x7f\\ud800-\\udfff\\U000e0000-\U000e01ef]'",
    ): "one character each, or a flag of eight",
    ("accounts/visible.py", "f'[^\\\\s{_UNSEEN}{_BLANK}]'"): "one character",
}


@cache
def _patterns() -> list[Found]:
    return [*in_python()[0], *in_scripts()]


def _ids() -> list[str]:
    return [each.place for each in _patterns()]


@pytest.mark.parametrize("found", _patterns(), ids=_ids())
def test_a_pattern_is_linear(found: Found) -> None:
    wrong = worst_growth(found.pattern, found.flags, is_anchored=found.is_anchored)
    assert wrong is None, f"{found.place}: {found.pattern!r} takes {wrong}"


def test_the_search_for_patterns_finds_those_that_are_known() -> None:
    patterns = {each.pattern for each in _patterns()}
    assert r"@([a-z0-9][a-z0-9_.-]*)" in patterns
    assert r"^/rooms/([a-z0-9-]{1,50})/\Z" in patterns
    assert len(patterns) > 60


def test_every_pattern_that_is_made_while_running_is_known() -> None:
    assert {(made.place, made.source) for made in in_python()[1]} == set(_MADE)
