"""The arithmetic of docs/scaling.md against the real hubs, feeds and presence of a simulated cluster."""

import dataclasses
import re
from typing import Final

import pytest

from bench.simulation import arithmetic, upheavals
from bench.simulation.arithmetic import Load, predict, processes_reached
from bench.simulation.compare import disagreements
from bench.simulation.examples import EXAMPLES, worked_examples
from bench.simulation.redis import Weather
from bench.simulation.run import Counted, simulate
from tests.docs.settings_read import REPOSITORY

SMALL: Final = Load(
    processes=10, people=96, rooms_per_person=5, people_per_room=8, replies=6, reply_seconds=0.25, deltas=8, tab_seconds=16
)  # fmt: skip
SECONDS: Final = 6
# A small cluster for a few seconds is at the mercy of chance; the command's own cluster is held to 5 %.
TOLERANCE: Final = 0.15


@pytest.fixture(scope="module")
def counted() -> Counted:
    return simulate(SMALL, SECONDS)


def test_the_arithmetic_agrees_with_what_the_real_code_sends(counted: Counted) -> None:
    assert disagreements(predict(SMALL), counted.figures, TOLERANCE) == []


def test_every_tab_of_the_cluster_gets_every_durable_event_once_and_in_order(counted: Counted) -> None:
    assert (counted.lost, counted.out_of_order) == (0, 0)


def test_a_wrong_formula_is_caught(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if an event went only to one process for each tab that has the room open."""
    monkeypatch.setattr(arithmetic, "processes_reached", lambda processes, tabs: min(processes, tabs) / 2)
    assert "deliveries by Redis/s" in disagreements(predict(SMALL), counted.figures, TOLERANCE)


def test_a_wrong_overhead_is_caught(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "EVENT_ENVELOPE_BYTES", 259)
    assert "bytes out of Redis/s" in disagreements(predict(SMALL), counted.figures, TOLERANCE)


def test_a_figure_that_one_side_lacks_is_a_disagreement() -> None:
    assert disagreements({"a": 1.0}, {"a": 1.0, "b": 2.0}) == ["b"]


def test_hints_that_are_lost_and_doubled_cost_no_tab_a_message() -> None:
    load = dataclasses.replace(SMALL, processes=6, people=48, messages_per_person_minute=20)
    stormy = simulate(load, SECONDS, Weather(loss=0.1, double=0.1), redis_hosts=2)
    assert stormy.repairs > 0
    assert (stormy.lost, stormy.out_of_order) == (0, 0)
    assert all(stormy.by_server)


def test_after_an_outage_each_process_asks_each_other_once_and_alone_gets_the_response() -> None:
    load = dataclasses.replace(SMALL, processes=6, people=24, people_per_room=4)
    counted = upheavals.count(load, upheavals.redis_was_away)
    questions = responses = 6 * 5
    beats = 3 * 6
    assert counted["publishes"] <= questions + responses + beats
    assert counted["deliveries"] <= questions + responses + beats * 6


def test_a_room_reaches_no_more_processes_than_there_are_tabs_or_processes() -> None:
    assert processes_reached(1, 5) == 1
    assert processes_reached(100, 1) == pytest.approx(1)
    assert processes_reached(100, 10_000) == pytest.approx(100)


def test_the_worked_examples_of_the_document_are_what_the_arithmetic_gives() -> None:
    document = (REPOSITORY / "docs/scaling.md").read_text()
    found = re.search(r"<!-- worked examples -->\n(.*?)\n<!-- end -->", document, re.DOTALL)
    assert found is not None
    assert found[1] == worked_examples(EXAMPLES)
