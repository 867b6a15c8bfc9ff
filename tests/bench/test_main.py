"""The benchmarks' command keeps what it has measured, whatever becomes of the rest."""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import pytest

from bench import __main__ as command
from bench import machine, report
from bench.measure import Row
from bench.plan import Bench

A_ROW = Row("start", "start to first response", "Parley", [1.0], "s")


def works(_bench: Bench) -> list[Row]:
    return [A_ROW]


def fails(_bench: Bench) -> list[Row]:
    raise RuntimeError("the server did not start")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """What was written; `start` can be measured, `latency` cannot."""
    written: list[Row] = []

    def write(rows: Sequence[Row], _facts: Mapping[str, str]) -> None:
        written.extend(rows)

    cases = {"bench.cases.start": works, "bench.cases.latency": fails}
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace(run=cases[name]))
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None)  # the tests after this one need all cores
    monkeypatch.setattr(machine, "is_quiet", lambda: True)
    monkeypatch.setattr(report, "check", lambda: None)
    monkeypatch.setattr(report, "write", write)
    return written


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    command.main()


def test_a_case_that_fails_does_not_cost_those_before_it(kept: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        run(monkeypatch, "--only", "start,latency")
    assert kept == [A_ROW]


def test_where_nothing_was_measured_nothing_is_written(kept: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "--only", "start", "--quick")
    with pytest.raises(RuntimeError, match="did not start"):
        run(monkeypatch, "--only", "latency,start")
    assert kept == []


def test_a_case_that_is_not_there_is_named(kept: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="no benchmark nowhere"):
        run(monkeypatch, "--only", "nowhere")
