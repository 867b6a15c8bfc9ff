"""The browser, a site that the modules share, and people in front of pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chat_cast import FILES_ARE_KEPT, PATIENCE_MS, Cast, Someone
from tests.chromium import browser_of
from tests.servers.sites import UVICORN_SQLITE, SharedSites, Site, SiteBuilder


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Browser:
    return browser_of(request.config)


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def shared_sites(site_builder: SiteBuilder) -> Iterator[SharedSites]:
    sites = SharedSites(site_builder, **FILES_ARE_KEPT)
    yield sites
    sites.stop()


@pytest.fixture(scope="module")
def site(shared_sites: SharedSites) -> Iterator[Site]:
    """The installation of all modules that only add people and rooms to it; the others start one of their own."""
    with shared_sites.watched(UVICORN_SQLITE) as running:
        yield running


@pytest.fixture(scope="module")
def own_site(site_builder: SiteBuilder) -> Iterator[Site]:
    """An installation for modules that stop and start it: a failure there must not spoil the other modules."""
    with site_builder.running(UVICORN_SQLITE) as running:
        yield running


@pytest.fixture
def someone(site: Site, browser: Browser) -> Iterator[Cast]:
    """Return a function that brings a person; nothing may have gone wrong in their pages."""
    cast: list[Someone] = []

    def bring(word: str) -> Someone:
        cast.append(Someone(site, browser, word))
        return cast[-1]

    yield bring
    for each in cast:
        for context in each.contexts:
            context.close()
    assert [complaint for each in cast for complaint in each.complaints] == []
