"""What gets installed: everything pinned, from wherever this machine's pip looks, and no less than is imported."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from packaging.requirements import Requirement

REPOSITORY: Final = Path(__file__).resolve().parents[2]
# Each includes the one before it.
FILES: Final = ["requirements.txt", "requirements-push.txt", "requirements-dev.txt"]
_PIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*==[0-9][^ ;]*( ; .+)?")


def pins(name: str) -> list[str]:
    lines = (REPOSITORY / name).read_text().splitlines()
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def all_pins() -> list[str]:
    return [line for name in FILES for line in pins(name)]


def test_the_version_is_said_once() -> None:
    assert project()["project"]["version"] == settings.VERSION


def test_everything_is_pinned_exactly_and_no_index_is_named() -> None:
    included = ["-r requirements.txt", "-r requirements-push.txt"]
    assert [line for line in all_pins() if not _PIN.fullmatch(line)] == included


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        (project()["project"]["dependencies"], FILES[:1]),
        (project()["project"]["optional-dependencies"]["push"], FILES[:2]),
        (project()["dependency-groups"]["dev"], FILES),
    ],
    ids=["running", "web push", "developing"],
)
def test_the_pins_are_what_the_project_asks_for(wanted: list[str], files: list[str]) -> None:
    pinned = [Requirement(line) for file in files for line in pins(file) if "==" in line]
    for requirement in map(Requirement, wanted):
        versions = [next(iter(pin.specifier)).version for pin in pinned if normal(pin.name) == normal(requirement.name)]
        assert versions, f"{requirement.name} is not pinned"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_nothing_is_pinned_twice_for_the_same_machine() -> None:
    lines = all_pins()
    assert len(lines) == len(set(lines))


def test_what_runs_without_web_push_does_not_bring_it() -> None:
    assert "pywebpush" not in "".join(pins("requirements.txt"))
