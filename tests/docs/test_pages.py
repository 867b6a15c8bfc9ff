"""What the documents point to is there: files, headings, commands."""

import re
from pathlib import Path
from typing import Final

import pytest

from chat.claude.backends import client
from fake_claude import by_hand
from tests.docs.settings_read import REPOSITORY

PAGES: Final = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
COMMANDS: Final = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def links() -> list[tuple[Path, str]]:
    found = [(page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text())]
    return [(page, target) for page, target in found if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("document", "target"), links(), ids=lambda value: getattr(value, "name", value))
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    assert file.exists(), f"{document.name} points to {target}"
    assert not anchor or anchor in anchors(file), f"{document.name} points to {target}"


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_a_page_names_only_commands_that_exist(document: Path) -> None:
    named = set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", document.read_text(), re.MULTILINE))
    assert named <= COMMANDS


@pytest.mark.parametrize("command", ["run", "setup", "test", "check", "bench"])
def test_the_fixed_commands_exist(command: str) -> None:
    assert command in COMMANDS


def test_every_document_stands_in_the_index() -> None:
    index = (REPOSITORY / "docs/README.md").read_text()
    missing = [page.name for page in (REPOSITORY / "docs").glob("*.md") if f"({page.name})" not in index]
    assert missing == ["README.md"]


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_a_management_command_that_a_page_names_exists(document: Path) -> None:
    from django.core.management import get_commands

    named = set(re.findall(r"manage\.py ([a-z_]+)", document.read_text()))
    assert named <= set(get_commands())


def test_the_words_that_choose_how_the_fake_replies_are_described() -> None:
    described = re.findall(r"`mode:([a-z0-9_-]+)`", (REPOSITORY / "docs/claude.md").read_text())
    assert sorted(described) == sorted(by_hand.names())


def test_how_long_a_reply_may_keep_one_waiting_is_described() -> None:
    page = (REPOSITORY / "docs/claude.md").read_text()
    assert f"more than {client._LONGEST_RETRY_AFTER_SECONDS} seconds" in page


def test_every_command_of_the_composer_is_described() -> None:
    described = set(re.findall(r"`/([a-z]+)", (REPOSITORY / "docs/pages.md").read_text()))
    table = (REPOSITORY / "static/chat/js/pages/composer/command-table.js").read_text()
    assert described == set(re.findall(r'\bname: "([a-z]+)"', table))


def test_the_modules_that_the_architecture_names_are_there() -> None:
    page = (REPOSITORY / "docs/architecture.md").read_text()
    named = set(re.findall(r"\b[a-z_]+(?:/[a-z_]+)*/[a-z_]+\.py\b", page))
    assert {
        name for name in named if not (REPOSITORY / name).exists() and not (REPOSITORY / "chat" / name).exists()
    } == set()
    assert {"server/consumer.py", "messages/writer.py", "realtime/delivery/feed.py", "claude/run/runner.py"} <= named


def test_the_architecture_names_every_package_of_chat_and_what_is_in_them() -> None:
    page = (REPOSITORY / "docs/architecture.md").read_text()
    packages = [path.parent for path in (REPOSITORY / "chat").glob("**/__init__.py")]
    told = [f"{path.name}/" for path in packages if path.name not in {"chat", "migrations", "commands", "templatetags"}]
    assert [name for name in told if name not in page] == []
