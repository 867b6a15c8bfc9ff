"""How much one person, one address and one connection may ask for; a polite error first, a closing for abuse."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.sites import CLUSTER, DAPHNE_SQLITE, UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs, bearer, post_for_ticket
from tests.socket.closings import closing_reason
from tests.socket.presence import until_online
from tests.socket.refusals import refusal

MILLISECOND = 0.001
PER_USER = 4
PER_ADDRESS = 7
BURST = 20
PER_SECOND = 20
PER_MINUTE = 6


@pytest.fixture(scope="module", params=[UVICORN_SQLITE, DAPHNE_SQLITE], ids=str)
def strict_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[Site]:
    settings: dict[str, Any] = {
        "SOCKETS_PER_USER": PER_USER,
        "SOCKETS_PER_ADDRESS": PER_ADDRESS,
        "FRAMES_PER_SECOND": PER_SECOND,
        "FRAMES_BURST": BURST,
        "MESSAGES_PER_MINUTE": PER_MINUTE,
    }
    with site_builder.running(request.param, **settings) as site:
        yield site


async def test_one_socket_too_many_of_a_person_is_refused_until_another_closes(strict_site: Site) -> None:
    (alice,) = strict_site.people.create("alice")
    open_tab, process = Tabs(strict_site), strict_site.processes[0]
    tabs = [await open_tab(alice) for _ in range(PER_USER)]
    (await refusal(process, headers=bearer(alice))).is_like(429, "RATE_LIMITED")
    response = post_for_ticket(process, bearer(alice))
    assert (response.status_code, response.json()["error"]["code"]) == (429, "RATE_LIMITED")
    await tabs[0].close()
    await asyncio.sleep(0.2)
    await open_tab(alice)
    await open_tab.close_all()


async def test_many_sockets_opened_at_once_do_not_slip_past_the_limit(strict_site: Site) -> None:
    (alice,) = strict_site.people.create("alice")
    open_tab = Tabs(strict_site)
    outcomes = await asyncio.gather(*(open_tab(alice) for _ in range(3 * PER_USER)), return_exceptions=True)
    opened = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    await open_tab.close_all()
    assert len(opened) == PER_USER


async def test_an_office_behind_one_address_gets_in_however_many_people_it_has(strict_site: Site) -> None:
    people = strict_site.people.create(*(f"person{number}" for number in range(PER_ADDRESS + 2)))
    open_tab, process = Tabs(strict_site), strict_site.processes[0]
    await asyncio.sleep(0.2)  # the tabs of the test before are going
    for person in people:
        await open_tab(person)
    for _ in range(PER_USER - 1):
        await open_tab(people[0])
    for lie in ({}, {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"X-Real-IP": "203.0.113.9"}):
        (await refusal(process, headers={**bearer(people[0]), **lie})).is_like(429, "RATE_LIMITED")
    await open_tab.close_all()


async def test_too_many_frames_are_refused_politely_with_the_time_to_wait(strict_site: Site) -> None:
    alice, bob = strict_site.people.create("alice", "bob")
    open_tab = Tabs(strict_site)
    await asyncio.sleep(0.2)
    tab, bystander = await open_tab(alice), await open_tab(bob)
    for number in range(3 * BURST):
        await tab.send("ping", id=f"p{number}")
    responses = [await tab.response_to(f"p{number}") for number in range(3 * BURST)]
    refused = [response["error"] for response in responses if not response["success"]]
    assert len(responses) - len(refused) >= BURST
    assert refused and {error["code"] for error in refused} == {"RATE_LIMITED"}
    assert all(0 < error["retryAfter"] <= 1000 for error in refused)
    await bystander.fence()
    await asyncio.sleep(refused[-1]["retryAfter"] * MILLISECOND + 0.1)
    assert (await tab.ask("ping"))["success"] is True
    await open_tab.close_all()


async def test_a_flood_is_closed_4002_and_others_do_not_feel_it(strict_site: Site) -> None:
    alice, bob = strict_site.people.create("alice", "bob")
    open_tab = Tabs(strict_site)
    await asyncio.sleep(0.2)
    tab, bystander = await open_tab(alice), await open_tab(bob)

    async def flood() -> None:
        while tab.is_open:
            await tab.send("ping")
            await asyncio.sleep(0)  # sending alone would never let the closing be read

    flooding = asyncio.create_task(flood())
    code, reason = await tab.wait_closed()
    await asyncio.wait([flooding])
    flooding.exception()
    assert (code, reason) == (4002, closing_reason(strict_site, "Flooding"))
    await bystander.fence()
    await open_tab.close_all()


async def test_too_many_messages_of_a_person_are_refused_in_all_their_tabs_and_not_stored(strict_site: Site) -> None:
    alice, bob = strict_site.people.create("alice", "bob")
    open_tab = Tabs(strict_site)
    await asyncio.sleep(0.2)
    room = await open_tab.make_room(alice, bob)
    tabs = [await open_tab(alice), await open_tab(alice)]
    responses = [
        await tabs[number % 2].ask("create_message", room=room, content="in time") for number in range(PER_MINUTE)
    ]
    accepted = [response for response in responses if response["success"]]
    assert 1 <= len(accepted) <= PER_MINUTE
    for tab in tabs:
        error = await tab.refusal("create_message", room=room, content="one too many", clientId=f"{room}-late")
        assert error["code"] == "RATE_LIMITED" and 0 < error["retryAfter"] <= 60_000
    await (await open_tab(bob)).post(room, "bob may")
    stored = [row["content"] for row in strict_site.people.messages(room)]
    assert stored == [*["in time"] * len(accepted), "bob may"]
    await tabs[0].fence()
    await open_tab.close_all()


async def test_the_limit_of_a_person_counts_their_sockets_in_all_processes(site_builder: SiteBuilder) -> None:
    with site_builder.running(CLUSTER, SOCKETS_PER_USER=2) as site:
        (alice,) = site.people.create("alice")
        open_tab = Tabs(site)
        room = await open_tab.make_room(alice)
        for tab in await open_tab.in_each_process(alice, room):
            # A process counts what the others have said of their tabs.
            await until_online(tab, room, {alice.username: len(site.processes)})
        for process in site.processes:
            (await refusal(process, headers=bearer(alice))).is_like(429, "RATE_LIMITED")
        await open_tab.close_all()
