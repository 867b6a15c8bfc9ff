"""How the steps of a pattern grow with the text: in proportion to it, or faster."""

from typing import Final

from tests.regular_expressions.attacks import attacks
from tests.regular_expressions.steps import Counter, TooManyStepsError

_TIMES: Final = 60
# Twice the text may take twice the steps, and a few that do not depend on it.
_GROWTH_AT_MOST: Final = 2.5
_FREE_STEPS: Final = 60
_STEPS_AT_MOST: Final = 100_000


def worst_growth(pattern: str, flags: int = 0, *, is_anchored: bool = False) -> str | None:
    """Return what is wrong with a pattern: a text for which the steps grow faster than its length. None: it is linear.

    is_anchored: it is tried at the beginning of a text only.
    """
    once, twice = attacks(pattern, flags, _TIMES), attacks(pattern, flags, 2 * _TIMES)
    for text, double in zip(once, twice, strict=True):
        steps, more = (_steps(pattern, flags, each, is_anchored=is_anchored) for each in (text, double))
        if more > _GROWTH_AT_MOST * steps + _FREE_STEPS or more >= _STEPS_AT_MOST:
            return f"{steps} steps for {text[:50]!r}... ({len(text)} characters), {more} for {len(double)}"
    return None


def _steps(pattern: str, flags: int, text: str, *, is_anchored: bool) -> int:
    counter = Counter(pattern, flags, _STEPS_AT_MOST)
    try:
        if is_anchored:
            counter.match(text)
            counter.fullmatch(text)
        else:
            counter.finditer(text)
    except TooManyStepsError:
        return _STEPS_AT_MOST
    return counter.steps
