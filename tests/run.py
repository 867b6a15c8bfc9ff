"""Runs all tests in stages that cannot share a process, and repeats pytest's closing lines at the end.

`python -m tests.run [sqlite|postgresql|browser ...]`; without names all. A failed stage does not stop the others.
"""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.children import child, end, leave_in_order

_PYTEST: Final = [sys.executable, "-m", "pytest"]
_IN_A_BROWSER: Final = ["tests/js", "tests/browser"]
_ON_A_DATABASE: Final = ["tests/accounts", "tests/chat", "tests/pages", "tests/reports"]
# As many as the machines that these run on have cores. Each process begins with its part of the modules and takes over
# from others when it is done: with xdist's default, all of them start the servers of the same modules.
_PROCESSES: Final = ["-n", os.environ.get("TEST_PROCESSES", "2"), "--dist", "worksteal"]
# One more for the stage that mostly waits for servers, clocks and time-outs: two left the cores idle half of the time.
_WAITING_PROCESSES: Final = ["-n", os.environ.get("TEST_PROCESSES", "3"), "--dist", "worksteal"]
# What never reaches the database has been tried in the first stage (tests/conftest.py).
_ON_DATABASE_ONLY: Final = ["--on-database-only"]

# Two Chromiums with drivers, servers and tests share two cores: once in some hundred tests one of them is late. What passes
# only at a further try is listed by name, and counted as "rerun" in the closing line.
_FURTHER_TRIES: Final = ["--reruns", "2", "-rR"]

# Longer than a test may take (`timeout` in pyproject.toml) with all that it has to clean up.
_SILENCE_SECONDS: Final = 900

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_CLOSING_LINE: Final = re.compile(r"^=+ (.*\b(?:passed|failed|error|errors|no tests ran)\b.*) =+$")


def stages() -> dict[str, list[str]]:
    """Return each stage's command. What uses the database is run again on the one that production uses."""
    ignored = [f"--ignore={folder}" for folder in _IN_A_BROWSER]
    browser = [folder for folder in _IN_A_BROWSER if Path(folder).is_dir()]
    database = [folder for folder in _ON_A_DATABASE if Path(folder).is_dir()]
    tests_again = [*_PYTEST, *_PROCESSES, *database]
    return {
        "sqlite": [*_PYTEST, *_WAITING_PROCESSES, "-rR", "tests", *ignored],
        "postgresql": [sys.executable, "-m", "tests.databases", "--", *tests_again, *_ON_DATABASE_ONLY],
        # Playwright's own event loop does not get along with that of pytest-asyncio.
        "browser": [*_PYTEST, *_PROCESSES, *_FURTHER_TRIES, *browser],
    }


def run(command: list[str], silence_seconds: float = _SILENCE_SECONDS) -> tuple[int, str]:
    """Run a command, pass its output on as it comes, and return its exit code and closing line."""
    with child(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        return _follow(process, silence_seconds)


def _follow(process: "subprocess.Popen[bytes]", silence_seconds: float) -> tuple[int, str]:
    rest = b""
    closing = "did not get as far as running tests"
    try:
        for chunk in _chunks(process, silence_seconds):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                found = _CLOSING_LINE.match(_COLOURS.sub("", line.decode(errors="replace").strip()))
                closing = found[1] if found else closing
        return process.wait(silence_seconds), closing
    except (TimeoutError, subprocess.TimeoutExpired) as silence:
        end(process)
        return process.returncode or 1, str(silence)


def _chunks(process: "subprocess.Popen[bytes]", silence_seconds: float) -> Iterator[bytes]:
    """Yield what the command writes, until it ends. Raises TimeoutError when it says nothing for so long.

    By chunks, not by lines: pytest's dots appear while a line is not yet complete.
    """
    if process.stdout is None:
        raise RuntimeError("a pipe was asked for")
    silent_since = time.monotonic()
    while True:
        has_ended = process.poll() is not None
        if select.select([process.stdout], [], [], 0 if has_ended else 1)[0]:
            silent_since = time.monotonic()
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                return
            yield chunk
        elif has_ended:  # and a process that it left behind holds the pipe open
            return
        elif time.monotonic() - silent_since > silence_seconds:
            raise TimeoutError(f"was stopped: it said nothing for {silence_seconds:.0f} s")


def main(wanted: list[str]) -> int:
    available = stages()
    unknown = set(wanted) - set(available)
    if unknown:
        print(f"There is no stage {', '.join(sorted(unknown))}; there are {', '.join(available)}.", file=sys.stderr)
        return 2
    results: dict[str, tuple[int, str]] = {}
    started = time.monotonic()
    for name in wanted or available:
        print(f"\n--- {name} " + "-" * 60, flush=True)
        results[name] = run(available[name])
    print(f"\n--- all stages, {time.monotonic() - started:.0f} s " + "-" * 40)
    for name, (code, closing) in results.items():
        print(f"{'ok    ' if code == 0 else 'FAILED'} {name}: {closing}", flush=True)
    return 0 if all(code == 0 for code, _ in results.values()) else 1


if __name__ == "__main__":
    leave_in_order()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
