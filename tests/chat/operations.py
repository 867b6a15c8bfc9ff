"""Counts what a function does, in operations and not in time: the lines of Python that run.

Functions written in C run within a line. Of those that can take longer than the length of what they are given, the program
uses regular expressions, which are tried in tests/regular_expressions.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


def operations(function: Callable[[T], Any], argument: T) -> int:
    """Return how many lines ran, in every function that was called. The first call is not counted: it fills caches."""
    function(argument)
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(argument)
    finally:
        sys.settrace(before)
    return count
