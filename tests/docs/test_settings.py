"""Every setting stands in .env.example and in a document, with the default that it really has."""

import re
from typing import Final

import pytest

from config import settings_page
from tests.docs.settings_read import REPOSITORY, UNKNOWN, settings_read

SETTINGS: Final = settings_read()
EXAMPLE: Final = (REPOSITORY / ".env.example").read_text()
DOCUMENTS: Final = "".join(
    (REPOSITORY / "docs" / name).read_text() for name in ("claude.md", "deployment.md", "limits.md")
)
EXAMPLE_LINES: Final = dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))
LIMITS_ROWS: Final = re.findall(r"^\| `([A-Z_]+)` \| ([\d.]+) \|", DOCUMENTS, re.MULTILINE)


def test_the_settings_are_found_at_all() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "FRAME_BYTES", "DRAIN_SECONDS"} <= set(SETTINGS)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_setting_stands_in_the_example(name: str) -> None:
    assert name in EXAMPLE_LINES


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_setting_stands_in_a_document(name: str) -> None:
    assert re.search(rf"`{name}(=[^`]*)?`", DOCUMENTS), f"no document has `{name}`"


@pytest.mark.parametrize("name", sorted(EXAMPLE_LINES))
def test_the_example_names_no_setting_that_is_not_read(name: str) -> None:
    assert name in SETTINGS


@pytest.mark.parametrize("name", sorted(name for name, default in SETTINGS.items() if default is not UNKNOWN))
def test_the_example_shows_the_real_default_or_marks_an_example(name: str) -> None:
    default = SETTINGS[name]
    shown = EXAMPLE_LINES[name]
    if isinstance(default, bool):
        assert shown == str(int(default))
    elif default == "" or name == "EMAIL_URL":
        assert shown == "" or "(example)" in _comment_before(name)
    else:
        assert shown == str(default)


@pytest.mark.parametrize(("name", "shown"), LIMITS_ROWS)
def test_a_table_shows_the_real_default(name: str, shown: str) -> None:
    assert float(shown) == SETTINGS[name]


def test_the_page_of_the_settings_is_made_from_the_example() -> None:
    assert settings_page.PAGE.read_text() == settings_page.page(), "run python -m config.settings_page"


def test_each_setting_of_the_example_has_words_of_its_own() -> None:
    for name, meaning in re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", settings_page.page(), re.MULTILINE):
        assert meaning.strip(), name


def test_the_settings_that_only_tune_come_last() -> None:
    sections = re.findall(r"^# --- (.+?) -+$", EXAMPLE, re.MULTILINE)
    assert sections[-1] == "Advanced"
    advanced = EXAMPLE.rpartition("# --- Advanced")[2]
    assert "Most installations never touch" in advanced
    assert {"OUTBOX_BYTES", "DATABASE_THREADS", "HEAD_CHECK_SECONDS"} <= set(
        re.findall(r"^#([A-Z_]+)=", advanced, re.MULTILINE)
    )


def test_nothing_is_set_in_the_example_until_somebody_sets_it() -> None:
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []


def _comment_before(name: str) -> str:
    lines = EXAMPLE.splitlines()
    return lines[lines.index(f"#{name}={EXAMPLE_LINES[name]}") - 1]
