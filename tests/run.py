"""Runs all tests in stages that cannot share a process, and repeats pytest's closing lines at the end.

`python -m tests.run [sqlite|postgresql|browser ...]`; without names all. A failed stage does not stop the others. What a
stage that runs beside another says is shown after the other's end.
"""

import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.children import child, end, leave_in_order

_PYTEST: Final = [sys.executable, "-m", "pytest"]
_IN_A_BROWSER: Final = ["tests/js", "tests/browser"]
_ON_A_DATABASE: Final = ["tests/accounts", "tests/chat", "tests/pages", "tests/reports"]
# As many as the machines that these run on have cores. Each process begins with its part of the modules and takes over
# from others when it is done: with xdist's default, all of them start the servers of the same modules.
_PROCESSES: Final = ["-n", os.environ.get("TEST_PROCESSES", "2"), "--dist", "worksteal"]
# More for the stage that mostly waits for servers, clocks and time-outs: two left the cores idle half of the time.
_WAITING_PROCESSES: Final = ["-n", os.environ.get("TEST_PROCESSES", "4"), "--dist", "worksteal"]
# This one only computes, and looks at no clock: it takes what the other leaves of the cores.
_BESIDE: Final = {"postgresql": "sqlite"}
_GIVES_WAY: Final = ["nice", "-n", "5"]
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
        "postgresql": [*_GIVES_WAY, sys.executable, "-m", "tests.databases", "--", *tests_again, *_ON_DATABASE_ONLY],
        # Playwright's own event loop does not get along with that of pytest-asyncio.
        "browser": [*_PYTEST, *_PROCESSES, *_FURTHER_TRIES, *browser],
    }


def run(command: list[str], silence_seconds: float = _SILENCE_SECONDS) -> tuple[int, str]:
    """Run a command, pass its output on as it comes, and return its exit code and closing line."""
    ((_, result),) = run_beside({"": command}, silence_seconds)
    return result


def run_beside(
    commands: dict[str, list[str]], silence_seconds: float = _SILENCE_SECONDS
) -> Iterator[tuple[str, tuple[int, str]]]:
    """Run these at once. Yield each name in turn, with exit code and closing line, after all that the command said."""
    voices = {name: _Voice() for name in commands}
    # An interruption ends the children first; then those that listen to them end, too.
    with ThreadPoolExecutor(len(commands)) as listeners, ExitStack() as children:
        listening = {}
        for name, command in commands.items():
            options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            process = children.enter_context(child(command, **options))
            listening[name] = listeners.submit(_follow, process, silence_seconds, voices[name])
        for name, future in listening.items():
            if name:
                print(f"\n--- {name} " + "-" * 60, flush=True)
            voices[name].take_turn()
            yield name, future.result()


class _Voice:
    """Where the output of a command goes: once it has its turn to ours, as it comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[bytes] | None = []

    def say(self, chunk: bytes) -> None:
        with self._lock:
            if self._held is None:
                _write(chunk)
            else:
                self._held.append(chunk)

    def take_turn(self) -> None:
        with self._lock:
            held, self._held = self._held or [], None
            _write(b"".join(held))


def _write(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _follow(process: "subprocess.Popen[bytes]", silence_seconds: float, voice: _Voice) -> tuple[int, str]:
    rest = b""
    closing = "did not get as far as running tests"
    try:
        for chunk in _chunks(process, silence_seconds):
            voice.say(chunk)
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


def rounds(names: Iterable[str]) -> list[list[str]]:
    """Return which of these stages run at once."""
    together: list[list[str]] = []
    for name in names:
        other = next((each for each in together if _BESIDE.get(name) in each), None)
        together.append([name]) if other is None else other.append(name)
    return together


def main(wanted: list[str]) -> int:
    available = stages()
    unknown = set(wanted) - set(available)
    if unknown:
        print(f"There is no stage {', '.join(sorted(unknown))}; there are {', '.join(available)}.", file=sys.stderr)
        return 2
    results: dict[str, tuple[int, str]] = {}
    started = time.monotonic()
    for names in rounds(wanted or available):
        results |= run_beside({name: available[name] for name in names})
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
