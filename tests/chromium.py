"""One Chromium for all tests of a process: Playwright's own loop cannot be started twice in a thread."""

import os
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from config.system_packages import chromium

ARGUMENTS: Final = [
    "--no-sandbox",  # for root, who may not have one
    *("--no-first-run", "--disable-gpu", "--disable-quic", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
_KEY: Final = pytest.StashKey[Browser]()


def executable() -> str | None:
    """Return where the browser is: CHROMIUM, or what the system has."""
    return os.environ.get("CHROMIUM") or chromium()


def browser_of(config: pytest.Config) -> Browser:
    """Return the browser, started when first asked for and closed with the test run."""
    if _KEY not in config.stash:
        playwright = sync_playwright().start()
        config.stash[_KEY] = browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        config.add_cleanup(playwright.stop)
        config.add_cleanup(browser.close)  # the cleanups run in reverse order
    return config.stash[_KEY]
