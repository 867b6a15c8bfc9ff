"""`make test` tells the truth about its stages."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accounts.models import User
from tests import run
from tests.children import end
from tests.conftest import uses_database


def stage(*lines: str, code: int = 0) -> list[str]:
    """A command that prints these lines and ends with this code."""
    return [sys.executable, "-c", f"import sys; print({chr(10).join(lines)!r}); sys.exit({code})"]


def test_the_closing_line_of_a_stage_is_kept(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    command = stage("..F", "=== 2 passed in 0.1s ===", "=== \x1b[31m1 failed\x1b[0m, 2 passed in 0.12s ===")
    assert run.run(command) == (0, "1 failed, 2 passed in 0.12s")


def test_a_stage_that_ends_without_a_closing_line_is_no_success(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code, closing = run.run(stage("Killed", code=137))
    assert code == 137
    assert closing == "did not get as far as running tests"


def test_a_stage_that_says_nothing_any_more_is_stopped_and_failed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    hangs = [sys.executable, "-c", "import time; print('..', flush=True); time.sleep(60)"]
    code, closing = run.run(hangs, silence_seconds=1)
    assert code != 0
    assert closing == "was stopped: it said nothing for 1 s"


def test_a_stage_has_ended_though_what_it_left_behind_keeps_its_output_open(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    leaves = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])"
    started = time.monotonic()
    assert run.run([sys.executable, "-c", f"{leaves}; print('= 1 passed in 1s =')"]) == (0, "1 passed in 1s")
    assert time.monotonic() - started < 15


def test_what_does_not_heed_an_interruption_is_killed() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    end(process, seconds=1)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL


def test_one_failed_stage_fails_the_whole_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    commands = {"first": stage("= 1 failed in 1s =", code=1), "second": stage("= 4 passed in 1s =")}
    monkeypatch.setattr(run, "stages", lambda: commands)
    assert run.main([]) == 1
    told = capfd.readouterr().out
    assert "FAILED first: 1 failed in 1s" in told
    assert "ok     second: 4 passed in 1s" in told


def test_a_stage_beside_another_is_heard_after_it(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    says = "import time\nfor number in range(3):\n    print({0!r}, number, flush=True); time.sleep(0.1)"
    slow, quick = ([sys.executable, "-c", says.format(name)] for name in ("slow", "quick"))
    closes = [sys.executable, "-c", says.format("closes") + "\nprint('= 3 passed in 1s =')\nraise SystemExit(1)"]
    results = dict(run.run_beside({"first": slow, "second": quick, "third": closes}))
    none = "did not get as far as running tests"
    assert results == {"first": (0, none), "second": (0, none), "third": (1, "3 passed in 1s")}
    said = [
        line.split()[0] for line in capfdbinary.readouterr().out.decode().splitlines() if line[:1] in "sqc" and line
    ]
    assert said == ["slow"] * 3 + ["quick"] * 3 + ["closes"] * 3


def test_stages_that_run_beside_each_other_begin_at_once() -> None:
    started = time.monotonic()
    pause = [sys.executable, "-c", "import time; time.sleep(2)"]
    assert [code for _, (code, _) in run.run_beside(dict.fromkeys("abc", pause))] == [0, 0, 0]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("names", "together"),
    [
        (["sqlite", "postgresql", "browser"], [["sqlite", "postgresql"], ["browser"]]),
        (["postgresql"], [["postgresql"]]),
        (["browser", "postgresql"], [["browser"], ["postgresql"]]),
    ],
)
def test_a_stage_runs_beside_another_only_if_both_are_wanted(names: list[str], together: list[list[str]]) -> None:
    assert run.rounds(names) == together


def test_an_unknown_stage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["sqlit"]) == 2
    assert "sqlite, postgresql, browser" in capsys.readouterr().err


def test_every_folder_of_tests_belongs_to_a_stage() -> None:
    commands = run.stages()
    assert "tests" in commands["sqlite"]
    assert {"--ignore=tests/js", "--ignore=tests/browser"} <= set(commands["sqlite"])
    assert {"tests/js", "tests/browser"} <= set(commands["browser"])


def test_what_never_reaches_the_database_is_not_tried_again_on_another(request: pytest.FixtureRequest) -> None:
    assert not uses_database(request.node)
    assert "--on-database-only" in run.stages()["postgresql"]
    assert "--on-database-only" not in run.stages()["sqlite"]


def test_what_asks_for_the_database_is(request: pytest.FixtureRequest, person_in_it: User) -> None:
    """Through a fixture of a fixture, too."""
    assert uses_database(request.node)


@pytest.mark.django_db
def test_what_is_marked_for_the_database_is(request: pytest.FixtureRequest) -> None:
    assert uses_database(request.node)


@pytest.fixture
def person_in_it(db: None) -> User:
    return User.objects.create(username="alice")


def test_who_stops_the_tests_stops_what_they_started(tmp_path: Path) -> None:
    """A server that outlives its tests keeps its port and its memory until someone looks."""
    ended = tmp_path / "ended"
    inner = (
        "import time\ntry:\n    print('running', flush=True)\n    time.sleep(60)\n"
        f"finally:\n    open({str(ended)!r}, 'w')"
    )
    outer = (
        "import sys\nfrom tests.children import child, leave_in_order\nleave_in_order()\n"
        f"with child([sys.executable, '-c', {inner!r}]) as process:\n    process.wait(60)"
    )
    command = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE)
    assert command.stdout is not None
    assert command.stdout.readline() == b"running\n"
    command.terminate()
    command.communicate(timeout=20)
    assert command.returncode == 128 + signal.SIGTERM
    assert ended.exists()
