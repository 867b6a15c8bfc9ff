"""No test waits without an end: one that hangs would stop the whole run, and say nothing of what it waited for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parents[1]
# The calls that block, and the number of the argument that bounds them; None: only `timeout=` does.
_BLOCKING: Final[dict[str, int | None]] = {
    "subprocess.run": None,
    "subprocess.call": None,
    "subprocess.check_call": None,
    "subprocess.check_output": None,
    "urlopen": 2,
    "urllib.request.urlopen": 2,
    "socket.create_connection": 1,
}
# The same of any object.
_BLOCKING_METHODS: Final[dict[str, int | None]] = {"communicate": 1, "join": 0, "wait": 0}
# One may join rooms, too.
_JOINED: Final = re.compile("thread|process|worker")
_WORTH_READING: Final = re.compile(
    "|".join(rf"\b{name.rpartition('.')[2]}\(" for name in (*_BLOCKING, *_BLOCKING_METHODS))
)


def endless(source: str) -> Iterator[int]:
    """Yield the lines of a program on which it blocks for as long as something else likes."""
    tree = ast.parse(source)
    # What an event loop waits for ends with its test; an argument is a coroutine that is handed on.
    parents = (node for node in ast.walk(tree) if isinstance(node, ast.Await | ast.Call))
    handed_on = {id(child) for parent in parents for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in handed_on and not _is_bounded(node):
            yield node.lineno


def _is_bounded(call: ast.Call) -> bool:
    if any(keyword.arg in ("timeout", None) for keyword in call.keywords):
        return True
    name = ast.unparse(call.func)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in _BLOCKING:
        position = _BLOCKING[name]
    elif method in _BLOCKING_METHODS and (method != "join" or _JOINED.search(name)):
        position = _BLOCKING_METHODS[method]
    else:
        return True
    return position is not None and len(call.args) > position


def test_every_wait_for_a_process_a_thread_or_a_server_ends() -> None:
    found = [
        f"{path.relative_to(_TESTS.parent)}:{line}"
        for path in sorted(_TESTS.rglob("*.py"))
        if _WORTH_READING.search(source := path.read_text())
        for line in endless(source)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "is_endless"),
    [
        ("process.wait()", True),
        ("process.wait(10)", False),
        ("process.wait(timeout=10)", False),
        ("await event.wait()", False),
        ("await asyncio.wait_for(event.wait(), 1)", False),
        ("process.communicate()", True),
        ("process.communicate(b'x')", True),
        ("process.communicate(b'x', 5)", False),
        ("thread.join()", True),
        ("thread.join(5)", False),
        ("room.join()", False),
        ("', '.join(words)", False),
        ("subprocess.run(command)", True),
        ("done = subprocess.run(command, check=True).stdout", True),
        ("subprocess.run(command, timeout=5)", False),
        ("subprocess.run(command, **options)", False),
        ("with urlopen(address) as response: pass", True),
        ("with urlopen(address, timeout=5) as response: pass", False),
        ("socket.create_connection(address)", True),
        ("socket.create_connection(address, 5)", False),
    ],
)
def test_what_counts_as_a_wait_without_an_end(source: str, is_endless: bool) -> None:
    assert bool(list(endless(source))) == is_endless
