"""The tests' own programs: found, or named with the way to get them. Never quietly left out."""

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config import system_packages


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a program missing, until something is installed."""

    def hide(name: str) -> None:
        monkeypatch.setitem(
            system_packages.PROGRAMS,
            name,
            system_packages.Program("the tests", lambda: None, name.lower(), name.lower()),
        )

    return hide


def test_nothing_is_said_where_nothing_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = system_packages.Program("the tests", lambda: "/bin/true", "it", "it")
    for name in system_packages.PROGRAMS:
        monkeypatch.setitem(system_packages.PROGRAMS, name, here)
    assert system_packages.main() == 0
    assert capsys.readouterr() == ("", "")


def test_a_person_who_is_not_root_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], without: Callable[[str], None]
) -> None:
    without("Redis")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert system_packages.main() == 1
    told = capsys.readouterr().err
    assert "Redis, for the tests" in told
    assert "sudo apt-get install redis\n" in told


def test_root_gets_it_installed(monkeypatch: pytest.MonkeyPatch, without: Callable[[str], None]) -> None:
    without("Redis")
    installed: list[str] = []

    def install(packages: list[str]) -> None:
        installed.extend(packages)
        monkeypatch.setitem(
            system_packages.PROGRAMS,
            "Redis",
            system_packages.Program("the tests", lambda: "/usr/bin/redis-server", "redis", "redis"),
        )

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(system_packages, "install", install)
    assert system_packages.main() == 0
    assert installed == ["redis"]


@pytest.mark.parametrize(("used_by", "status"), [("tests", 0), ("checks", 1)])
def test_tests_do_without_what_the_checks_need(monkeypatch: pytest.MonkeyPatch, used_by: str, status: int) -> None:
    for name, program in system_packages.PROGRAMS.items():
        here = dataclasses.replace(program, find=(lambda: None) if name == "Node" else lambda: "/bin/true")
        monkeypatch.setitem(system_packages.PROGRAMS, name, here)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert system_packages.main(used_by) == status


def test_node_without_npm_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "npm" else f"/usr/bin/{name}")
    assert system_packages.node() is None


def test_an_installation_that_fails_is_not_taken_for_a_success(
    monkeypatch: pytest.MonkeyPatch, without: Callable[[str], None]
) -> None:
    without("PostgreSQL")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(system_packages, "install", lambda packages: None)
    assert system_packages.main() == 1


def test_initdb_and_postgres_come_from_one_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server refuses a directory that another version's initdb made."""
    half, whole, older = tmp_path / "99/bin", tmp_path / "15/bin", tmp_path / "9.6/bin"
    for path in (half / "initdb", whole / "initdb", whole / "postgres", older / "initdb", older / "postgres"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
    monkeypatch.setattr(system_packages, "DEBIAN", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert system_packages.postgresql_directory() == str(whole)
