"""The import law of the JavaScript finds what breaks it, and nothing else; the program keeps to it."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.layers import JAVASCRIPT, LAYERS, Module, faults, modules_in, part_of

HOUSE = (("app.js",), ("room", "rooms"), ("base/toasts.js",), ("base",), ("types.d.ts",))
MODULES = {
    "app.js": 'import { Room } from "./room/room.js";',
    "room/room.js": 'import "../base/dom.js";\nimport { place } from "./place.js";',
    "room/place.js": "export const place = 1;",
    "rooms/list.js": 'const late = import("../base/dom.js");',
    "base/toasts.js": 'import { el } from "./dom.js";',
    "base/dom.js": '/** @typedef {import("../types.d.ts").Node} Node */',
    "types.d.ts": "export interface Node {}",
}


class Case(NamedTuple):
    kind: str
    path: str
    text: str
    found: str


CASES = (
    Case("an import", "base/dom.js", 'import "../room/room.js";', "base may not know room"),
    Case(
        "an import over lines", "base/dom.js", 'import {\n  a,\n  b,\n} from "../app.js";', "base may not know app.js"
    ),
    Case("an export", "base/dom.js", 'export { a } from "../rooms/list.js";', "base may not know rooms"),
    Case("a late import", "base/dom.js", 'const a = () => import("../room/place.js");', "base may not know room"),
    Case("a worker", "base/dom.js", 'new URL("../room/place.js", import.meta.url)', "base may not know room"),
    Case("a type in a comment", "base/dom.js", '/** @type {import("../app.js").A} */', "base may not know app.js"),
    Case(
        "a type of a declaration",
        "types.d.ts",
        'import type { A } from "./base/dom.js";',
        "types.d.ts may not know base",
    ),
    Case("beside it", "room/place.js", 'import "../rooms/list.js";', "room may not know rooms"),
    Case("a module above its folder", "base/dom.js", 'import "./toasts.js";', "base may not know base/toasts.js"),
    Case("a new folder", "threads/thread.js", "", "threads/thread.js is in no layer"),
    Case("a new module beside the folders", "extra.js", "", "extra.js is in no layer"),
    Case("a name that only begins so", "base2/dom.js", "", "base2/dom.js is in no layer"),
)


def house(root: Path, **changed: str) -> list[Module]:
    for name, text in {**MODULES, **changed}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(modules_in(root))


def test_a_house_in_order_has_no_faults(tmp_path: Path) -> None:
    modules = house(tmp_path)
    assert {module.path for module in modules} == set(MODULES)
    assert list(faults(modules, HOUSE)) == []


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_what_breaks_the_law_is_found(case: Case, tmp_path: Path) -> None:
    (found,) = faults(house(tmp_path, **{case.path: case.text}), HOUSE)
    assert found.startswith(case.path) and case.found in found


def test_a_layer_that_has_gone_is_found(tmp_path: Path) -> None:
    (found,) = faults(house(tmp_path), (("threads",), *HOUSE))
    assert found.startswith("threads has no modules")


def test_the_program_keeps_to_its_layers() -> None:
    assert list(faults(list(modules_in(JAVASCRIPT)))) == []


def test_each_folder_of_the_pages_is_a_layer_and_the_library_is_below_all_of_them() -> None:
    folders = [path for path in (JAVASCRIPT / "pages").iterdir() if path.is_dir()]
    assert {f"pages/{path.name}" for path in folders} <= {part for layer in LAYERS for part in layer}
    depths = [part_of(module.path) for module in modules_in(JAVASCRIPT)]
    pages = [place[0] for place in depths if place and place[1].startswith("pages/")]
    library = [place[0] for place in depths if place and place[1].startswith("client")]
    assert max(pages) < min(library)
