"""A room of 300 tabs, one of which never reads."""

import asyncio
import json
import time
from typing import Any

from tests.servers.people import Person
from tests.servers.raw_socket import TEXT, RawSocket
from tests.servers.server_process import ServerProcess
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

TABS = 300
ROUNDS = 25
TURNS_UNTIL_FULL = 12
MESSAGE_CHARS = 18_000
OUTBOX_BYTES = 300_000
MEGABYTE = 1024 * 1024
# The bound of one slow tab, and slack for an interpreter that works: what is not bounded is ten times this.
GROWTH_BYTES = 40 * MEGABYTE
# A request waits until the responses before it are read; without any progress for five seconds the tab is closed.
STALLED_SECONDS = 20

SETTINGS: dict[str, Any] = {
    "OUTBOX_BYTES": OUTBOX_BYTES,
    "HEARTBEAT_INTERVAL_SECONDS": 3600,  # the listeners would have to reply to pings
    "DEBUG": 0,  # which keeps every query in memory
    "TLS": 0,
    "ALLOWED_HOSTS": "127.0.0.1",
}


class Listener:
    """A tab that reads everything and looks only for the end of each message: 300 of them must cost little."""

    def __init__(self, socket: RawSocket) -> None:
        self._socket = socket
        self._tail = b""

    @classmethod
    async def in_room(cls, process: ServerProcess, person: Person, room: str) -> "Listener":
        socket = await RawSocket.open(process, person)
        socket.send_text(f'{{"type":"join_room","id":"j","room":"{room}"}}')
        listener = cls(socket)
        await listener.hear(b'"requestId":"j"')
        return listener

    async def hear(self, mark: bytes) -> float:
        """Read on until this has come; return when."""
        while mark not in self._tail:
            data = await asyncio.wait_for(self._socket.reader.read(MEGABYTE), 30)
            assert data, "the server closed a tab that reads"
            self._tail = self._tail[-2 * MESSAGE_CHARS :] + data
        return time.monotonic()

    def close(self) -> None:
        self._socket.close()


async def test_one_who_never_reads_is_closed_4001_and_nobody_else_feels_it(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE, **SETTINGS) as site:
        await crowd(site)


async def crowd(site: Site) -> None:
    alice, bob, mallory = site.people.create("alice", "bob", "mallory")
    process, open_tab = site.processes[0], Tabs(site)
    room = await open_tab.make_room(alice, bob, mallory)
    listeners = [await Listener.in_room(process, bob, room) for _ in range(TABS - 1)]
    writer = await open_tab.in_room(alice, room)

    async def rounds(name: str) -> float:
        """Post to the room and return how long the slowest of the others waited, at the median."""
        waits = []
        for number in range(ROUNDS):
            mark = f"{name} {number} end"
            begun = time.monotonic()
            posting = asyncio.create_task(writer.post(room, "x" * MESSAGE_CHARS + mark))
            waits.append(max(await asyncio.gather(*(listener.hear(mark.encode()) for listener in listeners))) - begun)
            await posting
        return sorted(waits)[len(waits) // 2]

    alone = await rounds("alone")
    before = process.memory_bytes()
    silent = await RawSocket.open(process, mallory, reads_little=True)
    silent.send_text(f'{{"type":"join_room","room":"{room}"}}')
    await writer.expect("user_joined", user=mallory.ref)
    silent.stop_reading()
    with_silent = await rounds("with one who never reads")
    for _ in range(TURNS_UNTIL_FULL):
        if writer.unread("user_left", user=mallory.ref):
            break
        await rounds("until it is full")
    await writer.expect("user_left", user=mallory.ref)
    assert process.memory_bytes() - before < GROWTH_BYTES
    assert with_silent < 2 * alone + 0.1
    silent.writer.transport.resume_reading()  # type: ignore[attr-defined]
    assert await silent.closing_code(30) == 4001
    for listener in listeners:
        listener.close()
    await open_tab.close_all()


async def test_one_who_asks_and_never_reads_the_responses_is_closed_4001(site_builder: SiteBuilder) -> None:
    with site_builder.running(UVICORN_SQLITE, **SETTINGS) as site:
        alice, mallory = site.people.create("alice", "mallory")
        process, open_tab = site.processes[0], Tabs(site)
        room = await open_tab.make_room(alice, mallory)
        writer = await open_tab.in_room(alice, room)
        for _ in range(50):
            await writer.post(room, "x" * MESSAGE_CHARS)
        before = process.memory_bytes()
        silent = await RawSocket.open(process, mallory, reads_little=True)
        silent.stop_reading()
        for _ in range(100):
            silent.send_text(f'{{"type":"get_messages","id":"g","room":"{room}","limit":50}}')
        until = time.monotonic() + STALLED_SECONDS
        while await is_online(writer, mallory):
            assert time.monotonic() < until, "still connected"
            await asyncio.sleep(0.05)
        assert process.memory_bytes() - before < GROWTH_BYTES
        silent.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert await silent.closing_code(30) == 4001
        await open_tab.close_all()


async def test_one_who_asks_for_much_at_once_and_reads_slowly_gets_all_of_it(site_builder: SiteBuilder) -> None:
    """Each response waits until most of those before it is read. A client that was closed for reading too slowly would come
    back, ask for the same, and be closed again.
    """
    with site_builder.running(UVICORN_SQLITE, **SETTINGS) as site:
        alice, bob = site.people.create("alice", "bob")
        process, open_tab = site.processes[0], Tabs(site)
        room = await open_tab.make_room(alice, bob)
        writer = await open_tab.in_room(alice, room)
        for _ in range(20):
            await writer.post(room, "x" * MESSAGE_CHARS)
        slow = await RawSocket.open(process, bob, reads_little=True)
        for number in range(10):
            slow.send_text(f'{{"type":"get_messages","id":"g{number}","room":"{room}","limit":50}}')
        responses: list[int] = []
        while len(responses) < 10:
            opcode, payload = await asyncio.wait_for(slow.receive(), 30)
            assert opcode == TEXT, payload[:100]
            frame = json.loads(payload)
            if frame["type"] == "get_messages":
                responses.append(int(frame["requestId"][1:]))
                assert len(payload) > OUTBOX_BYTES
            await asyncio.sleep(0.1)
        assert responses == list(range(10))
        slow.close()
        await open_tab.close_all()


async def is_online(tab: SocketClient, person: Person) -> bool:
    return bool((await tab.request("get_user", userId=person.id))["user"]["online"])
