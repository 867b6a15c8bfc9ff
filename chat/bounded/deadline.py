"""Ends a function that has used its processor time. No Django: the child processes import this."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

# It rings again: library code may catch the first exception.
_AGAIN_SECONDS: Final = 0.05


class TooSlow(BaseException):
    """Raised where the work stands. Not an Exception: libraries catch those."""


def _ring(*_: Any) -> None:
    raise TooSlow


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TooSlow in the block once it has used so much processor time. On the main thread only.

    Python code and regular expressions are interrupted; a loop in other C code isn't: `or_die_within` ends that.
    """
    signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@contextmanager
def or_die_within(seconds: float) -> Iterator[None]:
    """Have the kernel kill this process if the block uses so much processor time, whatever code it is in.

    It counts processor time, so that a busy machine kills no one's work; and it needs no parent that is alive.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
