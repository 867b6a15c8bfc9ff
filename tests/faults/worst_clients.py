"""The worst that clients may do to a process's memory within the rules: ask for the heaviest there is, and read nothing.

`python -m tests.faults.worst_clients` runs each case against a server of its own and prints the peak of its resident
memory, above what it held before. docs/limits.md has the figures; `test_worst_clients.py` has a short form with bounds.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.servers.people import Person
from tests.servers.raw_socket import TEXT, RawSocket, frame
from tests.servers.server_process import ServerProcess
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs, http, session_cookie

MEGABYTE: Final = 1_000_000
SOCKETS_OF_ONE: Final = 20
# What a message may weigh in the database: text of four bytes a character, and HTML as it was made of hostile text once.
TEXT_CHARS: Final = 20_000
HTML_CHARS: Final = 232_000
SETTINGS: Final[dict[str, Any]] = {
    "SOCKETS_PER_USER": SOCKETS_OF_ONE,
    "SOCKETS_PER_ADDRESS": 200,
    "FRAMES_PER_SECOND": 50,
    "RECOVERY_ROWS": 500,
    "HEARTBEAT_INTERVAL_SECONDS": 3600,  # a client that ignores pings is closed; the worst ones do reply
    "DEBUG": 0,  # which keeps every query in memory
    "TLS": 0,
    "ALLOWED_HOSTS": "127.0.0.1",
}


class Scene(NamedTuple):
    site: Site
    people: list[Person]
    rooms: list[str]  # the first one is full of the heaviest messages, and so are the others
    sockets: int

    @property
    def process(self) -> ServerProcess:
        return self.site.processes[0]

    async def silent_sockets(self) -> list[RawSocket]:
        """Open sockets that do not read."""
        people = [self.people[number // SOCKETS_OF_ONE] for number in range(self.sockets)]
        sockets = [await RawSocket.open(self.process, person, reads_little=True) for person in people]
        for socket in sockets:
            socket.stop_reading()
        return sockets

    async def all_ask(self, *requests: dict[str, object]) -> None:
        """Have all sockets ask for these at the same time, and give the server the time to respond."""
        sockets = await self.silent_sockets()
        for request in requests:
            for socket in sockets:
                socket.send_text(json.dumps(request))
        await settled(self.process)
        for socket in sockets:
            socket.close()


class Peak(NamedTuple):
    case: str
    megabytes: float
    seconds: float


async def settled(process: ServerProcess, quiet_seconds: float = 1.5, at_most_seconds: float = 25) -> None:
    """Return when the process has stopped to work."""
    until, used, since = time.monotonic() + at_most_seconds, -1.0, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < quiet_seconds:
        await asyncio.sleep(0.1)
        now = cpu_seconds(process)
        if now - used > 0.03:
            used, since = now, time.monotonic()


def cpu_seconds(process: ServerProcess) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def peak_bytes(process: ServerProcess) -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the process has ended")


async def joins(scene: Scene) -> None:
    """Each socket joins the heaviest room, again and again."""
    await scene.all_ask(*[{"type": "join_room", "id": n, "room": scene.rooms[0]} for n in range(10)])


async def recoveries(scene: Scene) -> None:
    """Each socket comes back with a cursor from the room's beginning."""
    epoch = scene.site.people.tell("epoch_of", room=scene.rooms[0])
    request = {"type": "join_room", "room": scene.rooms[0], "after": 1, "epoch": epoch}
    await scene.all_ask(*[{**request, "id": n} for n in range(10)])


async def syncs(scene: Scene) -> None:
    """Each socket recovers all rooms at once, from their beginning."""
    rooms = {room: {"change": 1, "epoch": scene.site.people.tell("epoch_of", room=room)} for room in scene.rooms}
    await scene.all_ask(*[{"type": "sync", "id": n, "rooms": rooms} for n in range(10)])


async def pages(scene: Scene) -> None:
    """Each socket asks for the longest page, again and again."""
    request = {"type": "get_messages", "room": scene.rooms[0], "limit": 200}
    await scene.all_ask(*[{**request, "id": n} for n in range(20)])


async def searches(scene: Scene) -> None:
    request = {"type": "search_messages", "query": "needle", "limit": 50}
    await scene.all_ask(*[{**request, "id": n} for n in range(10)])


