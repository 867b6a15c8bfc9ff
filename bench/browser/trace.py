"""Reads Chromium's trace: how long keys took to show, and what kept the page's thread busy. Pure.

Times of a trace are microseconds of one clock; ours are milliseconds.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

# `EventTiming` is in the first, the scheduler's tasks in the second.
CATEGORIES: Final = ("devtools.timeline", "disabled-by-default-devtools.timeline")
LONG_TASK_MS: Final = 50.0
_CAUSES_SHOWN: Final = 3

Event = dict[str, Any]


class Task(NamedTuple):
    """A stretch in which the page's thread did nothing else. ms: by the clock; cpu_ms: of the processor's time.

    causes: what it did, the longest first, each with its own milliseconds, without those of what it called.
    """

    ms: float
    cpu_ms: float
    causes: list[tuple[str, float]]

    def __str__(self) -> str:
        causes = ", ".join(f"{cause} {ms:.0f} ms" for cause, ms in self.causes[:_CAUSES_SHOWN])
        return f"{self.ms:.0f} ms ({self.cpu_ms:.0f} ms of processor time): {causes}"


class Trace:
    """What one recording says of the page of this origin. Raises ValueError when there is none page, or no task."""

    def __init__(self, data: bytes | str, origin: str) -> None:
        events: list[Event] = json.loads(data)["traceEvents"]
        thread = _page_thread(events, origin)
        self._events = [event for event in events if (event["pid"], event["tid"]) == thread]
        self._whole = sorted((event for event in self._events if event["ph"] == "X" and "dur" in event), key=_begin)
        self._runs = [event for event in self._whole if event["name"] == "RunTask"]
        self._runs.sort(key=lambda event: -event["dur"])
        if not self._runs:
            raise ValueError("the trace holds no tasks: the category that has them was not recorded")

    def keystrokes_ms(self) -> list[float]:
        """Return for each key pressed the time from the event's creation to the presentation of the next frame."""
        found = [
            float(_data_of(event)["duration"])
            for event in self._events
            if event["name"] == "EventTiming" and event["ph"] == "b" and _data_of(event).get("type") == "keydown"
        ]
        return sorted(found)

    def long_tasks(self) -> list[Task]:
        """Return the tasks above the limit, the longest first."""
        return [self._task(event) for event in self._runs if event["dur"] / 1000 > LONG_TASK_MS]

    def longest_task(self) -> Task:
        return self._task(self._runs[0])

    def _task(self, event: Event) -> Task:
        return Task(event["dur"] / 1000, event.get("tdur", 0) / 1000, causes_of(_inside(event, self._whole)))


def causes_of(events: Sequence[Event]) -> list[tuple[str, float]]:
    """Return what these events, all of one thread, did: name and own milliseconds, summed by name, the longest first."""
    own: Counter[str] = Counter()
    open_: list[tuple[float, str]] = []  # end and name of what is running, the innermost last
    for event in sorted(events, key=lambda event: (event["ts"], -event["dur"])):
        duration = event["dur"]
        while open_ and open_[-1][0] <= event["ts"]:
            open_.pop()
        if open_:
            own[open_[-1][1]] -= duration
        name = name_of(event)
        own[name] += duration
        open_.append((event["ts"] + duration, name))
    return [(name, duration / 1000) for name, duration in own.most_common() if duration > 0]


def name_of(event: Event) -> str:
    """Return what a reader calls an event: for a script's call, its function and file."""
    data = _data_of(event)
    if event["name"] in ("FunctionCall", "EvaluateScript", "v8.compileModule", "v8.evaluateModule"):
        file = str(data.get("url") or data.get("fileName") or "").rpartition("/")[2].partition("?")[0]
        return " ".join(filter(None, (data.get("functionName") or event["name"], file)))
    if event["name"] == "EventDispatch":
        return f"event {data.get('type', '')}".strip()
    return str(event["name"])


def _begin(event: Event) -> float:
    return float(event["ts"])


def _inside(task: Event, events: Sequence[Event]) -> Sequence[Event]:
    """Return those of the events, sorted by their beginnings, that began while the task ran: no two tasks overlap."""
    return events[
        bisect_left(events, task["ts"], key=_begin) : bisect_left(events, task["ts"] + task["dur"], key=_begin)
    ]


def _page_thread(events: Sequence[Event], origin: str) -> tuple[int, int]:
    """Return process and thread of the page. The browser's own pages (its address bar is one) are in the trace, too."""
    ours = Counter(
        (event["pid"], event["tid"]) for event in events if str(_data_of(event).get("url", "")).startswith(origin + "/")
    )
    if not ours:
        raise ValueError(f"the trace holds no page of {origin}")
    return ours.most_common(1)[0][0]


def _data_of(event: Event) -> dict[str, Any]:
    """Return what an event says of itself. Some events say it in words, which is none of it."""
    data = event.get("args", {}).get("data")
    return data if isinstance(data, dict) else {}
