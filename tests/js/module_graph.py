"""Which modules a page's script loads: its imports, theirs, and so on. What is imported late is not among them."""

import re
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r'^(?:import|export)\s(?:[^;"=]*\sfrom\s)?"([^"]+)";', re.MULTILINE)
# A name in a comment counts, too: hashed names are written into those as into imports.
_ANY_NAME: Final = re.compile(
    r'(?:^(?:import|export)\s(?:[^;"=]*\sfrom\s)?|\bimport\(|\bnew URL\()"([^"]+)"', re.MULTILINE
)


def loaded_by(script: Path) -> list[Path]:
    """Return the script and all modules that it cannot start without, nearest first."""
    found: list[Path] = []
    waiting = [script.resolve()]
    for path in waiting:
        if path not in found:
            found.append(path)
            waiting += _targets(path, _IMPORT)
    return found


def named_by(module: Path) -> list[Path]:
    """Return the modules that this one names anywhere: in imports, late imports and types."""
    return _targets(module.resolve(), _ANY_NAME)


def _targets(module: Path, names: re.Pattern[str]) -> list[Path]:
    found = names.findall(module.read_text())
    return [(module.parent / name).resolve() for name in found if name.startswith(".")]
