"""Opening tabs: the three ways in, and the HTTP responses around them."""

import secrets
from typing import Any

import httpx

from tests.servers.people import Person, unique
from tests.servers.server_process import ServerProcess
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient

HTTP_SECONDS = 15


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def session_cookie(key: str) -> dict[str, str]:
    return {"Cookie": f"sessionid={key}"}


def http(process: ServerProcess, **options: Any) -> httpx.Client:
    # No TLS here: loading the machine's certificates would take longer than the request.
    return httpx.Client(base_url=process.origin, trust_env=False, verify=False, timeout=HTTP_SECONDS, **options)


def post_for_ticket(process: ServerProcess, headers: dict[str, str]) -> httpx.Response:
    with http(process) as client:
        return client.post("/api/socket-ticket", headers=headers)


def cookie_with_csrf(key: str) -> dict[str, str]:
    """Return the headers of one of our pages' own requests."""
    csrf = secrets.token_hex(16)
    return {"Cookie": f"sessionid={key}; csrftoken={csrf}", "X-CSRFToken": csrf}


def ticket_for(process: ServerProcess, person: Person) -> str:
    response = post_for_ticket(process, bearer(person))
    assert response.status_code == 200, response.text
    return str(response.json()["ticket"])


class Tabs:
    """Opens tabs in a site, its processes in turn, and closes them all at the end of the test."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._opened: list[SocketClient] = []

    async def __call__(self, person: Person, *, process: ServerProcess | None = None, **options: Any) -> SocketClient:
        """Open a tab of this person's, as a program with an API token does."""
        return await self.open(process or self._site.next_process(), headers=bearer(person), **options)

    async def by_ticket(self, ticket: str, *, process: ServerProcess | None = None, **options: Any) -> SocketClient:
        return await self.open(process or self._site.next_process(), query=f"?token={ticket}", **options)

    async def by_session(self, key: str, *, process: ServerProcess | None = None, **options: Any) -> SocketClient:
        process = process or self._site.next_process()
        return await self.open(process, headers={**session_cookie(key), "Origin": process.origin}, **options)

    async def open(self, process: ServerProcess, *, query: str = "", **options: Any) -> SocketClient:
        tab = await SocketClient.open(process.socket_url + query, **options)
        self._opened.append(tab)
        return tab

    async def in_room(self, person: Person, room: str, **options: Any) -> SocketClient:
        """Open a tab that has joined a room and has heard what its own coming caused."""
        tab = await self(person, **options)
        await tab.request("join_room", room=room)
        return tab

    async def in_each_process(self, person: Person, room: str) -> list[SocketClient]:
        """Open a tab in each process: what all of them have heard, every process has told its people."""
        return [await self.in_room(person, room, process=process) for process in self._site.processes]

    async def make_room(self, owner: Person, *members: Person, kind: str = "closed") -> str:
        """Create a room through the socket, as people do, and return its slug."""
        tab = await self(owner)
        names = [member.username for member in members]
        made = await tab.request("create_room", room=unique(kind), name="A room", kind=kind, members=names)
        await tab.close()
        return str(made["room"]["slug"])

    async def close_all(self) -> None:
        for tab in self._opened:
            if tab.is_open:
                await tab.close()
