"""Texts that a pattern finds hardest, made from the pattern: what it repeats, many times, and then something else.

A backtracking matcher is slow where one text can be read in many ways, or where each place of a long run is tried as a
beginning. Both need a run of what some part of the pattern repeats, after what leads there, with an end that fails.
"""

import random
from collections.abc import Iterator
from typing import Any, Final

from re import _constants as ops  # type: ignore[attr-defined]  # isort: skip
from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

from tests.regular_expressions.steps import Counter

_REPEATS: Final = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_TYPICAL: Final = "a1 _-.*/\n\"'\\(é日"
_FAILS: Final = ("", "\x00", "!", "\n", "a")
_TRIED_AT_MOST: Final = 200


def attacks(pattern: str, flags: int, times: int) -> Iterator[str]:
    """Yield texts whose hardest part stands there `times` times.

    For another number they are the same ones in the same order: so their costs can be compared.
    """
    tree = parser.parse(pattern, flags)
    beginnings = ["", *_beginnings(tree)]
    chars = sorted(set(_chars(tree)))
    pairs = [one + other for one in chars for other in chars]
    # A beginning that must not follow a word, or must stand before one, is none without what stands around it.
    apart = [f" {each}" for each in beginnings] + [f"{each} " for each in beginnings]
    pumps = list(dict.fromkeys([*chars, *_bodies(tree), *pairs, *beginnings, *apart]))
    plans = [
        (beginning, pump, end)
        for beginning in dict.fromkeys(beginnings)
        for pump in pumps
        for end in dict.fromkeys([*_FAILS, *chars])
        if pump
    ]
    chance = random.Random(repr(pattern))
    plain = [plan for plan in plans if plan[0] == "" and plan[1] not in pairs and plan[2] in _FAILS[:4]]
    chosen = plain + chance.sample(plans, min(_TRIED_AT_MOST, len(plans)))
    for beginning, pump, end in chosen[:_TRIED_AT_MOST]:
        yield beginning + pump * times + end


def _beginnings(tree: Any) -> list[str]:
    """Return the shortest texts for each beginning of a sequence, and for those within it."""
    found: list[str] = []
    so_far = ""
    for op, argument in tree:
        for inner in _inner(op, argument):
            found += [so_far + each for each in ["", *_beginnings(inner)]]
        so_far += _shortest([(op, argument)])
        found.append(so_far)
    return list(dict.fromkeys(found))


def _inner(op: Any, argument: Any) -> list[Any]:
    if op in _REPEATS:
        return [argument[2]]
    if op is ops.SUBPATTERN:
        return [argument[3]]
    if op is ops.BRANCH:
        return list(argument[1])
    if op is ops.ATOMIC_GROUP:
        return [argument]
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [argument[1]]
    return []


def _shortest(items: Any) -> str:
    """Return a short text that a sequence takes."""
    text = ""
    for op, argument in items:
        if op in _REPEATS:
            text += _shortest(argument[2]) * max(1, argument[0])
        elif op is ops.SUBPATTERN:
            text += _shortest(argument[3])
        elif op is ops.BRANCH:
            text += _shortest(argument[1][0])
        elif op is ops.ATOMIC_GROUP:
            text += _shortest(argument)
        elif op not in (ops.ASSERT, ops.ASSERT_NOT):  # those take nothing
            text += next(iter(_chars([(op, argument)])), "")
    return text


def _bodies(tree: Any) -> list[str]:
    found: list[str] = []
    for op, argument in tree:
        if op in _REPEATS:
            found.append(_shortest(argument[2]))
        for inner in _inner(op, argument):
            found += _bodies(inner)
    return found


def _chars(items: Any) -> list[str]:
    """Return for each set of characters in a pattern one or two that are in it."""
    found: list[str] = []
    for op, argument in items:
        if op is ops.LITERAL:
            found.append(chr(argument))
        elif op is ops.IN:
            named = [chr(value) for kind, value in argument if kind is ops.LITERAL]
            named += [chr(value[0]) for kind, value in argument if kind is ops.RANGE]
            found += [char for char in [*named, *_TYPICAL] if _takes(op, argument, char)][:2]
        elif op in (ops.ANY, ops.NOT_LITERAL):
            found.append(next(char for char in _TYPICAL if _takes(op, argument, char)))
        for inner in _inner(op, argument):
            found += _chars(inner)
    return found


def _takes(op: Any, argument: Any, char: str) -> bool:
    test = Counter("")._test(op, argument)
    return test(char)
