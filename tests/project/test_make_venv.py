"""`make run` on a machine that lacks something says what, in one sentence."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

SCRIPT: Final = Path(__file__).resolve().parents[2] / "config/make_venv.sh"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A directory to be the only one on the PATH, with what the script itself uses."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("rm", "mkdir"):
        (programs / name).symlink_to(f"/bin/{name}")
    return programs


def put_python(machine: Path, name: str, version: str, *, has_venv: bool = True) -> None:
    """Put a program there that tells the script what it asks, like a Python of this version."""
    path = machine / name
    path.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"  *version_info*) echo {version} ;;\n"
        f"  *ensurepip*) exit {0 if has_venv else 1} ;;\n"
        f'  "-m venv "*) echo made by {name}; mkdir -p "$3" ;;\n'
        "esac\n"
    )
    path.chmod(0o755)


def run(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), str(machine.parent / "venv"), *arguments],
        env={"PATH": str(machine)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_first_python_that_is_new_enough_is_taken(machine: Path) -> None:
    put_python(machine, "python3", "3.9")
    put_python(machine, "python3.12", "3.12")
    done = run(machine)
    assert done.returncode == 0, done.stderr
    assert "made by python3.12" in done.stdout


def test_a_tested_version_goes_before_a_newer_one(machine: Path) -> None:
    put_python(machine, "python3", "3.15")
    put_python(machine, "python3.11", "3.11")
    assert "made by python3.11" in run(machine).stdout


def test_a_newer_version_is_taken_when_it_is_the_only_one(machine: Path) -> None:
    put_python(machine, "python3", "3.15")
    assert "made by python3" in run(machine).stdout


def test_the_python_that_was_asked_for_is_taken(machine: Path) -> None:
    put_python(machine, "python3", "3.11")
    put_python(machine, "mine", "3.13")
    assert "made by mine" in run(machine, "mine").stdout


def test_a_python_that_is_too_old_is_named(machine: Path) -> None:
    put_python(machine, "python3", "3.9")
    done = run(machine)
    assert done.returncode == 1
    assert "Parley needs Python 3.11 or newer. python3 is Python 3.9." in done.stderr


def test_a_machine_without_python_is_told_so(machine: Path) -> None:
    done = run(machine)
    assert done.returncode == 1
    assert "There is no python3 on the PATH." in done.stderr


def test_a_missing_venv_module_is_told_with_the_package_to_install(machine: Path) -> None:
    put_python(machine, "python3", "3.11", has_venv=False)
    done = run(machine)
    assert done.returncode == 1
    assert "apt-get install python3.11-venv" in done.stderr
