"""No module keeps state of its own: what a process keeps are parts of its process object, which ends them."""

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
# The process object itself.
_IS_THE_PLACE: Final = {"chat/lifetime.py"}
# Values, and tables that are filled at their first use and hold the same in every process.
_NEVER_CHANGE: Final = {"Progress", "Requester", "_EndedOutbox", "_Kinds"}
_HOLDERS: Final = {
    "Counter",
    "Lock",
    "OrderedDict",
    "RLock",
    "ThreadPoolExecutor",
    "WeakKeyDictionary",
    "WeakValueDictionary",
    "defaultdict",
    "deque",
    "dict",
    "list",
    "set",
}


def kept_by(source: str) -> list[str]:
    """Return what a module would keep: names that it rebinds, and containers, locks and pools that begin empty."""
    tree = ast.parse(source)
    rebound = [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]
    return rebound + [ast.unparse(node).splitlines()[0] for node in tree.body if _begins_empty(node)]


def _begins_empty(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return False
    match node.value:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _HOLDERS:
            return not arguments
        case ast.Call(func=ast.Attribute(attr=name), args=arguments) if name in _HOLDERS:
            return not arguments
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]):
            # A class of our own, made at import: most keep something.
            return name.lstrip("_")[:1].isupper() and name not in _NEVER_CHANGE
    return False


@pytest.mark.parametrize(
    ("source", "keeps"),
    [
        ("_known: Final[dict[str, int]] = {}", True),
        ("_free = []", True),
        ("_threads = ThreadPoolExecutor(max_workers=2)", True),
        ("_lock = threading.Lock()", True),
        ("_gates: 'WeakKeyDictionary[object, int]' = WeakKeyDictionary()", True),
        ("_now = None\ndef learn():\n    global _now\n    _now = 1", True),
        ("_BACKEND: Final = Backend()", True),
        ("NOTHING: Final = Progress()", False),
        ("NAMES: Final = {'a': 1}", False),
        ("KINDS = set(('a', 'b'))", False),
        ("def fresh():\n    found = []\n    return found", False),
        ("class Known(dict[str, int]):\n    pass", False),
    ],
)
def test_state_is_told_from_tables(source: str, keeps: bool) -> None:
    assert bool(kept_by(source)) is keeps


@pytest.mark.parametrize("package", ["chat"])
def test_no_module_keeps_state(package: str) -> None:
    modules = {str(path.relative_to(ROOT)): path for path in (ROOT / package).rglob("*.py")}
    kept = {name: kept_by(path.read_text()) for name, path in modules.items() if name not in _IS_THE_PLACE}
    assert {name: what for name, what in kept.items() if what} == {}
