"""Which settings the program reads from the environment, and their defaults where those are plain values."""

import ast
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
# config/serve.py reads these two on its own: they are no business of the settings.
OF_THE_SERVER: Final = {"HOST": "127.0.0.1", "PORT": 8000, "WORKERS": 1}
UNKNOWN: Final = object()


def settings_read() -> dict[str, object]:
    """Return each name given to `env.…(…)` in config/settings.py, with its default or UNKNOWN."""
    tree = ast.parse((REPOSITORY / "config/settings.py").read_text())
    found: dict[str, object] = dict(OF_THE_SERVER)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_env_reader(node.func) and isinstance(node.args[0], ast.Constant):
            found[str(node.args[0].value)] = _default(node)
    return found


def _is_env_reader(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
        and function.attr != "read_env"
    )


def _default(call: ast.Call) -> object:
    for keyword in call.keywords:
        if keyword.arg == "default" and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return UNKNOWN
