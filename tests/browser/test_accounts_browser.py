"""The account pages in a real browser: passkeys with a virtual device, the policy unbroken, widths, axe-core."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.servers.people import Person
from tests.servers.sites import Site

PASSWORD = "correct horse battery staple"  # of people who exist in tests only
WIDTHS = (390, 820, 1440)
PUBLIC_PAGES = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
OWN_PAGES = [
    *("/settings/", "/settings/tokens", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/"),
    *("/accounts/2fa/webauthn/", "/accounts/2fa/recovery-codes/", "/accounts/sessions/", "/accounts/logout/"),
]


@pytest.fixture
def person(site: Site) -> Person:
    created = site.people.create("pat")[0]
    site.people.tell("set_password", username=created.username, password=PASSWORD)
    return created


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser of its own. By name, not by number: passkeys belong to a host name."""
    made = browser.new_context(base_url=site.processes[0].origin.replace("127.0.0.1", "localhost"))
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab in which neither an error nor a violation of the Content-Security-Policy may happen."""
    complaints: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: complaints.append(str(error)))

    def listen(said: ConsoleMessage) -> None:
        # The administration's pages name no icon, so that the browser asks for one that is not there.
        if said.type == "error" and not said.location["url"].endswith("/favicon.ico"):
            complaints.append(said.text)

    tab.on("console", listen)
    yield tab
    assert complaints == []


class Device:
    """A virtual authenticator plugged into a tab's browser."""

    def __init__(self, page: Page, *, verifies: bool = True, is_old_key: bool = False) -> None:
        self._protocol = page.context.new_cdp_session(page)
        self._protocol.send("WebAuthn.enable")
        options = {
            "protocol": "u2f" if is_old_key else "ctap2",
            "transport": "usb" if is_old_key else "internal",
            "hasResidentKey": not is_old_key,
            "hasUserVerification": not is_old_key,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        self._id = self._protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def stored_keys(self) -> list[dict[str, Any]]:
        stored = self._protocol.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        return list(stored["credentials"])


def sign_in(page: Page, person: Person) -> None:
    page.goto("/accounts/login/?next=/settings/")
    page.get_by_label("User name or e-mail").fill(person.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def signed_in(page: Page, person: Person) -> None:
    sign_in(page, person)
    expect(page).to_have_url(re.compile(r"^[^?]+/settings/$"))


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def add_passkey(page: Page, *, alone: bool = True) -> None:
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("virtual phone")
    page.get_by_label(re.compile("Sign in with it alone")).set_checked(alone)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/settings/")


def test_a_passkey_is_registered_and_signs_in_alone(page: Page, person: Person) -> None:
    device = Device(page)
    signed_in(page, person)
    add_passkey(page)
    assert [key["isResidentCredential"] for key in device.stored_keys()] == [True]
    sign_out(page)
    page.goto("/accounts/login/?next=/settings/tokens")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("^[^?]+/settings/tokens$"))
    expect(page.get_by_text(f"@{person.username}")).to_be_visible()
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_text("virtual phone")).to_be_visible()
    expect(page.get_by_text("never used")).to_have_count(0)


def test_a_security_key_is_the_second_step_after_the_password(page: Page, person: Person) -> None:
    device = Device(page)
    signed_in(page, person)
    add_passkey(page, alone=False)
    assert [key["isResidentCredential"] for key in device.stored_keys()] == [False]
    sign_out(page)
    sign_in(page, person)
    expect(page.get_by_role("heading", name="Two-step verification")).to_be_visible()
    page.goto("/settings/tokens")
    expect(page.get_by_role("heading", name="Two-step verification")).to_be_visible()
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page).to_have_url(re.compile(r"^[^?]+/settings/$"))


def test_a_passkey_confirms_who_one_is(page: Page, person: Person) -> None:
    Device(page)
    signed_in(page, person)
    add_passkey(page)
    sign_out(page)
    sign_in(page, person)
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page).to_have_url(re.compile(r"^[^?]+/settings/$"))
    page.goto("/accounts/2fa/totp/activate/")
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)  # it does not stand in for the second step
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page.get_by_role("heading", name="Authenticator app")).to_be_visible()


def test_a_refused_ceremony_is_explained_and_may_be_tried_again(page: Page, person: Person) -> None:
    Device(page, verifies=False)
    page.goto("/accounts/login/")
    button = page.get_by_role("button", name="Sign in with a passkey")
    button.click()
    expect(page.get_by_role("alert")).to_have_text("Nothing was confirmed, or it took too long. Try again.")
    expect(button).to_be_enabled()
    signed_in(page, person)


