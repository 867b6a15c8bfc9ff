"""What the browser benchmark reads from Chromium's trace."""

import json
from typing import Any

import pytest

from bench.browser.trace import Trace, causes_of
from bench.cases.browser import quantile

ORIGIN = "http://127.0.0.1:8000"
PAGE = (7, 1)


def whole(name: str, at: int, dur: int, thread: tuple[int, int] = PAGE, **data: Any) -> dict[str, Any]:
    """An event from its beginning to its end, in microseconds."""
    event = {"name": name, "ph": "X", "pid": thread[0], "tid": thread[1], "ts": at, "dur": dur, "tdur": dur // 2}
    return event | {"args": {"data": data}}


def key(kind: str, ms: float, thread: tuple[int, int] = PAGE) -> dict[str, Any]:
    data = {"type": kind, "duration": ms}
    return {"name": "EventTiming", "ph": "b", "pid": thread[0], "tid": thread[1], "ts": 1, "args": {"data": data}}


def trace(*events: dict[str, Any]) -> Trace:
    ours = whole("FunctionCall", 0, 1, url=f"{ORIGIN}/static/app.js", functionName="start")
    return Trace(json.dumps({"traceEvents": [ours, *events]}), ORIGIN)


def test_only_the_page_counts_and_only_keys_going_down() -> None:
    address_bar = (8, 1)
    found = trace(
        key("keydown", 20.5),
        key("keyup", 3),
        key("keydown", 10.25),
        key("keydown", 99, address_bar),
        whole("RunTask", 10, 900_000, address_bar),
        whole("RunTask", 10, 60_000),
        {"name": "EventTiming", "ph": "e", "pid": 7, "tid": 1, "ts": 2, "args": {}},
        {"name": "Log", "ph": "I", "pid": 7, "tid": 1, "ts": 2, "args": {"data": "words"}},
    )
    assert found.keystrokes_ms() == [10.25, 20.5]
    longest = found.longest_task()
    assert (longest.ms, longest.cpu_ms) == (60, 30)


def test_a_trace_without_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match="no page"):
        Trace(json.dumps({"traceEvents": [whole("FunctionCall", 0, 1, url="chrome://bar/")]}), ORIGIN)
    with pytest.raises(ValueError, match="no tasks"):
        trace()


def test_a_long_task_names_what_it_spent_its_own_time_on() -> None:
    found = trace(
        whole("RunTask", 100, 80_000),
        whole("FunctionCall", 200, 70_000, url=f"{ORIGIN}/static/js/room.abc.js?x=1", functionName="draw"),
        whole("Layout", 300, 50_000),
        whole("RunTask", 80_100, 50_000),
        whole("Layout", 80_200, 30_000),
    )
    (task,) = found.long_tasks()
    assert (task.ms, task.cpu_ms) == (80, 40)
    assert task.causes == [("Layout", 50), ("draw room.abc.js", 20), ("RunTask", 10)]


def test_causes_of_one_name_are_summed() -> None:
    events = [whole("RunTask", 0, 10_000), whole("Layout", 0, 2_000), whole("Layout", 2_000, 3_000)]
    assert causes_of(events) == [("RunTask", 5), ("Layout", 5)]


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.95), quantile([4.0], 0.95)) == (50, 95, 4)
    with pytest.raises(ValueError, match="no key"):
        quantile([], 0.5)
