"""Runs every `*.test.js` here in a real browser, and reports each of its tests as a test of its own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium

from tests.chromium import browser_of
from tests.js.peer import Peer
from tests.js.static_server import StaticServer

MODULE_TIMEOUT_MS = 120_000
TEST_NAME = re.compile(r'^test\("((?:[^"\\]|\\.)+)"', re.MULTILINE)
Outcome = tuple[str, str | None]
"""A test's name, and what went wrong in it."""
EVERYTHING_RAN = "the module runs all tests that it declares, and no others"


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> "JsModule | None":
    if file_path.name.endswith(".test.js"):
        return JsModule.from_parent(parent, path=file_path)
    return None


class JsFailure(Exception):
    """What the browser reported."""


class JsModule(pytest.File):
    declared: list[str]
    _results: "list[Outcome] | JsFailure | None"

    def collect(self) -> "Iterator[JsTest]":
        self.declared = [name.replace('\\"', '"') for name in TEST_NAME.findall(self.path.read_text())]
        self._results = None
        for name in [EVERYTHING_RAN, *self.declared]:
            yield JsTest.from_parent(self, name=name)

    def results(self) -> "list[Outcome]":
        """Name -> None if it passed, else what went wrong. The module runs once, at the first question."""
        if self._results is None:
            try:
                self._results = Browser.of(self.session).run(self.path)
            except JsFailure as failure:
                self._results = failure
        if isinstance(self._results, JsFailure):
            raise self._results
        return self._results


class JsTest(pytest.Item):
    def runtest(self) -> None:
        module = self.parent
        assert isinstance(module, JsModule)
        results = module.results()
        if self.name == EVERYTHING_RAN:
            assert module.declared, "the module declares no test"
            assert [name for name, _ in results] == module.declared
            return
        outcomes = [outcome for name, outcome in results if name == self.name]
        if outcomes != [None]:
            raise JsFailure("\n".join(outcome or "passed" for outcome in outcomes) or "the test did not run")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if excinfo.errisinstance((JsFailure, AssertionError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.path.stem} › {self.name}"


class Browser:
    """The browser with one static server and one peer for the whole run."""

    _KEY = pytest.StashKey["Browser"]()

    @classmethod
    def of(cls, session: pytest.Session) -> "Browser":
        if cls._KEY not in session.config.stash:
            session.config.stash[cls._KEY] = cls(browser_of(session.config))
            session.config.add_cleanup(session.config.stash[cls._KEY].close)
        return session.config.stash[cls._KEY]

    def __init__(self, browser: Chromium) -> None:
        self._static = StaticServer().__enter__()
        self._peer = Peer().__enter__()
        self._browser = browser

    def run(self, path: Path) -> "list[Outcome]":
        # A fresh context for each module: no storage, lock or cookie of another module.
        context = self._browser.new_context()
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        try:
            page.goto(f"{self._static.url}/tests/runner.html?module={path.name}&peer={self._peer.url}")
            page.wait_for_function("window.results !== undefined", timeout=MODULE_TIMEOUT_MS)
            results = page.evaluate("window.results")
            if isinstance(results, str):
                raise JsFailure(f"the module cannot be loaded: {results}")
            return [(result["name"], result["error"]) for result in results]
        except Exception as error:
            raise JsFailure("\n".join([f"{path.name} did not run to its end: {error}", *complaints])) from error
        finally:
            context.close()

    def close(self) -> None:
        self._peer.__exit__()
        self._static.__exit__()
