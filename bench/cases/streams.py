"""Claude's replies on their way to the tabs: from the moment the model's server writes a chunk to the moment a tab has it.

Each chunk of the fake carries the microsecond at which it was written, so every delivery of every chunk is timed, whatever
the server joins or splits. Fake and tabs are on the generator's core.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bench import machine, parley
from bench.load import generator
from bench.load.sockets import Sockets
from bench.measure import Row, wanted_below
from bench.plan import Bench
from fake_claude import FakeClaude, wire
from fake_claude.exchange import Exchange
from fake_claude.replies import Reply
from tests.servers.people import Person
from tests.servers.sessions import claude_settings
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient

_MARKER: Final = b"~"
_WORDS: Final = "and so on, in four words"
_START_SPREAD_SECONDS: Final = 4.0
_END_PATIENCE_SECONDS: Final = 60


@dataclass(frozen=True)
class Stamped(Reply):
    """So many chunks, each with the time at which it is written, evenly paced: a late one does not delay the next."""

    chunks: int = 100
    per_second: float = 20

    async def respond(self, exchange: Exchange) -> None:
        if not exchange.body.get("stream"):
            await super().respond(exchange)
            return
        loop = asyncio.get_running_loop()
        exchange.open_stream()
        await exchange.send(
            wire.message_start("msg_bench", str(exchange.body["model"]), {**exchange.usage, "output_tokens": 1})
        )
        await exchange.send(wire.block_start(0, {"type": "text", "text": ""}))
        due = loop.time()
        for _ in range(self.chunks):
            due += 1 / self.per_second
            await exchange.pause_until(due)
            text = f"{_MARKER.decode()}{generator.stamp()} {_WORDS} "
            await exchange.send(wire.block_delta(0, {"type": "text_delta", "text": text}))
        await exchange.send(wire.block_stop(0))
        await exchange.send(wire.message_delta("end_turn", {**exchange.usage, "output_tokens": self.chunks * 10}))
        await exchange.send(wire.MESSAGE_STOP)
        await exchange.end_stream()


@dataclass(frozen=True)
class Shape:
    """So many sessions with a reply each, so many tabs in each of them, and how fast each reply is written."""

    streams: int
    tabs: int
    chunks_per_second: int

    def __str__(self) -> str:
        return f"{self.streams} streams x {self.tabs} tabs, {self.chunks_per_second} chunks/s each"


def run(bench: Bench) -> list[Row]:
    """Measure 100 replies at once, and 50 in sessions of 40 tabs: a thousand chunks a second each; then more of them."""
    rows = [
        *_measure(bench, Shape(100, 4, 10), "replies", 250.0),
        *_measure(bench, Shape(50, 40, 20), "streams", 100.0),
    ]
    for streams in () if bench.is_quick else (75, 100):
        rows += _measure(bench, Shape(streams, 40, 20), "streams", None)
    return rows


def _measure(bench: Bench, shape: Shape, case: str, at_most: float | None) -> list[Row]:
    """One site for all rounds; every reply must end, complete and whole. Raises LoadFailed when one does not."""
    outcomes: list[generator.Outcome] = []
    busy: list[float] = []
    chunks = round(bench.seconds * 5 * shape.chunks_per_second)
    # From the first prompt to the last chunk, with time to spare: the hurry of the start is measured, too.
    seconds = bench.seconds * 5 + 2 * _START_SPREAD_SECONDS
    with _running(bench, shape, chunks) as (site, prompts, tabs):
        pid = site.processes[0].pid
        # The first round only warms up: the SDK is loaded, connections to the model are opened.
        for number in range(1 + (bench.rounds if at_most is not None else 1)):
            asking = prompts.start()
            used, began = machine.cpu_seconds(pid), time.monotonic()
            outcome = generator.watch(tabs, _MARKER, b'"type":"stream_delta"', seconds=seconds)
            share = (machine.cpu_seconds(pid) - used) / (time.monotonic() - began)
            asking.join()
            prompts.wait_for_the_ends(chunks)
            if number == 0:
                continue
            outcomes.append(outcome)
            busy.append(share * 100)
            bench.say(
                f"round {number}: {shape}: {outcome.received_per_second:,.0f} chunk deliveries/s, "
                f"p99 {outcome.p99:.0f} ms, server {share:.0%}, generator {outcome.busy:.0%}"
            )
    what = f"{shape}, chunk to tab"
    p99 = Row(case, f"{what}, p99", "Parley", [o.p99 for o in outcomes], "ms", is_better_low=True)
    return [
        p99 if at_most is None else wanted_below(p99, at_most),
        Row(case, f"{what}, p50", "Parley", [o.p50 for o in outcomes], "ms", is_better_low=True),
        Row(case, f"{shape}, chunks delivered", "Parley", [o.received_per_second for o in outcomes], "deliveries/s"),
        Row(case, f"{shape}, server's core", "Parley", busy, "%", is_better_low=True),
    ]


class _Prompts:
    """Asks Claude in each session, over a connection that has joined none of them, and waits for the replies."""

    def __init__(self, site: Site, owner: Person, rooms: Sequence[str]) -> None:
        self._site, self._owner, self._rooms = site, owner, rooms
        self._asked = 0

    def start(self) -> threading.Thread:
        """Ask in all sessions, spread over a second, from a thread: the caller watches meanwhile."""
        self._asked += 1
        thread = threading.Thread(target=lambda: asyncio.run(self._ask()), name="prompts")
        thread.start()
        return thread

    async def _ask(self) -> None:
        tab = await SocketClient.open(self._site.processes[0].socket_url, headers=parley.authorization(self._owner))
        for room in self._rooms:
            await tab.request("create_message", room=room, content="Please go on.")
            await asyncio.sleep(_START_SPREAD_SECONDS / len(self._rooms))
        await tab.close()

    def wait_for_the_ends(self, chunks: int) -> None:
        """Return when every reply is complete, with all its chunks in the database. Raises LoadFailed."""
        until = time.monotonic() + _END_PATIENCE_SECONDS
        while True:
            replies = self._site.people.tell("replies", rooms=list(self._rooms))
            states = Counter(reply["state"] for reply in replies)
            if states == {"complete": self._asked * len(self._rooms)}:
                break
            if time.monotonic() > until:
                raise generator.LoadFailed(f"the replies did not end: {dict(states)}")
            time.sleep(0.2)
        if any(reply["content"].count(_MARKER.decode()) != chunks for reply in replies):
            raise generator.LoadFailed("a reply lacks chunks")


@contextmanager
def _running(bench: Bench, shape: Shape, chunks: int) -> Iterator[tuple[Site, _Prompts, list[int]]]:
    """A site, its sessions with their tabs open, and what asks in them."""
    with FakeClaude(default=Stamped(chunks=chunks, per_second=shape.chunks_per_second)) as fake:
        settings: dict[str, Any] = claude_settings(fake)
        with parley.site(bench.sites, **settings) as site:
            (owner,) = site.people.create("owner")
            rooms = [f"session-{number}" for number in range(shape.streams)]
            asyncio.run(parley.make_rooms(site, owner, rooms, kind="session"))
            with Sockets(site.processes[0].port) as sockets:
                tabs = [parley.open_tab(sockets, owner, room) for room in rooms for _ in range(shape.tabs)]
                sockets.settle()
                yield site, _Prompts(site, owner, rooms), tabs
