"""The setting "when I am away" and the service worker, in a real browser.

No push service can be reached from here: only `PushManager.subscribe` of the page is replaced, by one that makes a
subscription with keys of its own. The worker is the real one, and is handed its pushes by the browser's debugger.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from accounts import vapid
from tests.browser.chat_cast import PATIENCE_MS, Cast, Someone
from tests.browser.looks import problems
from tests.chromium import whole_browser_of
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder

ENDPOINT: Final = "https://fcm.googleapis.com/fcm/send/of-this-browser"
# What a browser with a push service has; the state lives as long as the page, as in sessionStorage.
SUBSCRIBING: Final = """
  const made = (key) => ({
    endpoint: ENDPOINT,
    unsubscribe: async () => { sessionStorage.removeItem("subscribed"); return true; },
    toJSON: () => ({ endpoint: ENDPOINT, expirationTime: null, keys: JSON.parse(sessionStorage.subscribed).keys }),
  });
  PushManager.prototype.getSubscription = async () => (sessionStorage.subscribed ? made() : null);
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const keys = { p256dh: url(point), auth: url(crypto.getRandomValues(new Uint8Array(16))) };
    sessionStorage.subscribed = JSON.stringify({ keys, userVisibleOnly, applicationServerKey: url(applicationServerKey) });
    return made();
  };
