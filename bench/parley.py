"""Parley as the benchmarks run it: the production server on a core of its own, every check switched on.

Limits are raised, not switched off: their code runs, it only never refuses.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from bench import machine
from bench.load.sockets import Sockets, Step
from tests.servers.people import Person
from tests.servers.sites import Profile, Site, SiteBuilder
from tests.servers.socket_client import SocketClient

# What a production site has, with limits that the load cannot reach.
SETTINGS: Final = {
    "DEBUG": "0",
    "TLS": "0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "LOG_LEVEL": "WARNING",
    "SOCKETS_PER_ADDRESS": "1000000",
    "SOCKETS_PER_USER": "1000000",
    "MESSAGES_PER_MINUTE": "60000000",
    "ASK_BEFORE_ADDING": "never",
    "ROOMS_PER_HOUR": "60000000",
    "MEMBERS_ADDED_PER_HOUR": "60000000",
    "CHANGES_PER_MINUTE": "60000000",
    "SAVES_PER_MINUTE": "60000000",
    "TYPING_PER_MINUTE": "60000000",
    "SEARCHES_PER_MINUTE": "60000000",
    "ROOMS_CREATED_PER_USER": "1000000",
    "ROOMS_PER_USER": "1000000",
    "MEMBERS_PER_ROOM": "1000000",
    "FRAMES_PER_SECOND": "1000000",
    "FRAMES_BURST": "1000000",
    # The generator ignores pings; the idle case sets its own.
    "HEARTBEAT_INTERVAL_SECONDS": "3600",
    "HEAD_CHECK_SECONDS": "3",
    "PRESENCE_BEAT_SECONDS": "3",
    "PRESENCE_EXPIRY_SECONDS": "10",
    "RECOVERY_ROWS": "500",
    "DRAIN_SECONDS": "0.2",
}
SQLITE: Final = Profile("uvicorn", "sqlite", has_redis=False)
POSTGRES: Final = Profile("uvicorn", "postgres", has_redis=False)


@contextmanager
def site(builder: SiteBuilder, profile: Profile = SQLITE, **settings: Any) -> Iterator[Site]:
    """Run a site whose processes share the server's core (the first) and whose load comes from the other."""
    with ExitStack() as stack:
        # PostgreSQL and Redis, if they are started here, may use any core: on the generator's alone they would be slow.
        with machine.on_cores(machine.ALL_CORES):
            running = stack.enter_context(builder.running(profile, **{**SETTINGS, **settings}))
        for process in running.processes:
            machine.pin(process.pid, machine.SERVER_CORE)
        yield running


async def make_rooms(
    site: Site, owner: Person, rooms: Iterable[str], members: Sequence[Person] = (), kind: str = "closed"
) -> None:
    """Make rooms with these members."""
    tab = await SocketClient.open(site.processes[0].socket_url, headers=authorization(owner))
    names = [member.username for member in members]
    for room in rooms:
        await tab.request("create_room", kind=kind, room=room, name=room, members=names)
    await tab.close()


async def post(site: Site, author: Person, room: str, texts: Iterable[str]) -> dict[str, Any]:
    """Post messages, one after the other; return the position before the last, as `join_room` takes it."""
    tab = await SocketClient.open(site.processes[0].socket_url, headers=authorization(author))
    joined = await tab.request("join_room", room=room)
    changes = [joined["change"]]
    for text in texts:
        response = await tab.request("create_message", room=room, content=text)
        changes.append(response["message"]["change"])
    await tab.close()
    return {"after": changes[-2], "epoch": joined["epoch"]}


def authorization(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def open_tab(sockets: Sockets, person: Person, *rooms: str) -> int:
    """Open a socket as a person who joins these rooms; return its file descriptor."""
    joins = [Step(_join(room), b'"type":"joined"') for room in rooms]
    header = f"Authorization: Bearer {person.token}"
    return sockets.open([Step(marker=b'"type":"welcome"'), *joins], headers=[header])


def _join(room: str) -> str:
    return f'{{"id":"join","type":"join_room","payload":{{"room":"{room}"}}}}'
