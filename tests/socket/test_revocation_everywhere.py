"""Each way of losing access, seen from each process, by sockets and by streams of server-sent events alike."""

import asyncio
from collections.abc import Callable

import pytest

from tests.servers.event_streams import EventStream
from tests.servers.pages import change_password, deactivate_by_admin, delete_by_admin, sign_out
from tests.servers.people import Person
from tests.servers.sites import CLUSTER, UVICORN_SQLITE, Site
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, bearer, session_cookie

pytestmark = pytest.mark.parametrize("profile", [UVICORN_SQLITE, CLUSTER], ids=str)

PROMISED_SECONDS = 1.0
SIGNED_OUT = 4100
DEACTIVATED = 4101
PASSWORD = "correct horse 1"

Way = Callable[[Site, Person, str], None]


def signs_out(site: Site, _person: Person, key: str) -> None:
    sign_out(site.processes[0], key)


def changes_the_password_elsewhere(site: Site, person: Person, _key: str) -> None:
    change_password(site.processes[0], site.people.sign_in(person), PASSWORD, "battery staple 2")


def is_deactivated(site: Site, person: Person, _key: str) -> None:
    deactivate_by_admin(site, person, site.processes[0])


def has_the_token_revoked(site: Site, person: Person, _key: str) -> None:
    (token_id,) = site.people.tell("token_ids", username=person.username)
    delete_by_admin(site, "accounts/apitoken", str(token_id), site.processes[0])


WAYS: list[tuple[Way, str, int]] = [
    (signs_out, "session", SIGNED_OUT),
    (changes_the_password_elsewhere, "session", SIGNED_OUT),
    (is_deactivated, "session", DEACTIVATED),
    (is_deactivated, "token", DEACTIVATED),
    (has_the_token_revoked, "token", SIGNED_OUT),
]


async def last_code(stream: EventStream) -> object:
    """Return the code with which a stream ends."""
    events = await stream.rest()
    return events[-1].data.get("code")


@pytest.mark.parametrize(("lose", "by", "code"), WAYS, ids=[f"{way.__name__}-{by}" for way, by, _ in WAYS])
async def test_every_connection_of_whoever_loses_access_ends(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str, lose: Way, by: str, code: int
) -> None:
    site.people.tell("set_password", username=bob.username, password=PASSWORD)
    key = site.people.sign_in(bob)
    headers = bearer(bob) if by == "token" else session_cookie(key)
    tabs: list[SocketClient] = []
    streams: list[EventStream] = []
    for process in site.processes:
        tabs.append(await open_tab.open(process, headers={**headers, "Origin": process.origin}))
        await tabs[-1].request("join_room", room=room)
        streams.append(await EventStream.open(process, room, headers=headers))
        await streams[-1].expect("joined")
    staying = await open_tab.in_room(alice, room)
    await asyncio.to_thread(lose, site, bob, key)
    async with asyncio.timeout(PROMISED_SECONDS):
        closed = await asyncio.gather(*(tab.wait_closed() for tab in tabs))
        ended = await asyncio.gather(*(last_code(stream) for stream in streams))
    assert [seen for seen, _reason in closed] == ended == [code] * len(site.processes)
    await staying.fence()


async def test_a_removed_member_s_streams_end_in_every_process(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    streams = [await EventStream.open(process, room, bob) for process in site.processes]
    for stream in streams:
        await stream.expect("joined")
    await (await open_tab(alice)).request("remove_member", room=room, user=bob.id)
    async with asyncio.timeout(PROMISED_SECONDS):
        for stream in streams:
            assert [event.type for event in await stream.rest()][-2:] == ["left", "closed"]


async def test_a_lower_role_counts_from_its_response_on_in_every_process(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    await alices.request("set_role", room=room, user=bob.id, role="moderator")
    bobs = [await open_tab.in_room(bob, room, process=process) for process in site.processes]
    for tab in bobs:
        message = await alices.post(room, "may be deleted")
        await tab.request("delete_message", message=message["id"])
    kept = await alices.post(room, "stays")
    await alices.request("set_role", room=room, user=bob.id, role="member")
    for tab in bobs:
        assert (await tab.refusal("delete_message", message=kept["id"]))["code"] == "UNAUTHORIZED"
        assert (await tab.refusal("update_room", room=room, name="Mine"))["code"] == "UNAUTHORIZED"
