"""Messages stored and confirmed a second: 64 people who write in 200 rooms of four.

Beside it the way that suggests itself: a stock consumer that awaits one commit for each message through the async ORM.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from bench import machine, parley
from bench.load import generator
from bench.load.sockets import Sockets, Step
from bench.measure import Row, ratio, wanted_at_least
from bench.peers.servers import Peer, storing_peers
from bench.plan import Bench
from tests.servers.sites import Profile

SENDERS: Final = 64
ROOMS: Final = 200
MEMBERS: Final = 4
WINDOWS: Final = (1, 4)
_TARGETS: Final = {"SQLite": 2000.0, "PostgreSQL": 1500.0}


class _Desk(NamedTuple):
    """An open site: the senders' sockets, what each writes, and what its responses look like."""

    senders: Sequence[int]
    frames: Sequence[Sequence[str]]
    marker: bytes


def run(bench: Bench) -> list[Row]:
    ours = {
        "SQLite": _measure(bench, "SQLite", parley.SQLITE),
        "PostgreSQL": _measure(bench, "PostgreSQL", parley.POSTGRES),
    }
    rows = [row for found in ours.values() for row in found]
    for peer in storing_peers(bench.directory):
        with _peer(peer) as desk:
            theirs = _rounds(bench, desk, peer.name)
        rows += theirs
        rows += [_compared(mine, other) for mine, other in zip(ours["SQLite"], theirs, strict=True)]
    return rows


def _compared(ours: Row, theirs: Row) -> Row:
    found = ratio(ours, theirs)
    return Row("stored", f"{ours.what}, against {theirs.server}", "Parley", [found], "x", ratio=found)


def _measure(bench: Bench, database: str, profile: Profile) -> list[Row]:
    with _parley(bench, profile) as desk:
        rows = _rounds(bench, desk, "Parley", database)
    return [wanted_at_least(row, _TARGETS[database]) for row in rows]


def _rounds(bench: Bench, desk: _Desk, server: str, database: str = "SQLite") -> list[Row]:
    rows = []
    for window in WINDOWS:
        outcomes = [
            generator.responses(desk.senders, desk.frames, desk.marker, window=window, seconds=bench.seconds * 2)
            for _ in range(bench.rounds)
        ]
        rates = [outcome.received_per_second for outcome in outcomes]
        bench.say(
            f"{server}, {database}, {window} in flight each: {max(rates):,.0f} messages/s, p99 {outcomes[0].p99:.0f} ms"
        )
        rows.append(Row("stored", f"{database}, {window} in flight each", server, rates, "messages/s"))
    return rows


def members_of(room: int) -> list[int]:
    """Return the numbers of a room's people, its owner first: each of the 64 is in about as many rooms."""
    return [(room * MEMBERS + place) % SENDERS for place in range(MEMBERS)]


@contextmanager
def _parley(bench: Bench, profile: Profile) -> Iterator[_Desk]:
    with parley.site(bench.sites, profile) as site:
        people = site.people.create(*["writer"] * SENDERS)
        rooms: list[list[str]] = [[] for _ in people]
        for number in range(ROOMS):
            slug, (owner, *members) = f"room-{number}", members_of(number)
            asyncio.run(parley.make_rooms(site, people[owner], [slug], [people[each] for each in members]))
            for each in (owner, *members):
                rooms[each].append(slug)
        with Sockets(site.processes[0].port) as sockets:
            senders = [parley.open_tab(sockets, person, *slugs) for person, slugs in zip(people, rooms, strict=True)]
            sockets.settle()
            # All take the same number of turns; who is in fewer rooms writes twice in some.
            turns = max(map(len, rooms))
            frames = [[_message(slugs[turn % len(slugs)]) for turn in range(turns)] for slugs in rooms]
            yield _Desk(senders, frames, b'"type":"create_message"')


@contextmanager
def _peer(peer: Peer) -> Iterator[_Desk]:
    peer.install()
    peer.start(machine.SERVER_CORE)
    try:
        with Sockets(peer.port, peer.path) as sockets:
            rooms = [
                [f"room-{number}" for number in range(ROOMS) if each in members_of(number)] for each in range(SENDERS)
            ]
            senders = [sockets.open([*peer.opening, *(_join(slug) for slug in slugs)]) for slugs in rooms]
            sockets.settle()
            turns = max(map(len, rooms))
            frames = [[_message(slugs[turn % len(slugs)]) for turn in range(turns)] for slugs in rooms]
            assert peer.marker_response is not None
            yield _Desk(senders, frames, peer.marker_response)
    finally:
        peer.stop()


def _join(slug: str) -> Step:
    return Step(f'{{"id":"j","type":"join_room","payload":{{"room":"{slug}"}}}}', b"joined")


def _message(slug: str) -> str:
    return (
        f'{{"id":"{generator.NUMBER}","type":"create_message","payload":{{"room":"{slug}",'
        f'"content":"Message {generator.NUMBER} with about as many words as people write in a line",'
        f'"clientId":"{generator.NUMBER}"}}}}'
    )
