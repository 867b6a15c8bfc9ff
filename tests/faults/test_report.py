"""The table counts what happened in each fault, and nothing twice."""

from typing import Any

import pytest

from bench.places import filled
from tests.faults.checker import check
from tests.faults.history import Closed, FaultBegan, History, Joined, Memory
from tests.faults.page import KIND, PAGE
from tests.faults.report import lines_of, table
from tests.faults.rules.absence import absences
from tests.faults.scene import PROFILES
from tests.faults.test_checker import MB, good_story


def test_each_write_and_finding_belongs_to_the_fault_in_which_it_was_begun() -> None:
    story = good_story()
    story.add(FaultBegan, fault="another", number=2)
    story.add(Memory, process="server", bytes=120 * MB)
    story.ask("third")
    story.respond("third", 3)
    history = story.end()
    quiet, first, second = lines_of(history, check(history))
    assert (quiet.fault, quiet.tried, quiet.confirmed) == ("(no fault)", 1, 1)
    assert (first.fault, first.times, first.tried, first.confirmed) == ("a fault", 1, 2, 2)
    assert (second.fault, second.tried, second.confirmed, second.memory) == ("another", 1, 1, 120 * MB)
    assert second.found["lost"] == 1 and not first.found["lost"]


def test_an_absence_lasts_until_the_tab_is_in_a_room_again() -> None:
    joined: dict[str, Any] = {"sent": 0.0, "tab": "bob", "room": "room", "change": 0, "reset": False, "rows": []}
    closed = [Closed(t=t, tab="bob", connection=1, code=1006) for t in (2.0, 3.0)]
    records = [Joined(t=1.0, connection=1, **joined), *closed, Joined(t=5.5, connection=2, **joined)]
    assert absences(History(records)) == [("bob", 2.0, 3.5)]


def test_the_table_has_a_line_for_each_fault_and_one_for_all() -> None:
    history = good_story().end()
    drawn = table(history, check(history)).splitlines()
    assert [line.split("|")[1].strip() for line in drawn[4:]] == ["(no fault)", "a fault", "all"]
    assert len({len(line) for line in drawn[2:]}) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_has_a_place_for_each_profile_and_keeps_the_rest(profile: str) -> None:
    text = PAGE.read_text()
    shown = filled(text, profile, "a table of this run", KIND)
    assert shown.count("a table of this run") == 1
    assert filled(shown, profile, "another", KIND) == filled(text, profile, "another", KIND)
    (other,) = set(PROFILES) - {profile}
    assert filled(shown, other, "x", KIND).count("a table of this run") == 1


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="faults:begin one"):
        filled("no markers here", "one", "a table", KIND)
