"""Tickets: good once, for a minute, in one process of all, and never in a log."""

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from tests.servers.pages import deactivate_by_admin, sign_out
from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import (
    Tabs,
    bearer,
    cookie_with_csrf,
    post_for_ticket,
    session_cookie,
    ticket_for,
)
from tests.socket.refusals import refusal

pytestmark = pytest.mark.every_profile

PROMISED_SECONDS = 1.0


async def test_a_ticket_is_good_once_whichever_process_it_is_shown_to(
    site: Site, open_tab: Tabs, alice: Person
) -> None:
    ticket = ticket_for(site.processes[0], alice)
    await open_tab.by_ticket(ticket, process=site.processes[0])
    for process in reversed(site.processes):
        (await refusal(process, query=f"?token={ticket}")).is_like(401, "UNAUTHORIZED")


async def test_a_ticket_opens_also_for_the_longest_name(site: Site, open_tab: Tabs, alice: Person) -> None:
    site.people.tell("set_display_name", username=alice.username, name="\U0001f600" * 60)
    await open_tab.by_ticket(ticket_for(site.processes[0], alice))


async def test_of_many_who_show_one_ticket_at_once_one_gets_in(site: Site, alice: Person) -> None:
    ticket = ticket_for(site.processes[0], alice)
    urls = [site.next_process().socket_url + f"?token={ticket}" for _ in range(10)]
    outcomes = await asyncio.gather(*(SocketClient.open(url) for url in urls), return_exceptions=True)
    opened = [outcome for outcome in outcomes if isinstance(outcome, SocketClient)]
    for tab in opened:
        await tab.close()
    assert len(opened) == 1
    assert all(isinstance(outcome, InvalidStatus) for outcome in outcomes if outcome not in opened), outcomes


async def test_a_ticket_is_good_for_a_minute(site: Site, open_tab: Tabs, alice: Person) -> None:
    in_time = site.people.tell("ticket_of_age", username=alice.username, seconds=50)
    late = site.people.tell("ticket_of_age", username=alice.username, seconds=62)
    await open_tab.by_ticket(in_time)
    (await refusal(site.processes[0], query=f"?token={late}")).is_like(401, "UNAUTHORIZED")


@pytest.mark.parametrize("profile", EACH_SERVER, ids=str)
@pytest.mark.parametrize("ticket", ["", "x", "gAAAAAB" + "A" * 200, "%00", "%ff%fe", "A" * 8000, "a&token=b", "..%2F"])
async def test_a_forged_ticket_is_refused(site: Site, ticket: str) -> None:
    (await refusal(site.processes[0], query=f"?token={ticket}")).is_like(401, "UNAUTHORIZED")


async def test_a_changed_ticket_is_refused(site: Site, alice: Person) -> None:
    ticket = ticket_for(site.processes[0], alice)
    middle = len(ticket) // 2
    changed = ticket[:middle] + ("A" if ticket[middle] != "A" else "B") + ticket[middle + 1 :]
    (await refusal(site.processes[0], query=f"?token={changed}")).is_like(401, "UNAUTHORIZED")


async def test_a_ticket_from_before_the_sign_out_gives_nothing_after_it(site: Site, alice: Person) -> None:
    process, key = site.processes[0], site.people.sign_in(alice)
    ticket = post_for_ticket(process, cookie_with_csrf(key)).json()["ticket"]
    sign_out(process, key)
    try:
        tab = await SocketClient.open(process.socket_url + f"?token={ticket}")
    except InvalidStatus:
        return
    code, _ = await tab.wait_closed(PROMISED_SECONDS)
    assert code == 4100


async def test_a_ticket_from_before_a_deactivation_gives_nothing_after_it(site: Site, alice: Person) -> None:
    ticket = ticket_for(site.processes[0], alice)
    deactivate_by_admin(site, alice)
    try:
        tab = await SocketClient.open(site.processes[0].socket_url + f"?token={ticket}")
    except InvalidStatus:
        return
    code, _ = await tab.wait_closed(PROMISED_SECONDS)
    assert code == 4101


async def test_a_ticket_is_issued_for_a_session_with_csrf_and_for_an_api_token(site: Site, alice: Person) -> None:
    key = site.people.sign_in(alice)
    for headers in (cookie_with_csrf(key), bearer(alice)):
        response = post_for_ticket(site.processes[0], headers)
        assert response.status_code == 200
        assert response.json()["expiresIn"] == 60
        assert "no-store" in response.headers["Cache-Control"]


async def test_no_ticket_is_issued_to_nobody_or_without_csrf(site: Site, alice: Person) -> None:
    process, key = site.processes[0], site.people.sign_in(alice)
    refused = [
        ({"Authorization": "Bearer wrong"}, 401),
        (cookie_with_csrf("nosuchsession"), 401),
        ({}, 403),
        (session_cookie(key), 403),
        ({**cookie_with_csrf(key), "Origin": "https://evil.example"}, 403),
    ]
    for headers, status in refused:
        response = post_for_ticket(process, headers)
        assert response.status_code == status, headers
        envelope = response.json()
        assert (envelope["type"], envelope["success"], envelope["error"]["code"]) == ("error", False, "UNAUTHORIZED")


async def test_tickets_tokens_and_session_keys_never_reach_the_log(site: Site, open_tab: Tabs, alice: Person) -> None:
    marks = site.log_marks()
    process, key = site.processes[0], site.people.sign_in(alice)
    ticket = ticket_for(process, alice)
    await open_tab.by_ticket(ticket, process=process)
    await refusal(process, query=f"?token={ticket}")
    await refusal(process, path="/nowhere", query=f"?token={ticket}")
    await open_tab.by_session(key, process=process)
    tab = await open_tab(alice, process=process)
    await tab.send_text(f'{{"type":"nonsense","token":"{ticket}"}}')
    await tab.expect_error()
    log = site.log_text(marks)
    assert ticket not in log and ticket[:40] not in log
    assert alice.token not in log
    assert key not in log
