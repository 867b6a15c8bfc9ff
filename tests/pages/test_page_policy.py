"""The Content-Security-Policy of the pages, and that the templates keep to it: no script and no style in the page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chat.models import Room
from tests.pages.conftest import Seat
from tests.pages.messages import stored
from tests.servers.processes import REPOSITORY

PAGES = [
    *("/", "/rooms/", "/rooms/new", "/direct/new", "/search?q=hello", "/rooms/launch/", "/rooms/launch/people"),
    *("/rooms/launch/invite", "/rooms/launch/details", "/rooms/nowhere/"),
]
PAGE_MODULES = REPOSITORY / "static" / "chat" / "js" / "pages"


class Violations(HTMLParser):
    """Collects what the policy would block: scripts and styles in the page, handlers and styles in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self._in_script = tag == "script" and names.get("type") != "application/json"
        if tag == "style" or "style" in names:
            self.found.append(f"<{tag}> with a style")
        self.found += [f"<{tag} {name}>" for name in names if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.found.append(f"script in the page: {data.strip()[:40]}")


def directives(header: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in header.split(";") if part.strip())}


@pytest.mark.parametrize("path", PAGES)
def test_pages_carry_the_policy_and_keep_to_it(alice: Seat, closed_room: Room, path: str) -> None:
    response = alice.client.get(path)
    policy = directives(response["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert policy["trusted-types"] == ["parley-sanitised", "parley-service-worker", "parley-highlighter"]
    violations = Violations()
    violations.feed(response.content.decode())
    assert violations.found == []


def test_the_checker_sees_what_the_policy_blocks() -> None:
    violations = Violations()
    violations.feed('<p style="x" onclick="y()"></p><style></style><script>z()</script><script src="/a.js"></script>')
    assert len(violations.found) == 4


def test_hostile_text_stays_text_in_the_page_s_data(alice: Seat, closed_room: Room) -> None:
    stored(closed_room, alice, "</script><script>alert(1)</script><!--")
    closed_room.topic = "<img src=x onerror=alert(1)> \u202e"
    closed_room.save(update_fields=["topic"])
    for path in ("/rooms/launch/", "/rooms/launch/details", "/search?q=alert"):
        html = alice.client.get(path).content.decode()
        violations = Violations()
        violations.feed(html)
        assert violations.found == []
        assert "<img src=x" not in html


@pytest.mark.parametrize(
    "sink", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval("]
)
def test_html_enters_the_document_in_one_module_only(sink: str) -> None:
    users = {path.name for path in PAGE_MODULES.rglob("*.js") if sink in path.read_text()}
    assert users == ({"sanitised-html.js"} if sink == "innerHTML" else set())


def test_modules_stay_small_and_import_by_fixed_relative_names() -> None:
    for path in sorted(PAGE_MODULES.rglob("*.js")):
        source = path.read_text()
        assert source.count("\n") <= 300, path.name
        names = re.findall(r'^import (?:.* from )?"([^"]+)";$', source, re.MULTILINE)
        assert all(name.startswith(("./", "../")) and Path(path.parent, name).is_file() for name in names), path.name
        # Hashed names are written into static imports only.
        assert not re.search(r"(?<!@param \{)(?<!\.)\bimport\((?!\")", source), path.name


def test_the_page_asks_for_the_languages_that_the_worker_can_fetch() -> None:
    asked = re.search(
        r"LANGUAGES = new Set\(\[(.*?)\]\)", (PAGE_MODULES / "code/highlighting.js").read_text(), re.DOTALL
    )
    fetched = re.findall(
        r"^  (\w+): \(\) => import\(.*/(\w+)\.min\.js",
        (PAGE_MODULES / "code/highlight-worker.js").read_text(),
        re.MULTILINE,
    )
    assert asked is not None and all(name == file for name, file in fetched)
    vendored = {path.name.partition(".")[0] for path in (PAGE_MODULES / "../../vendor/highlight/languages").iterdir()}
    assert set(re.findall(r'"(\w+)"', asked[1])) == {name for name, _ in fetched} == vendored
