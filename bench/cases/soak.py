"""Half an hour of a busy day: 2,000 tabs that post, edit, ask Claude, type, read, leave, are cut off and come back.

Everything that each tab was told is compared with what the rooms say in the end, and the server's memory is watched.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from bench import machine, parley
from bench.load.sockets import allow_many_files
from bench.measure import Row, wanted_below
from bench.plan import Bench
from bench.soak import ledger
from bench.soak.crowd import Crowd, Pace
from bench.soak.frames import Message, Page
from bench.soak.ledger import Room, Tally
from bench.soak.memory import MEGABYTE, Line, Sample, line_through
from fake_claude import FakeClaude
from fake_claude.replies import Reply
from tests.servers.people import Person
from tests.servers.sessions import claude_settings
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient

TABS: Final = 2000
_MINUTES: Final = 20
# By then what a first use loads is there, and each connection has been replaced twice, on average: the gaps that connections
# leave in the heap are mostly there too. It is not counted as growth.
_WARM_UP_SECONDS: Final = 600
_SAMPLE_SECONDS: Final = 5
_TABS_A_PERSON: Final = 2
_PEOPLE_A_ROOM: Final = 12
_EACH_IS_A_SESSION: Final = 4
_OPEN_SECONDS: Final = 60
_CALM_SECONDS: Final = 60
_PAGE: Final = 200
_GROWTH_BELOW: Final = 10.0
# About five seconds for each reply; it repeats the end of its prompt, so that a mix-up of two would show.
_REPLY: Final = Reply(pieces=50, pause_s=0.1)
_LOUD: Final = frozenset({"warning", "error", "critical"})


@dataclass
class _Watch:
    """Samples the server's memory while the crowd lives, and says every minute how it goes."""

    bench: Bench
    crowd: Crowd
    pid: int
    warm_up_seconds: float
    samples: list[Sample] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _next_sample: float = 0.0
    _next_word: float = 0.0

    def __call__(self) -> None:
        seconds = time.monotonic() - self.began
        if seconds >= max(self._next_sample, self.warm_up_seconds):
            self._next_sample = seconds + _SAMPLE_SECONDS
            self.samples.append(Sample(seconds, machine.memory_bytes(self.pid)))
        if seconds >= self._next_word:
            self._next_word += 60
            megabytes = machine.memory_bytes(self.pid) / MEGABYTE
            self.bench.say(
                f"{seconds:5.0f} s: {megabytes:.1f} MB, {self.crowd.tally.deliveries:,} deliveries, "
                f"{self.crowd.done['reconnect']:,} came back; complaints {dict(self.crowd.complaints)}"
            )


@dataclass(frozen=True)
class _Found:
    """What one soak brought."""

    seconds: float
    crowd: Crowd
    samples: Sequence[Sample]
    log_lines: list[str]
    server_share: float
    waited_share: float
    load_share: float


def run(bench: Bench) -> list[Row]:
    """Warm up, then watch for twenty minutes, or 20 and 40 seconds with `--quick`: all else is the same in both."""
    warm_up, watched = (20.0, 40.0) if bench.is_quick else (_WARM_UP_SECONDS, _MINUTES * 60.0)
    found = soak(bench, warm_up + watched, warm_up_seconds=warm_up)
    for line in found.log_lines[:20]:
        bench.say(f"logged: {line}")
    for complaint, count in found.crowd.complaints.items():
        bench.say(f"{count} x {complaint}")
    return _rows(found)


def soak(bench: Bench, seconds: float, *, warm_up_seconds: float) -> _Found:
    """Run one production process with its crowd. Raises TimeoutError when the tabs do not even come in."""
    allow_many_files()
    with _running(bench) as (site, crowd, owners):
        try:
            process = site.processes[0]
            crowd.open(_OPEN_SECONDS)
            bench.say(f"{len(crowd.tabs):,} tabs are in their rooms")
            watch = _Watch(bench, crowd, process.pid, warm_up_seconds)
            used, worked, began = machine.cpu_seconds(process.pid), time.process_time(), time.monotonic()
            waited = _waited_seconds(process.pid)
            crowd.live(seconds, watch)
            lasted = time.monotonic() - began
            shares = (
                (machine.cpu_seconds(process.pid) - used) / lasted,
                (_waited_seconds(process.pid) - waited) / lasted,
                (time.process_time() - worked) / lasted,
            )
            if not crowd.calm(_CALM_SECONDS):
                bench.say("not everything arrived in time")
            ledger.audit(crowd.tally, crowd.posts, [tab.place for tab in crowd.tabs], _read_all(site, crowd, owners))
            return _Found(lasted, crowd, watch.samples, loud_lines(site.log_text()), *shares)
        finally:
            crowd.close()


