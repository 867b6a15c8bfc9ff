"""One message to 200 receivers in one room, with 1, 4 and 16 messages in flight: beside the peers, in the same rounds.

`typing` is fan-out alone: nothing is stored. `messages` is the full path: authenticated, validated, rate-limited, stored
in SQLite, confirmed, and fanned out with its place in the room's order. The peers do less, each says what; the last two
are the floor, in C.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from bench import machine, parley
from bench.load import generator
from bench.load.sockets import Sockets, Step
from bench.measure import Row, ratio
from bench.peers.floor import floors
from bench.peers.servers import Peer, all_peers
from bench.plan import Bench

RECEIVERS: Final = 200
WINDOWS: Final = (1, 4, 16)
WARM_UP_SECONDS: Final = 0.5
_ROOM: Final = "bench"
_PEOPLE: Final = 20
OURS: Final = "Parley"
TYPING: Final = f'{{"type":"typing","payload":{{"room":"{_ROOM}","typing":true}}}}'
MESSAGE: Final = (
    f'{{"id":"{generator.NUMBER}","type":"create_message","payload":{{"room":"{_ROOM}",'
    f'"content":"Message {generator.NUMBER} with about as many words as people write in a line",'
    f'"clientId":"{generator.NUMBER}"}}}}'
)
_JOIN: Final = f'{{"id":"j","type":"join_room","payload":{{"room":"{_ROOM}"}}}}'


@dataclass(frozen=True)
class Contender:
    """A server with its room full: the sockets, and how typing and messages look on its wire."""

    name: str
    note: str
    pid: int
    receivers: Sequence[int]
    sender: int
    wrap: Callable[[str], str]
    typing_marker: bytes
    message_marker: bytes
    found: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def measure(self, kind: str, window: int, seconds: float) -> generator.Outcome:
        text, marker = (TYPING, self.typing_marker) if kind == "typing" else (MESSAGE, self.message_marker)
        outcome = generator.fanout(
            self.receivers,
            [self.sender],
            [self.wrap(text)],
            marker,
            window=window,
            seconds=seconds,
            warm_up_seconds=WARM_UP_SECONDS,
        )
        self.found.setdefault((kind, window), []).append(outcome.received_per_second)
        return outcome


def run(bench: Bench) -> list[Row]:
    """Measure all servers in turn, round after round: what disturbs the machine disturbs everyone."""
    with ExitStack() as stack:
        contenders = [stack.enter_context(parley_contender(bench))]
        peers = [*all_peers(bench.directory), *floors(bench.directory)]
        contenders += [stack.enter_context(peer_contender(peer)) for peer in peers]
        for number in range(bench.rounds):
            for contender in contenders:
                for kind in ("typing", "messages"):
                    for window in WINDOWS:
                        outcome = contender.measure(kind, window, bench.seconds)
                        bench.say(
                            f"round {number + 1}: {contender.name}, {kind}, {window} in flight: "
                            f"{outcome.received_per_second:,.0f} deliveries/s, p99 {outcome.p99:.1f} ms, "
                            f"generator {outcome.busy:.0%}"
                        )
        return _rows(contenders)


@contextmanager
def parley_contender(bench: Bench) -> Iterator[Contender]:
    with parley.site(bench.sites) as site:
        sender, *readers = site.people.create("sender", *["reader"] * _PEOPLE)
        asyncio.run(parley.make_rooms(site, sender, [_ROOM], readers))
        with Sockets(site.processes[0].port) as sockets:
            receivers = [parley.open_tab(sockets, readers[i % _PEOPLE], _ROOM) for i in range(RECEIVERS)]
            # Not in the room: it would be a receiver as well, of messages only.
            from_tab = parley.open_tab(sockets, sender, _ROOM)
            sockets.settle()
            pid = site.processes[0].pid
            yield Contender(OURS, "", pid, receivers, from_tab, str, b'"type":"typing"', b'"type":"new_message"')


@contextmanager
def peer_contender(peer: Peer) -> Iterator[Contender]:
    peer.install()
    peer.start(machine.SERVER_CORE)
    try:
        with Sockets(peer.port, peer.path) as sockets:
            steps = [*peer.opening, Step(peer.wrap_request(_JOIN), b"joined")]
            receivers = [sockets.open(steps) for _ in range(RECEIVERS)]
            sender = sockets.open(steps)
            sockets.settle()
            yield Contender(
                peer.name,
                peer.note,
                peer.pid,
                receivers,
                sender,
                peer.wrap_request,
                peer.marker_typing,
                peer.marker_message,
            )
    finally:
        peer.stop()


_BUN: Final = "Elysia on Bun"
_BUN_STORING: Final = "Elysia on Bun, bun:sqlite"
_STOCK: Final = "stock Channels on Daphne, channels-redis"
# How many times the peer's deliveries we want at W = 1, 4, 16: design/performance.md.
_WANTED: Final = {
    ("typing", _BUN): (1.0, 1.0, 1.0),
    ("messages", _BUN): (0.7, 0.8, 0.8),
    ("messages", _BUN_STORING): (0.8, 0.9, 1.0),
    ("messages", _STOCK): (20.0, 20.0, 20.0),
}
_CASES: Final = {"typing": "fanout", "messages": "messages"}


def _rows(contenders: Sequence[Contender]) -> list[Row]:
    rows: dict[tuple[str, int, str], Row] = {}
    for contender in contenders:
        for (kind, window), values in contender.found.items():
            what = f"{kind}, W = {window}"
            rows[kind, window, contender.name] = Row(
                _CASES[kind], what, contender.name, values, "deliveries/s", contender.note
            )
    wanted = [
        _compared(rows[kind, window, OURS], rows[kind, window, peer], at_least)
        for (kind, peer), targets in _WANTED.items()
        for window, at_least in zip(WINDOWS, targets, strict=True)
        if (kind, window, peer) in rows
    ]
    return [*rows.values(), *wanted]


def _compared(ours: Row, theirs: Row, at_least: float) -> Row:
    """Return a row of the ratios: of the medians, and of each round for its spread."""
    of_rounds = [mine / other for mine, other in zip(ours.values, theirs.values, strict=True)]
    reached = ratio(ours, theirs)
    return Row(
        ours.case,
        f"{ours.what}, against {theirs.server}",
        OURS,
        of_rounds,
        "x",
        target=f">= {at_least:g}",
        is_met=reached >= at_least,
        ratio=reached,
    )
