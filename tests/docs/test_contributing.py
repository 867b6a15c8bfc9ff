"""The map of the house is that of the house."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.settings_read import REPOSITORY

PAGE: Final = (REPOSITORY / "CONTRIBUTING.md").read_text()
MAP: Final = PAGE.partition("## The house")[2].partition("Imports point down")[0]
NAMES: Final = re.findall(r"`([\w./-]+)`", PAGE)
SCRIPTS: Final = REPOSITORY / "static/chat/js"
FOLDERS: Final = sorted({path.parent for path in SCRIPTS.rglob("*.js")} - {SCRIPTS, SCRIPTS / "pages"})
PUBLISHED: Final = re.findall(r"^\| `([\w-]+\.js)` \|", (REPOSITORY / "docs/javascript.md").read_text(), re.MULTILINE)
CHILDREN: Final = sorted(
    f"{path.name}/" if path.is_dir() else path.name
    for path in (REPOSITORY / "chat").iterdir()
    if not path.name.startswith("__")
)


@pytest.mark.parametrize("name", CHILDREN)
def test_the_map_has_every_child_of_chat(name: str) -> None:
    assert f"`{name}`" in MAP


@pytest.mark.parametrize(
    "name", sorted({name for name in NAMES if "/" in name or name.endswith((".py", ".md", ".toml"))})
)
def test_what_the_page_names_is_there(name: str) -> None:
    assert any((root / name).exists() for root in (REPOSITORY, REPOSITORY / "chat", SCRIPTS))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_map_has_every_folder_of_scripts_and_none_is_too_full_to_read(folder: Path) -> None:
    assert f"`{folder.relative_to(SCRIPTS)}/`" in PAGE
    assert len(list(folder.glob("*.js"))) <= 18


def test_only_modules_that_the_documents_publish_lie_beside_the_folders() -> None:
    assert len(PUBLISHED) == 7
    assert {path.name for path in SCRIPTS.glob("*.js")} == {*PUBLISHED, "service-worker.js"}
