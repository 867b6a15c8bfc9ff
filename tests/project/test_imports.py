"""No module imports itself by a way round, not even for a type: what needs the other's names belongs below both."""

from collections.abc import Iterator, Mapping
from typing import Final

import grimp

PACKAGES: Final = ("accounts", "chat", "config")


def circles(imports: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Yield the modules that reach one another: what is left when all that import nothing left are taken away, and back."""
    left = {module: set(imported) for module, imported in imports.items()}
    while ends := {module for module, imported in left.items() if not imported & left.keys()}:
        left = {module: imported for module, imported in left.items() if module not in ends}
    while starts := left.keys() - {each for imported in left.values() for each in imported}:
        left = {module: imported for module, imported in left.items() if module not in starts}
    if left:
        yield sorted(left)


def test_no_import_circle() -> None:
    graph = grimp.build_graph(*PACKAGES)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 200
    assert list(circles(imports)) == []


def test_a_circle_is_found_with_all_its_modules_and_no_others() -> None:
    imports = {"top": {"a"}, "a": {"b", "low"}, "b": {"c"}, "c": {"a"}, "low": set[str]()}
    assert list(circles(imports)) == [["a", "b", "c"]]
    assert list(circles({**imports, "c": set()})) == []
