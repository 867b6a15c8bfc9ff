"""A clock that a test turns by hand, in place of `time` in a module under test."""

from types import ModuleType

import pytest


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


def clock_in(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> Clock:
    clock = Clock()
    for module in modules:
        monkeypatch.setattr(module, "time", clock)
    return clock
