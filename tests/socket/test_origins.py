"""A cookie is sent by the browser whatever page opens the socket, so the page's origin decides."""

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs, bearer, session_cookie, ticket_for
from tests.socket.refusals import refusal

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)

FOREIGN = {
    "null": "null",
    "empty": "",
    "foreign": "https://evil.example",
    "our host as its suffix": "http://evil-127.0.0.1:{port}",
    "our host as its prefix": "http://127.0.0.1.evil.example:{port}",
    "our origin before a dot": "http://127.0.0.1:{port}.evil.example",
    "our host as its user": "http://127.0.0.1:{port}@evil.example",
    "wrong scheme": "https://127.0.0.1:{port}",
    "socket scheme": "ws://127.0.0.1:{port}",
    "wrong port": "http://127.0.0.1:1",
    "no port": "http://127.0.0.1",
    "no scheme": "127.0.0.1:{port}",
    "two origins": "http://127.0.0.1:{port} https://evil.example",
    "broken port": "http://127.0.0.1:99999999",
    "broken address": "http://[::1",
    "an allowed origin without TLS": "http://friend.example",
    "an allowed origin at another port": "https://friend.example:8443",
    "an allowed origin as a suffix": "https://not-a-friend.example",
    "a name below an allowed origin": "https://evil.friend.example",
}


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_cookie_from_a_foreign_page_is_refused(site: Site, alice: Person, origin: str) -> None:
    process = site.processes[0]
    headers = {**session_cookie(site.people.sign_in(alice)), "Origin": origin.format(port=process.port)}
    (await refusal(process, headers=headers)).is_like(403, "UNAUTHORIZED")


async def test_a_cookie_without_an_origin_is_refused(site: Site, alice: Person) -> None:
    headers = session_cookie(site.people.sign_in(alice))
    (await refusal(site.processes[0], headers=headers)).is_like(403, "UNAUTHORIZED")


async def test_an_allowed_origin_may_use_the_cookie(site: Site, open_tab: Tabs, alice: Person) -> None:
    headers = {**session_cookie(site.people.sign_in(alice)), "Origin": "https://friend.example"}
    tab = await open_tab.open(site.processes[0], headers=headers)
    assert tab.welcome["user"] == alice.ref


async def test_a_program_with_its_token_needs_no_origin(site: Site, open_tab: Tabs, alice: Person) -> None:
    headers = {**bearer(alice), "Origin": "https://elsewhere.example"}
    tab = await open_tab.open(site.processes[0], headers=headers)
    assert tab.welcome["user"] == alice.ref


async def test_a_ticket_proves_that_our_page_asked_whatever_the_origin(
    site: Site, open_tab: Tabs, alice: Person
) -> None:
    ticket = ticket_for(site.processes[0], alice)
    tab = await open_tab.by_ticket(ticket, headers={"Origin": "null"})
    assert tab.welcome["user"] == alice.ref
