"""SECURITY.md names tests that exist, and each limit of docs/limits.md is named by a test that goes beyond it."""

import re
from typing import Final

import pytest

from tests.docs.settings_read import REPOSITORY

TESTS: Final = REPOSITORY / "tests"
SECURITY: Final = (REPOSITORY / "SECURITY.md").read_text()
# The section about times is about no limits.
LIMITS: Final = (REPOSITORY / "docs/limits.md").read_text().split("\n## Times\n")[0]
LIMIT_NAMES: Final = re.findall(r"^\| `([A-Z_]+)` \|", LIMITS, re.MULTILINE)
# Here settings are documented, measured with, or set for every site: nothing is tried beyond them.
NO_TRIALS: Final = ("tests/docs/", "tests/bench/", "tests/servers/", "tests/settings.py")


def trials() -> str:
    files = [path for path in TESTS.rglob("*.py") if not path.relative_to(REPOSITORY).as_posix().startswith(NO_TRIALS)]
    return "".join(path.read_text() for path in files)


def test_the_tables_are_found_at_all() -> None:
    assert {"FRAME_BYTES", "OUTBOX_BYTES", "UPLOAD_BYTES", "SPEND_DAY_USD", "REPLIES_AT_ONCE"} <= set(LIMIT_NAMES)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]+\.py)`", SECURITY))))
def test_a_test_that_the_page_names_is_there(name: str) -> None:
    assert (TESTS / name).is_file()


def test_every_limit_is_tried() -> None:
    tried = trials()
    assert [name for name in LIMIT_NAMES if name not in tried] == []
