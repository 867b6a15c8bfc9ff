"""`python -m tests.layers`: the import law of the JavaScript. `make check` runs it.

A module may name modules of its own layer and of those below: in imports, late imports and types. The layers are complete:
a module in none of them is an error, as is a layer without modules.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.js.module_graph import named_by

JAVASCRIPT: Final = Path(__file__).parent.parent / "static" / "chat" / "js"

LAYERS: Final[tuple[tuple[str, ...], ...]] = (
    ("examples", "service-worker.js"),
    ("pages/app.js", "accounts"),
    ("pages/room",),
    ("pages/actions",),
    ("pages/timeline", "pages/composer", "pages/rooms"),
    ("pages/message", "pages/claude"),
    ("pages/streaming",),
    ("pages/markdown",),
    ("pages/code", "pages/shell"),
    ("pages/people",),
    ("pages/base",),
    # The addresses that docs/javascript.md publishes: each leads on to a module of the library.
    (
        *("client.js", "errors.js", "outbox.js", "reconnecting-socket.js"),
        *("room-state.js", "stream-state.js", "use-socket.js"),
    ),
    ("client/use-socket.js",),
    ("client/client.js",),
    ("client/ask.js", "client/claude-requests.js", "client/request-table.js"),
    ("client/rooms",),
    ("client/streams", "client/outbox"),
    ("client/connection",),
    ("client/clock.js", "client/emitter.js", "client/errors.js", "client/random-id.js"),
    ("client/requests.d.ts", "client/state.d.ts"),
    ("protocol.d.ts",),
)
"""From top to bottom. The parts of one layer are folders or modules, and don't name each other."""


class Module(NamedTuple):
    path: str
    names: tuple[str, ...]


def modules_in(root: Path) -> Iterator[Module]:
    """Yield each module below a folder, with the modules of the same folder that it names."""
    root = root.resolve()
    for path in sorted(root.rglob("*")):
        if path.suffix == ".js" or path.name.endswith(".d.ts"):
            named = [each.relative_to(root).as_posix() for each in named_by(path) if each.is_relative_to(root)]
            yield Module(path.relative_to(root).as_posix(), tuple(named))


def part_of(path: str, layers: tuple[tuple[str, ...], ...] = LAYERS) -> tuple[int, str] | None:
    """Return a module's layer, counted from the top, and its part of it."""
    for depth, layer in enumerate(layers):
        for part in layer:
            if path == part or path.startswith(f"{part}/"):
                return depth, part
    return None


def faults(modules: list[Module], layers: tuple[tuple[str, ...], ...] = LAYERS) -> Iterator[str]:
    """Yield what breaks the law, in words."""
    places = {path: part_of(path, layers) for module in modules for path in (module.path, *module.names)}
    for path, place in sorted(places.items()):
        if place is None:
            yield f"{path} is in no layer: name its folder in tests/layers.py"
    filled = {place for path, place in places.items() if place}
    for depth, layer in enumerate(layers):
        for part in layer:
            if (depth, part) not in filled:
                yield f"{part} has no modules: take it out of tests/layers.py"
    for module in modules:
        for name in module.names:
            above, below = places[module.path], places[name]
            if above and below and above != below and above[0] >= below[0]:
                yield f"{module.path} names {name}: {above[1]} may not know {below[1]}"


def main() -> int:
    found = list(faults(list(modules_in(JAVASCRIPT))))
    for each in found:
        print(each)
    print(f"{len(found)} faults in the layers." if found else "Layers: none is broken.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
