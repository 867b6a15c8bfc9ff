"""What a connection costs: to open, to keep in memory, to keep alive. Beside it stock consumers and Elysia, which ask no one
who they are.
"""

import asyncio
import json
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bench import machine, parley
from bench.load.generator import client_frame
from bench.load.openings import Opened, Way, open_many
from bench.load.sockets import Step
from bench.measure import Row, wanted_at_least, wanted_below
from bench.peers.servers import Elysia, Peer, StockChannels
from bench.plan import Bench
from tests.servers.sites import Site

IDLE: Final = 5000
_OPENINGS: Final = 1000
_ROOM: Final = "bench"
_WELCOMES_PER_SECOND: Final = 1000
_JOINS_PER_SECOND: Final = 600
_KILOBYTES_BELOW: Final = 28
_IDLE_CORE_BELOW: Final = 5
_HEARTBEAT_SECONDS: Final = 30
_SETTLE_SECONDS: Final = 3.0
_LEAVE_SECONDS: Final = 0.7  # the server takes its leave of closed tabs outside what is measured
_TABS_A_PERSON: Final = 2
_PEOPLE_A_ROOM: Final = 20
_WELCOME: Final = Step(marker=b'"type":"welcome"')
_PONG: Final = client_frame('{"type":"pong"}')


def run(bench: Bench) -> list[Row]:
    openings = 400 if bench.is_quick else _OPENINGS
    idle = 500 if bench.is_quick else IDLE
    rows = _opening(bench, openings)
    rows += [
        _memory_of(peer, idle)
        for peer in (StockChannels("uvicorn", "memory", bench.directory), Elysia(bench.directory))
    ]
    return [*rows, *_keeping(bench, idle)]