""".replace("ENDPOINT", json.dumps(ENDPOINT))


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Browser:
    """The build without windows blocks notifications, whatever it is told to allow."""
    return whole_browser_of(request.config)


@pytest.fixture(scope="module")
def key() -> str:
    return vapid.new_private_key()


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder, key: str) -> Iterator[Site]:
    expect.set_options(timeout=PATIENCE_MS)
    settings: dict[str, Any] = {"VAPID_PRIVATE_KEY": key, "VAPID_SUBJECT": "mailto:admin@chat.example"}
    with site_builder.running(UVICORN_SQLITE, **settings) as running:
        yield running


def settings_page(
    person: Someone, *, before: str = SUBSCRIBING, permission: bool | None = True, **options: Any
) -> Page:
    """Open the settings of someone; `permission`: whether this browser allows notifications, None: it would ask."""
    context = person.context(**options)
    if permission:
        context.grant_permissions(["notifications"])
    page = context.new_page()
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    page.on("console", person._heard)
    page.add_init_script(before)
    page.goto("/settings/")
    return page


def state(page: Page) -> str | None:
    return page.locator("#away-setting").get_attribute("data-state")


def subscriptions(person: Someone) -> int:
    return int(person.site.people.tell("push_subscriptions", username=person.name))


def test_it_is_turned_on_and_off_and_stays_so(someone: Cast, key: str) -> None:
    alice = someone("alice")
    page = settings_page(alice)
    setting = page.locator("#away-setting")
    expect(setting).to_have_attribute("data-state", "off")
    page.get_by_role("button", name="Turn on").click()
    expect(setting).to_have_attribute("data-state", "on")
    assert subscriptions(alice) == 1
    asked = page.evaluate("JSON.parse(sessionStorage.subscribed)")
    assert (asked["userVisibleOnly"], asked["applicationServerKey"]) == (True, vapid.public_key_of(key))
    scopes = page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.map((each) => each.scope))")
    assert scopes == [f"{alice.site.processes[0].origin}/"]
    page.reload()
    expect(setting).to_have_attribute("data-state", "on")
    page.get_by_role("button", name="Turn off").click()
    expect(setting).to_have_attribute("data-state", "off")
    assert subscriptions(alice) == 0
    page.reload()
    expect(setting).to_have_attribute("data-state", "off")


def test_what_the_server_has_forgotten_is_off(someone: Cast) -> None:
    """After a password change, say: the browser still has its half, and nothing would come."""
    alice = someone("alice")
    page = settings_page(alice)
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#away-setting")).to_have_attribute("data-state", "on")
    page.evaluate(
        """() => fetch("/api/push-subscription", {
          method: "DELETE", headers: {"X-CSRFToken": document.querySelector("meta[name=csrf-token]").content}})"""
    )
    page.reload()
    expect(page.locator("#away-setting")).to_have_attribute("data-state", "off")
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#away-setting")).to_have_attribute("data-state", "on")


@pytest.mark.parametrize(
    ("before", "expected", "said"),
    [
        ("delete window.PushManager", "unsupported", "cannot show notifications"),
        ("delete Navigator.prototype.serviceWorker", "unsupported", "cannot show notifications"),
        (
            "ServiceWorkerContainer.prototype.getRegistration = async () => { throw new Error('refused'); }",
            "unsupported",
            "cannot show notifications",
        ),
        ("delete window.PushManager; navigator.standalone = false", "install", "home screen"),
        (
            "Object.defineProperty(Notification, 'permission', { get: () => 'denied' })",
            "blocked",
            "Blocked by this browser",
        ),
    ],
    ids=["no push", "no service workers", "nothing kept", "iPhone", "blocked"],
)
def test_what_cannot_be_turned_on_says_why_and_offers_nothing(
    someone: Cast, before: str, expected: str, said: str
) -> None:
    page = settings_page(someone("alice"), before=before, permission=None)
    expect(page.locator("#away-setting")).to_have_attribute("data-state", expected)
    expect(page.locator("#away-setting [role=status]")).to_contain_text(said)
    expect(page.locator("#away-setting button")).to_be_hidden()


def test_a_service_that_fails_is_told_and_can_be_tried_again(someone: Cast) -> None:
    alice = someone("alice")
    fails = "PushManager.prototype.subscribe = async () => { throw new DOMException('no service', 'AbortError'); };"
    page = settings_page(alice, before=SUBSCRIBING + fails)
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("That did not work. Please try again.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on")).to_be_enabled()
    assert state(page) == "off"
    assert subscriptions(alice) == 0


def test_who_says_no_to_the_browser_s_question_keeps_it_off(someone: Cast) -> None:
    says_no = "Notification.requestPermission = async () => 'default';"
    alice = someone("alice")
    page = settings_page(alice, before=SUBSCRIBING + says_no, permission=None)
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#away-setting button")).to_have_attribute("aria-busy", "false")
    assert (state(page), subscriptions(alice)) == ("off", 0)


def test_the_setting_has_no_fault_in_any_state_theme_and_width(someone: Cast) -> None:
    found = []
    for before in (SUBSCRIBING, "delete window.PushManager"):
        page = settings_page(someone("alice"), before=before)
        expect(page.locator("#away-setting[data-state]")).to_be_visible()
        found += problems(page, before)
    assert found == []


# --- The service worker -------------------------------------------------------------------------------------------------


class Worker:
    """The service worker of a context whose page has turned notifications on."""

    def __init__(self, page: Page) -> None:
        page.get_by_role("button", name="Turn on").click()
        expect(page.locator("#away-setting")).to_have_attribute("data-state", "on")
        self.page = page
        self.origin = page.evaluate("location.origin")
        self._protocol: CDPSession = page.context.new_cdp_session(page)
        self._registrations: list[str] = []
        self._protocol.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: self._registrations.extend(each["registrationId"] for each in told["registrations"]),
        )
        self._protocol.send("ServiceWorker.enable")
        for _ in range(100):
            if self._registrations:
                break
            page.wait_for_timeout(50)
        self._evaluate(
            """() => {
              self.shown = [];
              const show = self.registration.showNotification.bind(self.registration);
              self.registration.showNotification = async (title, options) => {
                await show(title, options);
                self.shown.push(options.body);
              };
            }"""
        )

    def _evaluate(self, script: str, told: str | None = None) -> Any:
        (worker,) = self.page.context.service_workers
        return worker.evaluate(script, told)

    def look_away(self) -> None:
        """Playwright has every page believe that it is looked at, until told otherwise."""
        other = self.page.context.new_page()
        other.bring_to_front()
        self._protocol.send("Emulation.setFocusEmulationEnabled", {"enabled": False})

    def push(self, **told: str) -> None:
        shown = {"title": "bob in Harbour", "body": "hello", "tag": "room:harbour", "icon": "", "url": "/", **told}
        message = {"origin": self.origin, "registrationId": self._registrations[-1], "data": json.dumps(shown)}
        self._protocol.send("ServiceWorker.deliverPushMessage", message)

    def notifications(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.page.evaluate(
            """async () => (await (await navigator.serviceWorker.ready).getNotifications())
              .map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }))"""
        )
        return found

    def wait_for(self, body: str) -> list[dict[str, str]]:
        """Wait until a notification is shown. Chromium forgets one for which it is asked before that."""
        for _ in range(100):
            if body in self._evaluate("self.shown"):
                return self.notifications()
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{body!r} was not shown, but {self.notifications()}")

    def click(self, body: str) -> list[str]:
        """Click a notification; return the addresses of the windows opened. Only a hand may open one and bring it to
        the front, so that these two are noted instead."""
        opened: list[str] = self._evaluate(
            """async (body) => {
              const opened = [];
              self.clients.openWindow = async (url) => { opened.push(url); };
              WindowClient.prototype.focus = async function () { return this; };
              const shown = await self.registration.getNotifications();
              const notification = shown.find((each) => each.body === body);
              const event = new NotificationEvent("notificationclick", { notification });
              const waited = [];
              event.waitUntil = (promise) => waited.push(promise);
              self.dispatchEvent(event);
              await Promise.all(waited);
              return opened;
            }""",
            body,
        )
        return opened


@pytest.fixture
def worker(someone: Cast) -> Worker:
    return Worker(settings_page(someone("alice")))


def test_a_push_is_shown_unless_somebody_looks_at_parley(worker: Worker) -> None:
    worker.push(body="while looking", tag="room:market")
    worker.look_away()
    worker.push(body="while away", url="/rooms/harbour/?seq=7")
    assert worker.wait_for("while away") == [
        {"title": "bob in Harbour", "body": "while away", "tag": "room:harbour", "url": "/rooms/harbour/?seq=7"}
    ]


def test_the_newest_of_a_room_takes_the_place_of_the_one_before(worker: Worker) -> None:
    worker.look_away()
    worker.push(body="first")
    worker.push(body="of another room", tag="room:market")
    worker.push(body="second")
    assert sorted(each["body"] for each in worker.wait_for("second")) == ["of another room", "second"]


def test_a_click_opens_the_room_where_none_is_open(worker: Worker) -> None:
    worker.look_away()
    worker.push(body="look", url="/rooms/harbour/?seq=7")
    worker.wait_for("look")
    assert worker.click("look") == [f"{worker.origin}/rooms/harbour/?seq=7"]
    assert worker.notifications() == []


def test_a_click_leads_the_open_tab_of_the_room_to_the_message(worker: Worker) -> None:
    worker.look_away()
    worker.push(body="look", url="/settings/?seq=7")
    worker.wait_for("look")
    assert worker.click("look") == []
    expect(worker.page).to_have_url(re.compile(r"/settings/\?seq=7$"))


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_a_click_leads_nowhere_but_into_parley(worker: Worker, url: str) -> None:
    worker.look_away()
    worker.push(body="look", url=url)
    worker.wait_for("look")
    assert worker.click("look") == []
    expect(worker.page).to_have_url(re.compile(r"/settings/$"))
