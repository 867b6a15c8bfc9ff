"""The graph of the pages' modules: fetched at once, and of a shape in which hashed names can be written into it."""

import re
from pathlib import Path

from chat.models import Room
from config.static import ModuleStaticFilesStorage
from tests.js.module_graph import loaded_by, named_by
from tests.pages.conftest import Seat
from tests.servers.processes import REPOSITORY

STATIC = REPOSITORY / "static"
PRELOADED = re.compile(r'<link rel="modulepreload" href="/static/([^"]+)">')


def test_a_page_preloads_the_modules_that_its_script_loads_and_no_others(alice: Seat, closed_room: Room) -> None:
    needed = [path.relative_to(STATIC).as_posix() for path in loaded_by(STATIC / "chat/js/pages/app.js")]
    assert len(needed) > 50, "the graph was not found"
    for page in ("/rooms/launch/", "/rooms/", "/usage"):
        preloaded = PRELOADED.findall(alice.client.get(page).content.decode())
        assert len(preloaded) == len(set(preloaded))
        # When this fails: one line for each in templates/chat/_modules.html.
        missing, needless = set(needed) - set(preloaded), set(preloaded) - set(needed)
        assert (missing, needless) == (set(), set()), page


def test_the_modules_name_each_other_without_a_cycle_and_not_too_deep() -> None:
    depths: dict[Path, int] = {}

    def depth_of(module: Path, above: tuple[Path, ...] = ()) -> int:
        assert module not in above, f"a cycle: {[path.name for path in (*above, module)]}"
        if module not in depths:
            named = [path for path in named_by(module) if path.suffix == ".js"]
            depths[module] = 1 + max((depth_of(path, (*above, module)) for path in named), default=0)
        return depths[module]

    modules = [path.resolve() for path in (STATIC / "chat/js").rglob("*.js")]
    assert max(map(depth_of, modules)) < ModuleStaticFilesStorage.max_post_process_passes
