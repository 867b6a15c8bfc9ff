"""Alice and bob in front of real pages: fixtures and moves that the page tests share."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright

from config.system_packages import chromium
from tests.servers.pages import submit
from tests.servers.people import Person, unique
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

CHROMIUM_ARGS = [
    *("--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-quic", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or chromium()
    with playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS) as launched:
        yield launched


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    with site_builder.running(UVICORN_SQLITE) as running:
        yield running


class Someone:
    """A person with a browser of their own, signed in. Complaints are errors of the page and broken policies."""

    def __init__(self, site: Site, browser: Browser, word: str) -> None:
        self.site = site
        self.person: Person = site.people.create(word)[0]
        self.key = site.people.sign_in(self.person)
        self.complaints: list[str] = []
        self._browser = browser
        self.contexts: list[BrowserContext] = []

    @property
    def name(self) -> str:
        return self.person.username

    def context(self, width: int = 1280, height: int = 800, origin: str = "", **options: object) -> BrowserContext:
        origin = origin or self.site.processes[0].origin
        made = self._browser.new_context(base_url=origin, viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        made.add_cookies([{"name": "sessionid", "value": self.key, "url": origin}])
        made.set_default_timeout(PATIENCE_MS)
        self.contexts.append(made)
        return made

    def tab(self, path: str, context: BrowserContext | None = None) -> Page:
        """Open a page and wait until it is connected."""
        context = context or (self.contexts[0] if self.contexts else self.context())
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.goto(path)
        page.wait_for_selector('html[data-connection="connected"]')
        return page

    def room(self, slug: str, context: BrowserContext | None = None) -> Page:
        page = self.tab(f"/rooms/{slug}/", context)
        expect(page.get_by_test_id("presence")).to_contain_text(self.name)
        return page

    def create_room(self, *members: "Someone", kind: str = "closed") -> str:
        name = unique("room")
        names = ",".join(member.name for member in members)
        submit(self.site.processes[0], self.key, "/rooms/new", {"kind": kind, "name": name, "members": names})
        return name

    def _heard(self, said: object) -> None:
        text, kind = getattr(said, "text", ""), getattr(said, "type", "")
        # A server that is away is what some tests are about.
        if kind == "error" and "net::ERR_" not in text:
            self.complaints.append(text)


Cast = Callable[[str], Someone]


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
    complaints = [complaint for each in cast for complaint in each.complaints]
    assert not complaints, f"the pages complained: {complaints}"


def say(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def message(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


def act(page: Page, text: str, action: str) -> None:
    """Use a button of a message's toolbar."""
    message(page, text).hover()
    page.get_by_test_id(f"action-{action}").click()
