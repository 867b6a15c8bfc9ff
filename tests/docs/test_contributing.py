"""The map of the house is that of the house."""

import re
from typing import Final

import pytest

from tests.docs.settings_read import REPOSITORY

PAGE: Final = (REPOSITORY / "CONTRIBUTING.md").read_text()
MAP: Final = PAGE.partition("## The house")[2].partition("Imports point down")[0]
NAMES: Final = re.findall(r"`([\w./-]+)`", PAGE)
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
    assert (REPOSITORY / name).exists() or (REPOSITORY / "chat" / name).exists()
