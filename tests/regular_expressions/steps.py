"""Counts what a regular expression costs: a backtracking matcher that does as `re` does, and counts its steps.

Time says little on a busy machine, and `re` doesn't tell what it does. This matcher works on the tree that `re` itself
makes of a pattern, tries alternatives in the same order, and gives up after a bound. A step is one look at a character or
one try of a branch.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from re import _constants as ops  # type: ignore[attr-defined]  # isort: skip
from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

Next = Callable[[int], bool]
Node = Callable[[int, Next], bool]
Test = Callable[[str], bool]

_RECURSION: Final = 100_000
_SINGLE: Final = (ops.LITERAL, ops.NOT_LITERAL, ops.IN, ops.ANY)
_CATEGORIES: Final[dict[Any, Test]] = {
    ops.CATEGORY_DIGIT: str.isdecimal,
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
}
_NOT: Final = {
    ops.CATEGORY_NOT_DIGIT: ops.CATEGORY_DIGIT,
    ops.CATEGORY_NOT_SPACE: ops.CATEGORY_SPACE,
    ops.CATEGORY_NOT_WORD: ops.CATEGORY_WORD,
}


class TooManyStepsError(Exception):
    """The pattern took more steps than were allowed."""


class Counter:
    """One pattern, and the steps that it has taken so far."""

    def __init__(self, pattern: str, flags: int = 0, at_most: int = 2_000_000) -> None:
        self._tree = parser.parse(pattern, flags)
        self._flags = self._tree.state.flags
        self._at_most = at_most
        self._text = ""
        self._groups: dict[int, tuple[int, int]] = {}
        self._match = self._sequence(self._tree)
        self.steps = 0

    def fullmatch(self, text: str) -> tuple[int, int] | None:
        """Return the span of the match, as `re.fullmatch` would find it."""
        return self._at(text, 0, lambda end: end == len(text))

    def match(self, text: str) -> tuple[int, int] | None:
        """Return the span of the match at the beginning, as `re.match` would find it."""
        return self._at(text, 0, lambda _end: True)

    def finditer(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of all matches, as `re.finditer` would find them."""
        found: list[tuple[int, int]] = []
        start = 0
        while start <= len(text):
            span = self._at(text, start, lambda _end: True)
            if span is None or (found and span == found[-1]):
                start += 1
                continue
            found.append(span)
            start = span[1] + (span[1] == span[0])
        return found

    def _at(self, text: str, start: int, accepts: Next) -> tuple[int, int] | None:
        self._text, self._groups = text, {}
        end = -1

        def done(at: int) -> bool:
            nonlocal end
            end = at
            return accepts(at)

        with _deep():
            return (start, end) if self._match(start, done) else None

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self._at_most:
            raise TooManyStepsError

    # --- From the tree of `re` to functions ---------------------------------------------------------------------

    def _sequence(self, items: Any) -> Node:
        nodes = [self._node(op, argument) for op, argument in items]

        def run(at: int, then: Next, index: int = 0) -> bool:
            if index == len(nodes):
                return then(at)
            return nodes[index](at, lambda end: run(end, then, index + 1))

        return run

    def _node(self, op: Any, argument: Any) -> Node:
        if op in _SINGLE:
            return partial(self._one, self._test(op, argument))
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            return self._repeat(op, *argument)
        makers: dict[Any, Callable[[Any], Node]] = {
            ops.BRANCH: lambda argument: partial(self._branch, [self._sequence(each) for each in argument[1]]),
            ops.SUBPATTERN: lambda argument: partial(self._group, argument[0], self._sequence(argument[3])),
            ops.ATOMIC_GROUP: lambda argument: partial(self._atomic, self._sequence(argument)),
            ops.AT: lambda argument: partial(self._position, argument),
            ops.ASSERT: lambda argument: partial(self._look, True, *self._around(argument)),
            ops.ASSERT_NOT: lambda argument: partial(self._look, False, *self._around(argument)),
            ops.GROUPREF: lambda argument: partial(self._again, argument),
        }
        return makers[op](argument)

    def _around(self, argument: Any) -> tuple[int, Node]:
        direction, items = argument
        return (items.getwidth()[0] if direction < 0 else 0), self._sequence(items)

    def _test(self, op: Any, argument: Any) -> Test:
        if op is ops.ANY:
            return lambda char: char != "\n" or bool(self._flags & re.DOTALL)
        if op is ops.LITERAL:
            return self._same(argument)
        if op is ops.NOT_LITERAL:
            same = self._same(argument)
            return lambda char: not same(char)
        is_negated = argument[0][0] is ops.NEGATE
        tests = [self._in(kind, value) for kind, value in argument[is_negated:]]
        return lambda char: any(test(char) for test in tests) != is_negated

    def _same(self, code: int) -> Test:
        wanted = chr(code)
        if self._flags & re.IGNORECASE:
            return lambda char: char.lower() == wanted.lower()
        return lambda char: char == wanted

    def _in(self, kind: Any, value: Any) -> Test:
        if kind is ops.LITERAL:
            return self._same(value)
        if kind is ops.RANGE:
            first, last = value
            folds = bool(self._flags & re.IGNORECASE)
            return lambda char: any(
                first <= ord(each) <= last for each in ({char, char.swapcase()[0]} if folds else char)
            )
        is_not, name = value in _NOT, _NOT.get(value, value)
        has = _CATEGORIES[name]
        only_ascii = bool(self._flags & re.ASCII)
        return lambda char: (has(char) and (char.isascii() or not only_ascii)) != is_not

    # --- What each kind of node does ----------------------------------------------------------------------------

    def _one(self, test: Test, at: int, then: Next) -> bool:
        self._step()
        return at < len(self._text) and test(self._text[at]) and then(at + 1)

    def _branch(self, branches: list[Node], at: int, then: Next) -> bool:
        for branch in branches:
            self._step()
            if branch(at, then):
                return True
        return False

    def _group(self, number: int | None, inner: Node, at: int, then: Next) -> bool:
        def ended(end: int) -> bool:
            before = self._groups.get(number or 0)
            if number is not None:
                self._groups[number] = (at, end)
            if then(end):
                return True
            if number is not None and before is not None:
                self._groups[number] = before
            return False

        return inner(at, ended)

    def _atomic(self, inner: Node, at: int, then: Next) -> bool:
        ends: list[int] = []
        return inner(at, lambda end: not ends.append(end)) and then(ends[-1])  # type: ignore[func-returns-value]

    def _look(self, wanted: bool, width: int, inner: Node, at: int, then: Next) -> bool:
        self._step()
        found = at >= width and inner(at - width, lambda _end: True)
        return found == wanted and then(at)

    def _again(self, number: int, at: int, then: Next) -> bool:
        self._step()
        start, end = self._groups[number]
        said = self._text[start:end]
        return self._text.startswith(said, at) and then(at + len(said))

    def _position(self, where: Any, at: int, then: Next) -> bool:
        self._step()
        text, is_multiline = self._text, bool(self._flags & re.MULTILINE)
        if where in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING):
            holds = at == 0 or (is_multiline and where is ops.AT_BEGINNING and text[at - 1] == "\n")
        elif where in (ops.AT_END, ops.AT_END_STRING):
            holds = at == len(text) or (
                where is ops.AT_END and (is_multiline or at == len(text) - 1) and text[at] == "\n"
            )
        else:
            is_word = _CATEGORIES[ops.CATEGORY_WORD]
            edge = (at > 0 and is_word(text[at - 1])) != (at < len(text) and is_word(text[at]))
            holds = edge == (where is ops.AT_BOUNDARY)
        return holds and then(at)

    def _repeat(self, op: Any, low: int, high: Any, items: Any) -> Node:
        most = sys.maxsize if high is ops.MAXREPEAT else int(high)
        if len(items) == 1 and items[0][0] in _SINGLE:
            repeat: Node = partial(self._run_of, self._test(*items[0]), low, most, op is ops.MIN_REPEAT)
        else:
            repeat = partial(self._times, self._sequence(items), low, most, op is ops.MIN_REPEAT)
        return partial(self._atomic, repeat) if op is ops.POSSESSIVE_REPEAT else repeat

    def _run_of(self, test: Test, low: int, most: int, is_lazy: bool, at: int, then: Next) -> bool:
        """Repeat one character: as far as it goes and then back, or as little as it takes."""
        end = at
        while is_lazy and end - at >= low and not then(end):
            if not self._goes_on(test, end, at + most):
                return False
            end += 1
        if is_lazy and end - at >= low:
            return True
        goal = at + (low if is_lazy else most)
        while self._goes_on(test, end, goal):
            end += 1
        if is_lazy:
            return end == goal and self._run_of(test, 0, most - low, is_lazy, end, then)
        while end - at >= low:
            self._step()
            if then(end):
                return True
            end -= 1
        return False

    def _goes_on(self, test: Test, at: int, goal: int) -> bool:
        self._step()
        return at < min(goal, len(self._text)) and test(self._text[at])

    def _times(self, inner: Node, low: int, most: int, is_lazy: bool, at: int, then: Next, count: int = 0) -> bool:
        self._step()

        def again(end: int) -> bool:
            if end == at and count >= low:
                return False  # nothing was read: it would go on like that forever
            return self._times(inner, low, most, is_lazy, end, then, count + 1)

        may_end = count >= low
        if may_end and is_lazy and then(at):
            return True
        if count < most and inner(at, again):
            return True
        return may_end and not is_lazy and then(at)


@contextmanager
def _deep() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_RECURSION)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
