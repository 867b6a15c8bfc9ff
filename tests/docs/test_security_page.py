"""SECURITY.md and docs/limits.md name tests that exist, and a limit's test speaks of its setting."""

import re
from typing import Final

import pytest

from tests.docs.settings_read import REPOSITORY

TESTS: Final = REPOSITORY / "tests"
SECURITY: Final = (REPOSITORY / "SECURITY.md").read_text()
# The section about times is about no limits.
LIMITS: Final = (REPOSITORY / "docs/limits.md").read_text().split("\n## Times\n")[0]
ROWS: Final = [line for line in LIMITS.splitlines() if re.match(r"\| (?!---|setting|most)", line)]
SETTINGS: Final = {found[1]: row for row in ROWS if (found := re.match(r"\| `([A-Z_]+)` \|", row))}
NAMED: Final = re.compile(r"`([\w/]+\.py)`")


def test_the_tables_are_found_at_all() -> None:
    assert {"FRAME_BYTES", "OUTBOX_BYTES", "UPLOAD_BYTES", "SPEND_DAY_USD", "REPLIES_AT_ONCE"} <= set(SETTINGS)


@pytest.mark.parametrize("name", sorted({*NAMED.findall(SECURITY), *NAMED.findall(LIMITS)}))
def test_a_test_that_a_page_names_is_there(name: str) -> None:
    assert (TESTS / name).is_file()


@pytest.mark.parametrize("row", ROWS)
def test_every_bound_says_where_it_is_tried(row: str) -> None:
    assert NAMED.search(row.rstrip(" |").rpartition("|")[2])


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_test_of_a_limit_speaks_of_it(setting: str) -> None:
    """Where it is only documented or set for every site, nothing is tried beyond it."""
    files = NAMED.findall(SETTINGS[setting])
    assert not [name for name in files if setting not in (TESTS / name).read_text()]