async def reactions(scene: Scene) -> None:
    """Twenty emoji of all members stand on the newest messages, and the sockets ask for them."""
    scene.site.people.tell("react_to_all", room=scene.rooms[0], messages=2, members=400)
    request = {"type": "get_messages", "room": scene.rooms[0], "limit": 2}
    await scene.all_ask(*[{**request, "id": n} for n in range(20)])


async def unfinished_frames(scene: Scene) -> None:
    """Each socket sends as much of a frame as it may, in fragments, and never ends it."""
    sockets = await scene.silent_sockets()
    for socket in sockets:
        socket.send(frame(TEXT, b"x" * 300, fin=False))
        for _ in range(263):
            socket.send(frame(0, b"x" * 1000, fin=False))
    await settled(scene.process)
    for socket in sockets:
        socket.close()


async def padded_frames(scene: Scene) -> None:
    """Each socket sends the largest frames there may be: blanks, and one emoji with which each of them takes four bytes."""
    sockets = await scene.silent_sockets()
    request = json.dumps(
        {"type": "get_messages", "id": "😀", "payload": {"room": scene.rooms[0], "limit": 200}}, ensure_ascii=False
    )
    for _ in range(10):
        for socket in sockets:
            socket.send(frame(TEXT, request.encode() + b" " * (263_000 - len(request))))
    await settled(scene.process)
    for socket in sockets:
        socket.close()


async def room_pages(scene: Scene) -> None:
    """Ten tabs load the heaviest room's page at the same time."""
    cookie = session_cookie(scene.site.people.sign_in(scene.people[0]))

    def load() -> int:
        with http(scene.process, headers=cookie) as client:
            response = client.get(f"/rooms/{scene.rooms[0]}/")
        assert response.status_code == 200, f"the room's page responded with {response.status_code}"
        return len(response.content)

    sizes = await asyncio.gather(*(asyncio.to_thread(load) for _ in range(10)))
    print(f"    a page: {max(sizes) / MEGABYTE:.2f} MB")


CASES: Final[dict[str, Callable[[Scene], Awaitable[None]]]] = {
    "joins": joins,
    "recoveries": recoveries,
    "syncs": syncs,
    "pages": pages,
    "searches": searches,
    "reactions": reactions,
    "unfinished frames": unfinished_frames,
    "padded frames": padded_frames,
    "room pages": room_pages,
}


# As many as one address may open, of several people.
ALSO_OF_MANY: Final = ("joins", "pages", "unfinished frames", "padded frames")


async def measured(builder: SiteBuilder, case: str, *, sockets: int = 20, messages: int = 140) -> Peak:
    """Run one case on a server of its own; return by how much its memory had grown at the peak."""
    # Without the files that `collectstatic` makes, a page is served in DEBUG only.
    settings = SETTINGS | {"DEBUG": 1} if case == "room pages" else SETTINGS
    with builder.running(UVICORN_SQLITE, **settings) as site:
        alice, *people = site.people.create("alice", *["mallory"] * -(-sockets // SOCKETS_OF_ONE))
        tabs = Tabs(site)
        rooms = [await tabs.make_room(alice, *people) for _ in range(3)]
        site.people.tell(
            "fill_with_messages", rooms=rooms, count=messages, text="needle " + "🙂" * TEXT_CHARS, html_chars=HTML_CHARS
        )
        scene = Scene(site, people, rooms, sockets)
        warm = await tabs(people[0])
        await warm.request("get_messages", room=rooms[0], limit=1)
        await tabs.close_all()
        before, began = scene.process.memory_bytes(), time.monotonic()
        await CASES[case](scene)
        return Peak(case, (peak_bytes(scene.process) - before) / MEGABYTE, time.monotonic() - began)


def main() -> None:
    chosen = sys.argv[1:] or list(CASES)
    with tempfile.TemporaryDirectory(prefix="parley-worst-") as directory:
        builder = SiteBuilder(Path(directory))
        try:
            for case in chosen:
                for sockets in (20, 200) if case in ALSO_OF_MANY else (20,):
                    peak = asyncio.run(measured(builder, case, sockets=sockets))
                    print(f"{case:18} {sockets:4} sockets {peak.megabytes:8.0f} MB {peak.seconds:5.1f} s", flush=True)
        finally:
            builder.close()


if __name__ == "__main__":
    main()