class _Town:
    """People with two tabs each, twenty in a room: every opening is told to those whom it concerns, and only to them."""

    def __init__(self, site: Site, tabs: int) -> None:
        self._site = site
        self._people = site.people.create(*["person"] * (tabs // _TABS_A_PERSON))
        by_room = [
            self._people[start : start + _PEOPLE_A_ROOM] for start in range(0, len(self._people), _PEOPLE_A_ROOM)
        ]
        self._joins = []
        for number, (owner, *members) in enumerate(by_room):
            slug = f"{_ROOM}-{number}"
            asyncio.run(parley.make_rooms(site, owner, [slug], members))
            # Each tab comes back with a position and has missed one message.
            position = asyncio.run(parley.post(site, owner, slug, [f"Message {each}" for each in range(10)]))
            request = {"id": "j", "type": "join_room", "payload": {"room": slug, **position}}
            self._joins.append(Step(json.dumps(request), b'"type":"joined"'))

    def openings(self, *, joins: bool) -> list[Way]:
        """Return a way to open each tab, with a fresh ticket: tickets are used once, and live for a minute."""
        names = [person.username for person in self._people]
        tickets = self._site.people.tell("issue_tickets", usernames=names, count=_TABS_A_PERSON)
        ways = []
        for number, ticket in enumerate(tickets):
            join = self._joins[number // _TABS_A_PERSON // _PEOPLE_A_ROOM]
            steps = [_WELCOME, join] if joins else [_WELCOME]
            ways.append(Way(f"/ws?token={ticket}", steps))
        return ways


def _opening(bench: Bench, count: int) -> list[Row]:
    welcomes: list[float] = []
    joins: list[float] = []
    with parley.site(bench.sites) as site:
        town = _Town(site, count)
        for number in range(bench.rounds):
            for rates, joining in ((welcomes, False), (joins, True)):
                opened = open_many(site.processes[0].port, town.openings(joins=joining))
                _close(opened)
                rates.append(opened.per_second)
                time.sleep(_LEAVE_SECONDS)
            bench.say(f"round {number + 1}: {welcomes[-1]:,.0f} to welcome a second, {joins[-1]:,.0f} to joined")
    theirs = _opening_of(StockChannels("uvicorn", "memory", bench.directory), bench.rounds, count)
    return [
        wanted_at_least(
            Row("opening", "opened with a ticket, to welcome", "Parley", welcomes, "/s"), _WELCOMES_PER_SECOND
        ),
        wanted_at_least(
            Row("opening", "opened with a ticket, to joined with `after`", "Parley", joins, "/s"), _JOINS_PER_SECOND
        ),
        theirs,
    ]


def _opening_of(peer: Peer, rounds: int, count: int) -> Row:
    with _started(peer):
        rates = []
        for _ in range(rounds):
            opened = open_many(peer.port, _ways(peer, count))
            _close(opened)
            rates.append(opened.per_second)
            time.sleep(_LEAVE_SECONDS)
    return Row("opening", "opened and joined, without sign-in", peer.name, rates, "/s", peer.note)


def _memory_of(peer: Peer, count: int) -> Row:
    with _started(peer):
        ways = _ways(peer, count)
        _close(open_many(peer.port, ways[:100]))
        time.sleep(_LEAVE_SECONDS)
        before = machine.memory_bytes(peer.pid)
        opened = open_many(peer.port, ways)
        time.sleep(_SETTLE_SECONDS)
        kilobytes = (machine.memory_bytes(peer.pid) - before) / count / 1000
        _close(opened)
    return Row("memory", _what(count), peer.name, [kilobytes], "KB", peer.note, is_better_low=True)


def _keeping(bench: Bench, count: int) -> list[Row]:
    """Memory of many idle tabs, then what their heartbeat costs: each is pinged once in each round."""
    seconds = 10 if bench.is_quick else _HEARTBEAT_SECONDS
    with parley.site(bench.sites, HEARTBEAT_INTERVAL_SECONDS=_HEARTBEAT_SECONDS) as site:
        town = _Town(site, count)
        process = site.processes[0]
        _close(open_many(process.port, town.openings(joins=True)[:100]))  # what a first use loads is no connection's
        time.sleep(_LEAVE_SECONDS)
        before = machine.memory_bytes(process.pid)
        opened = open_many(process.port, town.openings(joins=True))
        _reply_to_pings(opened.sockets, _SETTLE_SECONDS)
        kilobytes = (machine.memory_bytes(process.pid) - before) / count / 1000
        shares = []
        for number in range(1 if bench.is_quick else 3):
            used = machine.cpu_seconds(process.pid)
            pongs = _reply_to_pings(opened.sockets, seconds)
            shares.append((machine.cpu_seconds(process.pid) - used) / seconds * 100)
            bench.say(f"round {number + 1}: {count:,} idle tabs, {pongs:,} pongs, {shares[-1]:.1f} % of a core")
        _close(opened)
    memory = Row("memory", _what(count), "Parley", [kilobytes], "KB")
    idle = Row("idle", f"{count:,} connections with heartbeat", "Parley", shares, "% of a core")
    return [wanted_below(memory, _KILOBYTES_BELOW), wanted_below(idle, _IDLE_CORE_BELOW)]


def _what(count: int) -> str:
    return f"{count:,} idle connections in rooms of {_TABS_A_PERSON * _PEOPLE_A_ROOM} tabs, each"


def _reply_to_pings(sockets: Sequence[socket.socket], seconds: float) -> int:
    """Read everything and reply to each ping, as tabs do; return how many came."""
    pongs, until = 0, time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, each)
        while (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if b'"type":"ping"' in key.data.recv(1 << 16):
                    key.data.send(_PONG)
                    pongs += 1
    return pongs


@contextmanager
def _started(peer: Peer) -> Iterator[None]:
    peer.install()
    peer.start(machine.SERVER_CORE)
    try:
        yield
    finally:
        peer.stop()


def _ways(peer: Peer, count: int) -> list[Way]:
    rooms = [
        peer.wrap_request(f'{{"id":"j","type":"join_room","payload":{{"room":"{_ROOM}-{number}"}}}}')
        for number in range(count // _TABS_A_PERSON // _PEOPLE_A_ROOM)
    ]
    return [Way(peer.path, [*peer.opening, Step(rooms[number % len(rooms)], b"joined")]) for number in range(count)]


def _close(opened: Opened) -> None:
    for each in opened.sockets:
        each.close()
