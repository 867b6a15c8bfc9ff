"""Tests wait for what they expect, not for a time: one that sleeps is slow on a fast machine and wrong on a slow one."""

import ast
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parents[1]
# In the unit of each: seconds, and milliseconds.
_LONGEST: Final = {"sleep": 0.2, "wait_for_timeout": 200}
_SIGNS: Final = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}

# Where time itself is what a test is about, and nothing shows that it has passed.
_TIME_ITSELF: Final = {
    "faults/mutants.py": "how long the mutant leaves its message uncommitted",
    "faults/network_faults.py": "the pace of a fault run",
    "faults/overlaps.py": "the pace of a fault run",
    "faults/play.py": "the pace of a fault run",
    "faults/revocations.py": "the pace of a fault run",
    "faults/scene.py": "the pace of a fault run",
    "faults/tab.py": "the pace of a fault run",
    "faults/service_faults.py": "the pace of a fault run",
    "faults/test_restore.py": "a process looks at the database, and keeps what it remembers, without a sign",
    "socket/test_database_outage.py": "nothing may come while the database is silent",
    "socket/test_redis_outage.py": "Redis is frozen for longer than its time-outs",
    "socket/test_reply_queries.py": "PostgreSQL hands its counts on once a second",
    "socket/test_report_counts.py": "what is told once a second isn't told a second time",
    "socket/test_run_replies.py": "a process hears of the others without a sign",
}


def fixed_sleeps(source: str) -> Iterator[int]:
    """Yield the lines on which a program sleeps for a time that it always has, and longer than it may."""
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 1:
            longest = _LONGEST.get(ast.unparse(node.func).rpartition(".")[2])
            if longest is not None and (_number(node.args[0], constants) or 0) > longest:
                yield node.lineno


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield ast.unparse(target), node.value


def _number(node: ast.expr, constants: dict[str, ast.expr]) -> float | None:
    """Return the number that this expression always is, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name) and node.id in constants:
        return _number(constants[node.id], {})
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        left, right = _number(node.left, constants), _number(node.right, constants)
        return None if left is None or right is None else _SIGNS[type(node.op)](left, right)
    return None


def test_no_test_sleeps_for_a_fixed_time() -> None:
    found = {
        str(path.relative_to(_TESTS)): lines
        for path in sorted(_TESTS.rglob("*.py"))
        if (lines := list(fixed_sleeps(path.read_text())))
    }
    assert found.keys() - _TIME_ITSELF.keys() == set(), "wait for what the test expects instead"
    assert _TIME_ITSELF.keys() - found.keys() == set(), "these need no exception any more"


@pytest.mark.parametrize(
    ("line", "is_fixed"),
    [
        ("await asyncio.sleep(0.3)", True),
        ("time.sleep(6)", True),
        ("page.wait_for_timeout(1_500)", True),
        ("await asyncio.sleep(LONG)", True),
        ("await asyncio.sleep(4 * (LONG + SHORT))", True),
        ("await asyncio.sleep(LONG / 10)", False),
        ("await asyncio.sleep(SHORT)", False),
        ("await asyncio.sleep(0.2)", False),
        ("page.wait_for_timeout(200)", False),
        ("await asyncio.sleep(left)", False),
        ("await asyncio.sleep(refused[-1] * LONG)", False),
        ("page.clock.run_for(6_000)", False),
    ],
)
def test_what_counts_as_a_fixed_time(line: str, is_fixed: bool) -> None:
    source = f"LONG = 1.0\nSHORT: Final = 0.1\nasync def test():\n    {line}\n"
    assert list(fixed_sleeps(source)) == ([4] if is_fixed else [])
