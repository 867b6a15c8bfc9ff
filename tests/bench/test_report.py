"""What was measured reaches the pages: all of it, in its place, and not better than it was."""

import re
from pathlib import Path
from typing import Any

import pytest

from bench import report
from bench.cases import processes
from bench.figures import number, ratio_spread, times
from bench.measure import Row
from bench.pictures import by_unit, needs_log
from bench.places import commit_of, filled

OPENING = """# Performance

<!-- bench:begin highlights -->
<!-- bench:end highlights -->

More words.
"""

PAGE = """# Tables

<!-- bench:begin summary -->
<!-- bench:end summary -->

Words before.

<!-- bench:begin fanout -->
Not measured yet.
<!-- bench:end fanout -->

<!-- bench:begin idle -->
Not measured yet.
<!-- bench:end idle -->

Words after.
"""


def row(server: str = "Parley", *values: float, **fields: Any) -> Row:
    return Row(
        **{"case": "fanout", "what": "typing", "server": server, "values": values, "unit": "deliveries/s", **fields}
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with both pages, and without matplotlib: nothing is drawn."""
    (tmp_path / "docs").mkdir()
    (tmp_path / report.PAGE).write_text(OPENING)
    (tmp_path / report.TABLES).write_text(PAGE)
    monkeypatch.setattr("bench.pictures.draw", lambda title, rows, path: False)
    return tmp_path


def page(project: Path) -> str:
    return (project / report.TABLES).read_text()


def place(project: Path, name: str) -> str:
    found = re.search(f"bench:begin {name} -->(.*)<!-- bench:end {name} -->", page(project), re.DOTALL)
    assert found
    return found[1]


def test_the_tables_have_a_place_under_a_heading_for_the_summary_and_for_every_case() -> None:
    text = (report.REPOSITORY / report.TABLES).read_text()
    for name in ("summary", *report.CASES):
        filled(text, name, "")
    assert set(report.CASES.values()) <= set(re.findall(r"^#+ (.+)$", text, re.MULTILINE))


def test_a_case_that_did_not_run_keeps_its_figures_and_the_text_around_stays(project: Path) -> None:
    report.write(
        [row("Parley", 100.0), row(case="idle", values=[4.0], unit="%", target="< 5 %", is_met=True)], {}, project
    )
    idle = place(project, "idle")
    report.write([row("Parley", 200.0, target=">= 300", is_met=False)], {}, project)
    assert place(project, "idle") == idle
    assert "200" in place(project, "fanout")
    assert "100" not in place(project, "fanout")
    assert page(project).endswith("<!-- bench:end idle -->\n\nWords after.\n")
    assert "Words before." in page(project)
    assert "1 of 2 targets are met." in place(project, "summary")
    assert "| [Idle connections](#idle-connections) | typing | < 5 % | 4 % | yes |" in place(project, "summary")


def test_the_page_opens_with_ten_figures_that_are_all_measured() -> None:
    text = (report.REPOSITORY / report.PAGE).read_text()
    assert text == filled(text, "highlights", report.highlights(report.load()))
    assert len(report.HIGHLIGHTS) == 10
    assert "not measured" not in report.highlights(report.load())
    assert len(text.partition("<!-- bench:begin highlights -->")[0].splitlines()) <= 12


def test_the_ten_figures_lead_to_the_tables_and_follow_what_is_measured(project: Path) -> None:
    report.write([row("Parley", 300.0, what="typing, W = 16")], {}, project)
    opening = (project / report.PAGE).read_text()
    assert "16 in flight | 300 deliveries/s | [Fan-out](performance-tables.md#fan-out) |" in opening
    assert opening.count("not measured") == 9
    assert opening.endswith("More words.\n")


def test_two_processes_are_compared_by_their_processor_time_for_each_delivery() -> None:
    found = processes.compared(
        {"typing": [1.0, 2.0], "messages": [1.0, 1.0]}, {"typing": [3.0, 4.0], "messages": [1.1, 1.1]}
    )
    units_and_targets = [("µs", None), ("µs", None), ("x", False), ("µs", None), ("µs", None), ("x", True)]
    assert [(each.unit, each.is_met) for each in found] == units_and_targets
    assert list(found[2].values) == [3.0, 2.0]


def test_writing_the_same_again_changes_nothing(project: Path) -> None:
    report.write([row("Parley", 100.0, 110.0, target=">= 90", is_met=True)], {"processor": "fast"}, project)
    before = page(project)
    report.show(report.load(project), ["fanout"], project)
    assert page(project) == before


def test_kept_results_are_read_back_as_they_were_written(project: Path) -> None:
    rows = [row("Parley", 1.5, 2.5, note="pinned", target=">= 1", is_met=True, ratio=1.5, is_better_low=True)]
    report.write(rows, {"processor": "fast", "commit": "abc"}, project)
    [run] = report.load(project)
    assert [vars(kept) | {"values": tuple(kept.values)} for kept in run.rows] == [vars(rows[0])]
    assert run.machine == {"processor": "fast"}
    assert "uvicorn" in run.packages


def test_of_kept_runs_only_what_was_not_measured_anew_is_left() -> None:
    def run(date: str, *cases: str) -> report.Run:
        return report.Run(date, "abc", {}, {}, [row(case=case, values=[1.0]) for case in cases])

    merged = report.merge(run("third", "idle"), [run("second", "fanout", "idle"), run("first", "idle")])
    assert [(kept.date, kept.cases()) for kept in merged] == [("third", {"idle"}), ("second", {"fanout"})]


def test_a_page_without_a_place_is_told_and_the_results_are_kept(project: Path) -> None:
    with pytest.raises(ValueError, match="exactly one place between <!-- bench:begin tables -->"):
        report.write([row(case="tables", values=[1.0])], {}, project)
    assert report.load(project)[0].cases() == {"tables"}
    assert page(project) == PAGE


@pytest.mark.parametrize("spoiled", [PAGE.replace("<!-- bench:end fanout -->", ""), PAGE + PAGE])
def test_a_place_without_end_or_twice_is_refused(spoiled: str) -> None:
    with pytest.raises(ValueError, match="fanout"):
        filled(spoiled, "fanout", "new")


def test_what_was_measured_in_an_unpacked_archive_names_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == "unknown"


def test_a_comparison_stands_in_the_row_of_its_peer() -> None:
    rows = [
        row("Parley", 90.0),
        row("Peer", 100.0),
        row("Slow", 10.0),
        row(what="typing, against Peer", values=[0.9], unit="x", target=">= 1", is_met=False, ratio=0.9),
    ]
    assert report.table(rows).splitlines()[2:] == [
        "| typing | Parley | 90 |  |  |  |",
        "|  | Peer | 100 | 0.900 x | >= 1 | **no** |",
        "|  | Slow | 10 | 9.00 x |  |  |",
    ]


def test_a_comparison_without_a_peer_in_the_table_has_a_row_of_its_own() -> None:
    two = row(what="two against one", values=[1.6, 1.8], unit="x", target=">= 1.7", is_met=True, ratio=1.7)
    last = report.table([row("Parley", 100.0), two]).splitlines()[-1]
    assert last == "| two against one | Parley |  | 1.70 x (1.60 to 1.80) | >= 1.7 | yes |"


def test_servers_measured_one_after_the_other_are_listed_quantity_by_quantity() -> None:
    rows = [row(server, 1.0, what=what) for server in ("Parley", "Peer") for what in ("W = 1", "W = 4")]
    cells = [line.split(" | ")[:2] for line in report.table(rows).splitlines()[2:]]
    assert cells == [["| W = 1", "Parley"], ["| ", "Peer"], ["| W = 4", "Parley"], ["| ", "Peer"]]


def test_different_units_stand_behind_their_figures() -> None:
    table = report.table([row("Parley", 3.0, unit="ms"), row("Parley", 2.0, what="size", unit="MB")])
    assert "median (min to max) |" in table
    assert "| 3 ms |" in table
    assert "| 2 MB |" in table


def test_with_two_of_ours_there_is_no_ratio_to_guess() -> None:
    assert " x |" not in report.table([row("Parley, SQLite", 2.0), row("Parley, PostgreSQL", 1.0), row("Peer", 1.0)])


def test_what_could_not_be_measured_says_so() -> None:
    rows = [row("Parley", target="< 5")]
    assert "| not measured |  | < 5 | not measured |" in report.table(rows)
    assert "| < 5 | not measured | not measured |" in report.summary([report.Run("now", "abc", {}, {}, rows)])


def test_a_note_is_told_once_for_all_whom_it_concerns() -> None:
    rows = [
        row("A", 1.0, note="stores nothing"),
        row("A", 2.0, note="stores nothing"),
        row("B", 1.0, note="stores nothing."),
    ]
    assert report.notes(rows) == ["- A; B: stores nothing."]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (4, "4"), (999, "999"), (21.46, "21.5"), (1.0049, "1.00"), (0.01234, "0.0123"), (9.999, "10.0"),
        (126_432, "126,000"), (999_960, "1,000,000"), (2_412, "2,410"), (-3.14159, "-3.14"),
    ],
)  # fmt: skip
def test_a_figure_has_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.7996, "0.799 x"), (0.9999, "0.999 x"), (1.0, "1.00 x"), (0.29, "0.290 x"), (0.7, "0.700 x"), (24.96, "24.9 x"),
     (245.7, "245 x"), (2_450.7, "2,450 x"), (None, ""), (float("inf"), "")],
)  # fmt: skip
def test_a_ratio_is_cut_off_so_that_a_missed_target_does_not_read_as_reached(ratio: float | None, text: str) -> None:
    assert times(ratio) == text


def test_a_comparison_shows_the_ratio_of_the_medians_and_the_span_of_the_rounds() -> None:
    assert ratio_spread(row("Parley", 0.9, 1.3, unit="x", ratio=1.05)) == "1.05 x (0.900 to 1.30)"
    assert ratio_spread(row("Parley", 1.5, 1.7, 1.6, unit="x")) == "1.60 x (1.50 to 1.70)"  # of rounds alone
    assert ratio_spread(row("Parley", unit="x")) == "not measured"


def test_bars_share_a_scale_only_with_bars_of_their_unit_and_a_wide_span_is_drawn_logarithmically() -> None:
    small, large, other = row("A", 1.0), row("B", 31.0), row("C", 5.0, unit="ms")
    assert by_unit([small, other, large]) == [[small, large], [other]]
    assert needs_log([small, large])
    assert not needs_log([small, row("B", 30.0)])
    assert not needs_log([row("A", 0.0), large])  # a logarithmic scale has no zero
