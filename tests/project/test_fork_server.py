"""A process that the tests fork is what a process that is started would be."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.servers import fork_server
from tests.servers.processes import REPOSITORY
from tests.servers.server_process import environment

PRINTS = "tests.project.print_settings"
# Each is read by Django or a library before the settings are, or is one that tests change often.
ENV = {
    "DEBUG": "0",
    "SECRET_KEY": "signs nothing outside the tests, 0123456789 abcdefghij klmnopqrst",
    "ALLOWED_HOSTS": "chat.example.org",
    "DATABASE_URL": "sqlite:////nowhere/a.sqlite3",
    "REDIS_URL": "redis://127.0.0.1:1/7",
    "LOG_JSON": "1",
    "LOG_LEVEL": "WARNING",
    "ROOMS_PER_HOUR": "17",
    "TIME_ZONE": "Asia/Tokyo",
    "EMAIL_URL": "smtp://mail.example.org",
}


@pytest.fixture
def env() -> dict[str, str]:
    return environment({**ENV, "ENV_FILE": os.devnull})


def forked(module: str, env: dict[str, str], output: Path, *arguments: str) -> Any:
    with output.open("wb") as file:
        return fork_server.start(module, arguments, env, output=file.fileno(), errors=file.fileno())


def test_it_has_the_settings_of_its_own_environment(env: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", PRINTS]
    started = subprocess.run(command, env=env, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    assert forked(PRINTS, env, tmp_path / "output").wait(60) == 0
    expected, found = json.loads(started.stdout), json.loads((tmp_path / "output").read_text())
    assert found == expected
    assert found["ROOMS_PER_HOUR"] == "17" and "/nowhere/a.sqlite3" in found["the database"]


def test_it_has_nothing_of_the_environment_of_the_tests(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEFT_BEHIND", "1")
    assert forked(PRINTS, env, tmp_path / "output").wait(60) == 0
    assert "LEFT_BEHIND" not in json.loads((tmp_path / "output").read_text())["the environment"]


def test_its_exit_code_and_what_killed_it_are_known(env: dict[str, str], tmp_path: Path) -> None:
    failed = forked("manage", env, tmp_path / "output", "no_such_command")
    assert failed.wait(60) == 1
    assert "Unknown command: 'no_such_command'" in (tmp_path / "output").read_text()
    killed = forked("tests.servers.people_process", env, tmp_path / "other")
    killed.kill()
    assert killed.wait(60) == -signal.SIGKILL
    killed.kill()  # nothing else may have its number yet


def test_what_runs_longer_than_one_waits_is_said(env: dict[str, str], tmp_path: Path) -> None:
    reads, writes = os.pipe()
    with (tmp_path / "output").open("wb") as file:
        waiting = fork_server.start(
            "tests.servers.people_process", (), env, output=file.fileno(), errors=file.fileno(), orders=reads
        )
    os.close(reads)
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.1)
    assert time.monotonic() - began < 5 and waiting.poll() is None
    os.close(writes)
    assert waiting.wait(60) == 0


def test_it_ends_with_the_process_of_the_tests(env: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import json, os, sys; from tests.servers import fork_server; reads, writes = os.pipe();"
        "child = fork_server.start('tests.servers.people_process', (), json.loads(sys.argv[1]), output=1, errors=2,"
        " orders=reads); print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, json.dumps(env)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    pid = int(next(line for line in done.stdout.splitlines() if line.isdigit()))
    until = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, "it runs on"
        time.sleep(0.05)