def test_an_old_security_key_is_told_apart_and_serves_after_the_password(page: Page, person: Person) -> None:
    Device(page, is_old_key=True)
    signed_in(page, person)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("old key")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("an older security key, it can't sign in alone: untick")
    page.get_by_label(re.compile("Sign in with it alone")).uncheck()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/settings/")
    sign_out(page)
    sign_in(page, person)
    expect(page.get_by_text("Confirm with your passkey or security key, or enter one of your recovery")).to_be_visible()
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page).to_have_url(re.compile(r"^[^?]+/settings/$"))


def test_at_a_number_instead_of_a_name_the_page_says_where_to_go(page: Page, site: Site) -> None:
    process = site.processes[0]
    page.goto(f"{process.origin}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text(f"open http://localhost:{process.port} instead")


def test_without_passkeys_in_the_browser_the_button_stays_away(page: Page) -> None:
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto("/accounts/login/")
    expect(page.get_by_role("button", name="Show the password")).to_be_visible()  # the modules have run
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


def test_a_passkey_creates_a_token(page: Page, person: Person) -> None:
    Device(page)
    signed_in(page, person)
    add_passkey(page)
    sign_out(page)
    page.goto("/accounts/login/?next=/settings/tokens")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("^[^?]+/settings/tokens$"))
    page.get_by_label("Name").fill("robot with a key")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_role("button", name="Use a passkey or security key").click()
    assert page.get_by_label("The new token").input_value().startswith("parley_")


def test_a_new_token_is_copied_and_a_reload_makes_no_other(page: Page, person: Person) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    signed_in(page, person)
    page.goto("/settings/tokens")
    page.get_by_label("Name").fill("release robot")
    page.get_by_role("button", name="Create token").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("link", name="API tokens")).to_have_attribute("aria-current", "page")
    secret = page.get_by_label("The new token").input_value()
    assert secret.startswith("parley_")
    page.get_by_role("button", name="Copy").click()
    page.wait_for_function("secret => navigator.clipboard.readText().then((text) => text === secret)", arg=secret)
    page.reload()
    expect(page.get_by_label("The new token")).to_have_count(0)
    expect(page.get_by_text("release robot")).to_have_count(1)


def test_revoking_asks_first(page: Page, person: Person) -> None:
    signed_in(page, person)
    page.goto("/settings/tokens")
    revoke = page.get_by_role("button", name="Revoke tests")
    page.once("dialog", lambda dialog: dialog.dismiss())
    revoke.click()
    expect(revoke).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    revoke.click()
    expect(page.get_by_text("Token “tests” revoked.")).to_be_visible()
    expect(revoke).to_have_count(0)


def test_what_was_typed_can_be_seen(page: Page) -> None:
    page.goto("/accounts/login/")
    field = page.get_by_label("Password", exact=True)
    field.fill("secret")
    page.get_by_role("button", name="Show the password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide the password").click()
    expect(field).to_have_attribute("type", "password")


def test_the_appearance_is_chosen_and_kept(page: Page, person: Person) -> None:
    page.emulate_media(color_scheme="light")
    signed_in(page, person)
    # Its module marks the choice of today: until then no one hears a click.
    expect(page.get_by_role("button", name="System")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(26, 26, 24)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_every_width_and_axe_finds_nothing(page: Page, person: Person, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    Device(page)
    problems = [problem for path in PUBLIC_PAGES for problem in look(page, path)]
    signed_in(page, person)
    add_passkey(page)
    problems += [problem for path in OWN_PAGES for problem in look(page, path)]
    assert problems == []


def look(page: Page, path: str) -> list[str]:
    """Return what is wrong with a page: rules of accessibility that it breaks, widths that it does not fit."""
    page.goto(path)
    assert page.evaluate("location.pathname") == path
    problems = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            problems.append(f"{path} is too wide at {width}")
    for violation in Axe().run(page).response["violations"]:
        nodes = [node["html"] for node in violation["nodes"]]
        problems.append(f"{path}: {violation['id']}: {nodes}")
    return problems


def test_the_administration_works_under_its_policy(page: Page, person: Person, site: Site) -> None:
    site.people.tell("make_admin", username=person.username)
    signed_in(page, person)
    page.goto("/admin/accounts/user/")
    page.get_by_role("link", name=person.username, exact=True).click()
    # Made by the administration's own script, with jQuery: two lists, and arrows that move a permission between them.
    page.locator("#id_user_permissions_from option").first.dblclick()
    expect(page.locator("#id_user_permissions_to option")).to_have_count(1)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)  # to give someone permissions takes a proof
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def test_deactivating_somebody_in_the_administration(page: Page, person: Person, site: Site) -> None:
    site.people.tell("make_admin", username=person.username)
    other = site.people.create("other")[0]
    signed_in(page, person)
    page.goto(f"/admin/accounts/user/?q={other.username}")
    page.get_by_label("Select this object for an action").check()
    page.get_by_label("Action:").select_option("deactivate")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    page.get_by_role("button", name="Deactivate users").click()
    expect(page.get_by_text("1 user deactivated.")).to_be_visible()