@contextmanager
def _running(bench: Bench) -> Iterator[tuple[Site, Crowd, dict[str, Person]]]:
    """A site with the fake Claude, its rooms with their people, and the crowd, not yet connected."""
    with FakeClaude(default=_REPLY) as fake:
        # The tabs reply to pings, so the heartbeat is the one of production.
        settings: dict[str, Any] = {"HEARTBEAT_INTERVAL_SECONDS": 30, **claude_settings(fake)}
        with parley.site(bench.sites, **settings) as site:
            tally, owners, homes = Tally(), {}, []
            people = site.people.create(*["person"] * (TABS // _TABS_A_PERSON))
            for number, start in enumerate(range(0, len(people), _PEOPLE_A_ROOM)):
                owner, *members = people[start : start + _PEOPLE_A_ROOM]
                is_session = number % _EACH_IS_A_SESSION == 0
                room = Room(f"soak-{number}", tally, is_session)
                kind = "session" if is_session else "closed"
                asyncio.run(parley.make_rooms(site, owner, [room.slug], members, kind))
                owners[room.slug] = owner
                homes += [(person, room) for person in (owner, *members) for _ in range(_TABS_A_PERSON)]
            yield site, Crowd(site.processes[0].port, site.people, homes, Pace()), owners


def _waited_seconds(pid: int) -> float:
    """Return how long a process's main thread was ready to run and had no core: others used it."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def _read_all(site: Site, crowd: Crowd, owners: dict[str, Person]) -> dict[str, list[Message]]:
    """Return the rows of all rooms as a new reader gets them; the tabs go on listening meanwhile."""
    rows: dict[str, list[Message]] = {}

    async def read() -> None:
        for slug, owner in owners.items():
            rows[slug] = await _read_room(site, slug, owner)

    reading = threading.Thread(target=lambda: asyncio.run(read()), name="reader")
    reading.start()
    crowd.wait(lambda: not reading.is_alive())
    if rows.keys() != owners.keys():
        raise RuntimeError("the rooms could not be read")
    return rows


async def _read_room(site: Site, slug: str, owner: Person) -> list[Message]:
    tab = await SocketClient.open(site.processes[0].socket_url, headers=parley.authorization(owner))
    rows: list[Message] = []
    has_newer = True
    while has_newer:
        after = rows[-1].seq if rows else 0
        page = msgspec.convert(await tab.request("get_messages", room=slug, limit=_PAGE, after=after), Page)
        rows += page.messages
        has_newer = page.hasNewer
    await tab.close()
    return rows


def loud_lines(text: str) -> list[str]:
    """Return the lines of a log that are warnings or worse; one that is no log line at all is noise, too."""
    return [line for line in text.splitlines() if line.strip() and _level_of(line) in _LOUD]


def _level_of(line: str) -> str:
    try:
        return str(json.loads(line)["level"])
    except (ValueError, KeyError, TypeError):
        return "error"


def _rows(found: _Found) -> list[Row]:
    crowd, tally, posts = found.crowd, found.crowd.tally, found.crowd.posts
    lines = [line_through(found.samples), *(line_through(half) for half in _halves(found.samples))]
    megabytes = [sample.bytes / MEGABYTE for sample in found.samples]
    return [
        _fact("duration", found.seconds / 60, "minutes"),
        _fact("connections", len(crowd.tabs), ""),
        _fact("connections cut and come back", crowd.done["reconnect"], ""),
        _fact("rooms left and joined again", crowd.done["leave"], ""),
        _fact("messages posted and prompts", len(posts.room_of), ""),
        _fact("edits", crowd.done["edit"], ""),
        _fact("Claude's replies, each of about 5 s", tally.replies, ""),
        _fact("durable events delivered live", tally.deliveries, ""),
        _fact("messages brought by coming back", tally.recovered, ""),
        _fact("pieces of replies delivered", tally.words, ""),
        _none("lost", tally.lost),
        _none("doubled", tally.doubled),
        _none("out of order", tally.disordered),
        _none("told in two ways", tally.different),
        _none("returns that were not caught up", tally.resets),
        _none("pieces of replies that had to be asked for", tally.skipped),
        _none("replies that did not end complete", tally.unended + crowd.done["prompt"] - tally.replies),
        _none("unexpected errors and closings", sum(crowd.complaints.values())),
        _none("warnings and errors in the server's log", len(found.log_lines)),
        _fact("the server's core, busy", found.server_share * 100, "%"),
        _fact("the server's main thread waited for its core", found.waited_share * 100, "% of the time"),
        _fact("the load's core, busy", found.load_share * 100, "%"),
        _fact("memory after warming up", megabytes[0], "MB"),
        _fact("memory at the end", megabytes[-1], "MB"),
        slope_row(found.seconds, lines[0].slope, _about(found, lines)),
    ]


def slope_row(seconds: float, slope: float, note: str) -> Row:
    """Return how fast memory grows: judged after a whole soak, for in a short one the server still warms up."""
    row = _fact("slope of the memory", slope, "MB/hour", note)
    return wanted_below(row, _GROWTH_BELOW) if seconds >= _WARM_UP_SECONDS + _MINUTES * 60 else row


def _halves(samples: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    return samples[: len(samples) // 2], samples[len(samples) // 2 :]


def _about(found: _Found, lines: Sequence[Line]) -> str:
    whole, first, second = lines
    return (
        f"the slope is fitted by least squares to {len(found.samples)} samples after {found.samples[0].seconds:.0f} s "
        f"of warming up; its standard error is {whole.error:.1f} MB/hour, the first half alone has {first.slope:.1f}, the "
        f"second {second.slope:.1f} MB/hour. What a process has for itself is counted, shared libraries are not"
    )


def _fact(what: str, value: float, unit: str, note: str = "") -> Row:
    return Row("soak", what, "Parley", [value], unit, note)


def _none(what: str, count: int) -> Row:
    return Row("soak", what, "Parley", [count], "", target="0", is_met=count == 0, is_better_low=True)
