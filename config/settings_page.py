"""Writes docs/settings.md from .env.example: `python -m config.settings_page`. A test keeps the two equal."""

import re
from pathlib import Path
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_EXAMPLE: Final = _REPOSITORY / ".env.example"
PAGE: Final = _REPOSITORY / "docs/settings.md"
_SECTION: Final = re.compile(r"# --- (.+?) -+$")
_SETTING: Final = re.compile(r"#([A-Z][A-Z0-9_]*)=(.*)$")
_HEAD: Final = """\
# Settings

Every setting of Parley, made from [.env.example](../.env.example) by `python -m config.settings_page`. Parley reads them
from the environment, or from `.env` beside `manage.py`; the environment goes first. On and off are 1 and 0.
[deployment.md](deployment.md) explains the first parts, [claude.md](claude.md) those of Claude, [limits.md](limits.md) what
happens beyond a limit.
"""
_TABLE: Final = ["", "| setting | default | meaning |", "| --- | --- | --- |"]


def page() -> str:
    """Return the page: a table for each section of the example, a row for each setting."""
    lines = [_HEAD]
    comment: list[str] = []
    is_in_table = False
    for line in _sections():
        if found := _SECTION.match(line):
            lines.append(f"\n## {found[1]}" if lines[1:] else f"## {found[1]}")
            is_in_table = False
        elif found := _SETTING.match(line):
            if not is_in_table:
                lines += _TABLE
            is_in_table = True
            lines.append(_row(found[1], found[2], " ".join(comment)))
            comment = []
        elif line.startswith("# "):
            comment.append(line[2:])
        elif comment:  # words that belong to no setting, but to their section
            lines += ["", *comment]
            comment = []
    return "\n".join(lines) + "\n"


def _sections() -> list[str]:
    """Return the lines of the example without what it says about itself."""
    lines = _EXAMPLE.read_text().splitlines()
    return lines[next(number for number, line in enumerate(lines) if _SECTION.match(line)) :]


def _row(name: str, value: str, meaning: str) -> str:
    is_example = "(example)" in meaning
    meaning = meaning.replace(" (example)", "")
    default = "" if is_example or not value else f"`{value}`"
    if is_example:
        meaning = f"{meaning.rstrip('.')}. For example: `{value}`"
    return f"| `{name}` | {default} | {meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page())
