"""The programs beside Python that tests and checks need: says what is missing, or as root installs it with apt.

`python -m config.system_packages [tests|checks]`; without a name both. Uses the standard library only.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_APT_TRIES: Final = 3
DEBIAN: Final = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Program:
    """One program: what it is for, how to find it, and how systems call its package."""

    purpose: str
    find: Callable[[], str | None]
    apt: str
    others: str
    used_by: str = "tests"


def chromium() -> str | None:
    return _first_on_path("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def headless_chromium() -> str | None:
    """Return Chromium's build without windows, or the whole browser where there is none.

    The engine is the same. A page in a new profile costs it half of the processor time, and the tests open a thousand.
    """
    return _first_on_path("chromium-headless-shell", "chrome-headless-shell") or chromium()


def redis_server() -> str | None:
    return _first_on_path("redis-server", "valkey-server")


def postgresql_directory() -> str | None:
    """Return the directory that holds both `initdb` and `postgres`, of the newest version there is.

    Both have to be from one place: an initdb of one version makes a directory that another one's server refuses.
    """
    initdb = shutil.which("initdb")
    places = [*sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True)]
    places += [Path(initdb).resolve().parent] if initdb else []
    for place in places:
        if os.access(place / "initdb", os.X_OK) and os.access(place / "postgres", os.X_OK):
            return str(place)
    return None


def node() -> str | None:
    """Return Node, if npm is there, too: on some systems it is a package of its own."""
    return _first_on_path("node", "nodejs") if _first_on_path("npm") else None


def _version(place: Path) -> float:
    return float(place.parent.name) if place.parent.name.replace(".", "", 1).isdigit() else 0.0


def _first_on_path(*names: str) -> str | None:
    return next((path for path in map(shutil.which, names) if path), None)


PROGRAMS: Final = {
    "Chromium": Program("the browser tests", chromium, "chromium chromium-headless-shell", "chromium"),
    "Redis": Program("the tests with several server processes", redis_server, "redis-server", "redis (or valkey)"),
    "PostgreSQL": Program("the database tests", postgresql_directory, "postgresql", "postgresql (the server)"),
    "Node": Program("the checks of the JavaScript", node, "nodejs npm", "nodejs 18 or later and npm", "checks"),
}


def missing(used_by: Collection[str]) -> dict[str, Program]:
    wanted = {name: program for name, program in PROGRAMS.items() if program.used_by in used_by}
    return {name: program for name, program in wanted.items() if program.find() is None}


def install(packages: list[str]) -> None:
    """Install Debian packages without a question and without starting what they bring."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    update = ["apt-get", "update", "-q"]
    add = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    for attempt in range(1, _APT_TRIES + 1):
        done = all(
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0
            for command in (update, add)
        )
        if done:
            return
        print(f"apt failed (attempt {attempt} of {_APT_TRIES}).", file=sys.stderr, flush=True)


def main(*used_by: str) -> int:
    used_by = used_by or ("tests", "checks")
    lacking = missing(used_by)
    if not lacking:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(lacking)} with apt, for the {' and '.join(used_by)} ...", flush=True)
        install([package for program in lacking.values() for package in program.apt.split()])
        lacking = missing(used_by)
    if not lacking:
        return 0
    print(f"The {' and '.join(used_by)} need programs that this machine lacks:", file=sys.stderr)
    for name, program in lacking.items():
        print(f"  {name}, for {program.purpose}", file=sys.stderr)
    print("On Debian and Ubuntu:", file=sys.stderr)
    print(f"  sudo apt-get install {' '.join(program.apt for program in lacking.values())}", file=sys.stderr)
    print(f"Elsewhere install: {', '.join(program.others for program in lacking.values())}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
