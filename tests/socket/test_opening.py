"""Who may open a socket, what the others are told, and the welcome."""

import time

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs, bearer, session_cookie, ticket_for
from tests.socket.refusals import refusal

SECOND = 1000


async def test_an_api_token_opens_a_socket(open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    assert tab.welcome["user"] == alice.ref


async def test_a_session_cookie_with_our_origin_opens_a_socket(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab.by_session(site.people.sign_in(alice))
    assert tab.welcome["user"] == alice.ref


async def test_a_ticket_opens_a_socket(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab.by_ticket(ticket_for(site.processes[0], alice))
    assert tab.welcome["user"] == alice.ref


async def test_the_welcome_tells_protocol_time_heartbeat_and_limits(open_tab: Tabs, alice: Person) -> None:
    before = time.time() * SECOND
    welcome = (await open_tab(alice)).welcome
    assert set(welcome) == {"connectionId", "user", "protocol", "serverTime", "heartbeat", "limits"}
    assert welcome["protocol"] == 1
    assert before - SECOND < welcome["serverTime"] < time.time() * SECOND + SECOND
    assert welcome["heartbeat"] == {"interval": 30 * SECOND, "timeout": 10 * SECOND}
    assert welcome["limits"] == {"frameBytes": 264_000, "contentChars": 20000}


async def test_the_welcome_is_the_first_frame_and_every_connection_has_its_own_id(
    open_tab: Tabs, alice: Person
) -> None:
    tabs = [await open_tab(alice) for _ in range(3)]
    assert all(tab.frames[0]["type"] == "welcome" and tab.frames[0]["success"] is True for tab in tabs)
    assert len({tab.connection_id for tab in tabs}) == 3


async def test_nobody_is_refused(site: Site) -> None:
    for process in site.processes:
        (await refusal(process)).is_like(401, "UNAUTHORIZED")
        (await refusal(process, headers={"Origin": process.origin})).is_like(401, "UNAUTHORIZED")


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("token", ["", "parley_wrong", "x" * 5000, "parley_\u00e9".encode().decode("latin-1")])
async def test_a_wrong_api_token_is_refused(site: Site, token: str) -> None:
    (await refusal(site.processes[0], headers={"Authorization": f"Bearer {token}"})).is_like(401, "UNAUTHORIZED")


async def test_a_wrong_api_token_is_not_made_good_by_a_cookie_or_ticket(site: Site, alice: Person) -> None:
    process = site.processes[0]
    headers = {**session_cookie(site.people.sign_in(alice)), "Origin": process.origin, "Authorization": "Bearer wrong"}
    query = f"?token={ticket_for(process, alice)}"
    (await refusal(process, headers=headers, query=query)).is_like(401, "UNAUTHORIZED")


async def test_a_wrong_ticket_is_not_made_good_by_a_cookie(site: Site, alice: Person) -> None:
    process = site.processes[0]
    headers = {**session_cookie(site.people.sign_in(alice)), "Origin": process.origin}
    (await refusal(process, headers=headers, query="?token=wrong")).is_like(401, "UNAUTHORIZED")


async def test_a_session_that_has_ended_is_refused(site: Site, alice: Person) -> None:
    process, key = site.processes[0], site.people.sign_in(alice)
    site.people.tell("end_session", key=key)
    (await refusal(process, headers={**session_cookie(key), "Origin": process.origin})).is_like(401, "UNAUTHORIZED")


@pytest.mark.parametrize("key", ['"\\000"', '"a\\000b"', "'", "x" * 3000])
async def test_a_cookie_that_is_no_session_is_refused(site: Site, key: str) -> None:
    """Quoted, it may hold a NUL, which PostgreSQL takes in no text: that is no outage of the database."""
    process = site.processes[0]
    (await refusal(process, headers={**session_cookie(key), "Origin": process.origin})).is_like(401, "UNAUTHORIZED")


async def test_a_deactivated_person_is_refused_by_every_way_in(site: Site, alice: Person) -> None:
    process, key = site.processes[0], site.people.sign_in(alice)
    site.people.deactivate(alice)
    (await refusal(process, headers=bearer(alice))).is_like(401, "UNAUTHORIZED")
    (await refusal(process, headers={**session_cookie(key), "Origin": process.origin})).is_like(401, "UNAUTHORIZED")


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("path", ["/", "/ws/room", "/wss", "/ws%00", "/stream", "/../ws", "/api/socket-ticket"])
async def test_an_unknown_path_is_refused_and_nothing_breaks(site: Site, alice: Person, path: str) -> None:
    (await refusal(site.processes[0], path=path, headers=bearer(alice))).is_like(404, "NOT_FOUND")


async def test_a_flood_of_headers_breaks_nothing(site: Site, open_tab: Tabs, alice: Person) -> None:
    flood = {f"X-Flood-{number}": "x" * 200 for number in range(100)}
    await refusal(site.processes[0], headers={**flood, **{f"Cookie{n}": "a=b" for n in range(20)}})
    await open_tab(alice, process=site.processes[0])
