"""Alice and bob in front of real pages: the moves that the page tests share."""

from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.servers.pages import slug_of, submit
from tests.servers.people import Person, unique
from tests.servers.sites import Site

PATIENCE_MS = 15_000
# For sites that are never out of reach: where they are, what a browser has kept would hide a fault of the service worker.
FILES_ARE_KEPT = {"DJANGO_SETTINGS_MODULE": "tests.browser.site_settings"}
# What Chromium says about a server that is away or a connection cut while it opens, which some tests are about.
SERVER_AWAY = ("net::ERR_", "Connection closed before receiving a handshake response")


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
        fields = {"kind": kind, "name": name, "members": names}
        return slug_of(submit(self.site.processes[0], self.key, "/rooms/new", fields))

    def _heard(self, said: object) -> None:
        text, kind = getattr(said, "text", ""), getattr(said, "type", "")
        if kind == "error" and not any(words in text for words in SERVER_AWAY):
            self.complaints.append(text)


def name_of(room: str) -> str:
    """Return the name that `create_room` gave to a room: its address without the secret ending."""
    return room.rpartition("-")[0]


Cast = Callable[[str], Someone]


def say(page: Page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Enter")


def message(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


def act(page: Page, text: str, action: str) -> None:
    """Use a button of a message's toolbar: of the first with this text, for a demo reply repeats its prompt."""
    message(page, text).first.hover()
    page.get_by_test_id(f"action-{action}").click()
