"""One Playwright for all tests of a process, since its loop cannot be started twice in a thread, and its browsers."""

import os
from typing import Final

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from config.system_packages import chromium, headless_chromium

ARGUMENTS: Final = [
    "--no-sandbox",  # for root, who may not have one
    *("--no-first-run", "--disable-gpu", "--disable-quic", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
_PLAYWRIGHT: Final = pytest.StashKey[Playwright]()
_BROWSERS: Final = pytest.StashKey[dict[str | None, Browser]]()


def executable() -> str | None:
    """Return where the browser is: CHROMIUM, or of what the system has the one that costs least."""
    return os.environ.get("CHROMIUM") or headless_chromium()


def whole_executable() -> str | None:
    """Return where the browser is that people have, with windows, notifications and pushes."""
    return os.environ.get("CHROMIUM") or chromium() or headless_chromium()


def browser_of(config: pytest.Config) -> Browser:
    """Return the browser, started when first asked for and closed with the test run."""
    return _running(config, executable())


def whole_browser_of(config: pytest.Config) -> Browser:
    """Return the browser that people have, in the same way."""
    return _running(config, whole_executable())


def _running(config: pytest.Config, path: str | None) -> Browser:
    if _PLAYWRIGHT not in config.stash:
        config.stash[_PLAYWRIGHT] = sync_playwright().start()
        config.stash[_BROWSERS] = {}
        config.add_cleanup(config.stash[_PLAYWRIGHT].stop)
    browsers = config.stash[_BROWSERS]
    if path not in browsers:
        browsers[path] = config.stash[_PLAYWRIGHT].chromium.launch(executable_path=path, args=ARGUMENTS)
        config.add_cleanup(browsers[path].close)  # the cleanups run in reverse order
    return browsers[path]
