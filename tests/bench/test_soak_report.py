"""What a soak found reaches the page as facts, and its findings are judged."""

from bench import report
from bench.cases.soak import loud_lines, slope_row
from bench.measure import Row

COMMIT = report.Run("today", "abc", {}, {}, [])


def test_facts_stand_one_below_the_other_to_the_last_one_counted() -> None:
    rows = [
        Row("soak", "messages", "Parley", [35_871.0], ""),
        Row("soak", "lost", "Parley", [1.0], "", target="0", is_met=False),
        Row("soak", "slope", "Parley", [-3.14159], "MB/hour", "by least squares", target="< 10 MB/hour", is_met=True),
    ]
    assert report.section("Soak", rows, COMMIT, None).splitlines() == [
        "| what | measured | target | met |",
        "| --- | --- | --- | --- |",
        "| messages | 35,871 |  |  |",
        "| lost | 1 | 0 | **no** |",
        "| slope | -3.14 MB/hour | < 10 MB/hour | yes |",
        "",
        "- Parley: by least squares.",
        "",
        "1 round, today, abc.",
    ]


def test_loud_lines_of_a_log_are_warnings_and_errors_and_whatever_is_no_line_of_a_log() -> None:
    quiet, loud = '{"level": "info", "event": "opened"}', '{"level": "warning", "event": "slow"}'
    assert loud_lines(f"{quiet}\n{loud}\n\nTraceback (most recent call last):\n") == [
        loud,
        "Traceback (most recent call last):",
    ]


def test_a_slope_is_judged_after_a_whole_soak_only() -> None:
    assert [slope_row(1_800.4, slope, "").is_met for slope in (9.9, 10.1)] == [True, False]
    assert (slope_row(60.0, 200.0, "").is_met, slope_row(60.0, 200.0, "").target) == (None, "")
