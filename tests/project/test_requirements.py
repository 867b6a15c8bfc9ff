"""What gets installed: everything pinned, from wherever this machine's pip looks, and no less than is imported."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_PIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*==[0-9][^ ;]*( ; .+)?")


def pins(name: str) -> list[str]:
    lines = (REPOSITORY / name).read_text().splitlines()
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_everything_is_pinned_exactly_and_no_index_is_named() -> None:
    lines = pins("requirements.txt") + pins("requirements-dev.txt")
    assert [line for line in lines if not _PIN.fullmatch(line)] == ["-r requirements.txt"]


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        (project()["project"]["dependencies"], ["requirements.txt"]),
        (project()["dependency-groups"]["dev"], ["requirements.txt", "requirements-dev.txt"]),
    ],
    ids=["running", "developing"],
)
def test_the_pins_are_what_the_project_asks_for(wanted: list[str], files: list[str]) -> None:
    pinned = [Requirement(line) for file in files for line in pins(file) if "==" in line]
    for requirement in map(Requirement, wanted):
        versions = [next(iter(pin.specifier)).version for pin in pinned if normal(pin.name) == normal(requirement.name)]
        assert versions, f"{requirement.name} is not pinned"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_nothing_is_pinned_twice_for_the_same_machine() -> None:
    lines = pins("requirements.txt") + pins("requirements-dev.txt")
    assert len(lines) == len(set(lines))
