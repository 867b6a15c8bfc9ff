"""A session of 5,000 messages in Chromium: opening it, typing while Claude replies and others talk, reading all of it.

The browser may use both cores, as its processes work at the same time: on one, the page's thread mostly waits for those
that draw what it has made. The server and the stand-in for Claude's API stay on theirs. Each round is a new room and a
browser without a cache. Figures come from Chromium's trace: a keystroke lasts from the key's event to the presentation of
the next frame, a task is a stretch in which the page's thread does nothing else.
"""

import asyncio
import math
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext

from bench import machine, parley
from bench.browser import texts
from bench.browser.others import Others
from bench.browser.page import Load, RoomTab, Size, chromium, visitor
from bench.browser.trace import LONG_TASK_MS, Task, Trace
from bench.measure import Row
from bench.plan import Bench, prepared
from fake_claude import FakeClaude, Normal
from tests.servers.people import Person, unique
from tests.servers.processes import REPOSITORY
from tests.servers.sessions import claude_settings
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient

CASE: Final = "browser"
SERVER: Final = "Parley"
MESSAGES: Final = 5_000
DELTAS: Final = 1_250
_KEYS: Final = 160
# The reply has to be longer than the typing, on a slow machine as well.
_DELTA_EVERY_SECONDS: Final = 0.016
_REPLY_SECTIONS: Final = 9
_QUICK_MESSAGES: Final = 400
_QUICK_SHARE: Final = 0.2
_KEY_TARGET_MS: Final = 50.0
_ROWS_AT_MOST: Final = 200
_COLLECT_SECONDS: Final = 120
_BEFORE_KEYS_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.1
_AFTER_REPLY_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Plan:
    """How much of everything. share: of the reply and of the keys."""

    messages: int = MESSAGES
    share: float = 1.0

    @property
    def typed(self) -> str:
        return texts.TYPED[: int(_KEYS * self.share)]

    @property
    def reply(self) -> Normal:
        sections = max(1, int(_REPLY_SECTIONS * self.share))
        return Normal(texts.reply(sections), pieces=int(DELTAS * self.share), pause_s=_DELTA_EVERY_SECONDS)


@dataclass
class Findings:
    """Values by quantity, one for each round. By phase the worst task of all rounds, and how many keys the least had."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    worst: dict[str, Task] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)

    def note(self, what: str, unit: str, value: float) -> None:
        self.values[what, unit].append(value)

    def note_tasks(self, phase: str, trace: Trace) -> None:
        longest = trace.longest_task()
        self.note(f"{phase}: longest task", "ms", longest.ms)
        self.note(f"{phase}: tasks over 50 ms", "", len(trace.long_tasks()))
        if phase not in self.worst or longest.ms > self.worst[phase].ms:
            self.worst[phase] = longest

    def note_keys(self, phase: str, trace: Trace) -> None:
        keys = trace.keystrokes_ms()
        self.keys[phase] = min(len(keys), self.keys.get(phase, len(keys)))
        for name, value in (("p50", quantile(keys, 0.5)), ("p95", quantile(keys, 0.95)), ("max", keys[-1])):
            self.note(f"{phase}: keystroke to paint {name}", "ms", value)

    def note_load(self, phase: str, load: Load) -> None:
        self.note(f"{phase}: navigation to messages", "ms", load.shown_ms)
        self.note(f"{phase}: transferred", "kB", load.bytes / 1000)
        self.note(f"{phase}: requests to the server", "", load.requests)

    def note_size(self, phase: str, size: Size) -> None:
        self.note(f"{phase}: DOM nodes", "", size.nodes)
        self.note(f"{phase}: messages in the document", "", size.rows)
        self.note(f"{phase}: JavaScript heap", "MB", size.heap_mb)

    def rows(self) -> list[Row]:
        return [self._row(what, unit, values) for (what, unit), values in self.values.items()]

    def newest(self) -> Iterator[str]:
        """Yield what was noted last of each quantity, in words."""
        for (what, unit), values in self.values.items():
            yield f"{what} {values[-1]:,.1f} {unit}".rstrip()

    def _row(self, what: str, unit: str, values: Sequence[float]) -> Row:
        phase, _, quantity = what.partition(": ")
        median = statistics.median(values)
        target, is_met, note = "", None, ""
        if quantity == "keystroke to paint p95":
            target, is_met = "< 50 ms", median < _KEY_TARGET_MS
            note = f"{self.keys[phase]} keys in a round"
        elif quantity == "longest task":
            target, is_met = "no task > 50 ms", median <= LONG_TASK_MS
            note = str(self.worst[phase])
        elif quantity == "messages in the document":
            target, is_met = f"bounded: <= {_ROWS_AT_MOST}", median <= _ROWS_AT_MOST
        return Row(CASE, what, SERVER, values, unit, note, target, is_met, is_better_low=True)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which this share of the ordered values lies, nearest rank. Raises ValueError without any."""
    if not ordered:
        raise ValueError("no key was pressed while it was traced")
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def run(bench: Bench) -> list[Row]:
    plan = Plan(_QUICK_MESSAGES, _QUICK_SHARE) if bench.is_quick else Plan()
    findings = Findings()
    with _claude() as claude, _site(bench, claude) as site:
        sessions = _sessions(site, plan.messages, bench.rounds)
        with machine.on_cores(machine.ALL_CORES), chromium() as browser:
            for number, session in enumerate(sessions, 1):
                with visitor(browser, session.site.processes[0].origin, session.reader_key) as context:
                    _Visit(session, claude, plan, findings).play(browser, context)
                bench.say(f"round {number}: " + "; ".join(findings.newest()))
    return findings.rows()


@dataclass(frozen=True)
class Session:
    """A room with its history. reader_key: the browser session of the person whose page is measured."""

    site: Site
    room: str
    first_seq: int
    reader_key: str
    others: Sequence[Person]


class _Visit:
    """One round: what a person does in a session from opening it to having read all of it."""

    def __init__(self, session: Session, claude: FakeClaude, plan: Plan, findings: Findings) -> None:
        self._session, self._claude, self._plan, self._findings = session, claude, plan, findings

    def play(self, browser: Browser, context: BrowserContext) -> None:
        find, count = self._findings, self._plan.messages
        tab = self._tab(browser, context)
        with tab.traced(lambda trace: find.note_tasks("opening", trace)):
            find.note_load("opening", tab.open())
        tab.close()
        tab = self._tab(browser, context)
        find.note_load("opening again", tab.open())
        find.note_size("opened", tab.size())
        self._write_while_claude_replies(tab, "streaming")
        with tab.traced(lambda trace: find.note_tasks("scrolling back", trace)):
            seconds = tab.scroll_to_start(self._session.first_seq)
        find.note(f"scrolling back: time for {count:,} messages", "s", seconds)
        find.note_size("scrolled back", tab.size())
        self._write_while_claude_replies(tab, f"streaming with {count:,} loaded")
        find.note_size("after both replies", tab.size())
        if tab.complaints:
            raise RuntimeError(f"the page complained: {tab.complaints}")

    def _tab(self, browser: Browser, context: BrowserContext) -> RoomTab:
        return RoomTab(browser, context, self._session.site.processes[0].origin, self._session.room)

    def _write_while_claude_replies(self, tab: RoomTab, phase: str) -> None:
        def found(trace: Trace) -> None:
            self._findings.note_keys(phase, trace)
            self._findings.note_tasks(phase, trace)

        self._claude.will(self._plan.reply)
        session = self._session
        with Others(session.site, session.room, session.others, machine.SERVER_CORE) as others, tab.traced(found):
            tab.wait(_BEFORE_KEYS_SECONDS)
            # Only keys that were pressed while it streamed count; a slow machine gets through fewer of them.
            tab.type(self._plan.typed, lambda: not others.have_reply())
            while not others.have_reply():
                tab.wait(_LOOK_SECONDS)
            tab.wait(_AFTER_REPLY_SECONDS)
        tab.clear()


@contextmanager
def _claude() -> Iterator[FakeClaude]:
    """The stand-in responds in a thread of ours, on the server's core: it must not take the browser's time."""
    with machine.on_cores([machine.SERVER_CORE]):
        claude = FakeClaude()
        claude.start()
    try:
        yield claude
    finally:
        claude.stop()


@contextmanager
def _site(bench: Bench, claude: FakeClaude) -> Iterator[Site]:
    """A production site: static files with hashed names, compressed, to be cached forever."""
    static: Path = bench.directory / "static"
    settings: dict[str, Any] = {
        **claude_settings(claude),
        "DJANGO_SETTINGS_MODULE": "bench.browser.settings",
        "BENCH_STATIC_ROOT": str(static),
    }
    if not static.exists():
        _collect_static(settings)
    with parley.site(bench.sites, **settings) as site:
        yield site


def _collect_static(settings: dict[str, Any]) -> None:
    environment = {**os.environ, **parley.SETTINGS, **settings, "SECRET_KEY": "only-while-files-are-collected-" * 3}
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, env=environment, cwd=REPOSITORY, check=True, timeout=_COLLECT_SECONDS)


def _sessions(site: Site, messages: int, count: int) -> list[Session]:
    casts = {unique("session"): site.people.create("reader", "asker", "talker", "talker") for _round in range(count)}
    for room, (reader, *others) in casts.items():
        asyncio.run(_make_room(site, room, reader, others))
    firsts = _fill(site, messages, list(casts))
    return [
        Session(site, room, first, site.people.sign_in(reader), others)
        for first, (room, (reader, *others)) in zip(firsts, casts.items(), strict=True)
    ]


async def _make_room(site: Site, room: str, owner: Person, members: Sequence[Person]) -> None:
    """Make a session in which Claude replies when it is called, so that people can talk while it does."""
    tab = await SocketClient.open(site.processes[0].socket_url, headers=parley.authorization(owner))
    names = [member.username for member in members]
    claude = {"everyMessage": False}
    await tab.request("create_room", kind="session", room=room, name="A long session", members=names, claude=claude)
    await tab.close()


def _fill(site: Site, count: int, rooms: Sequence[str]) -> list[int]:
    """Give rooms their history; return the seq of each one's first message."""
    command = [sys.executable, "-m", "bench.browser.history", str(count), *rooms]
    done = subprocess.run(command, env=site.env, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the history was not written:\n{done.stderr[-4000:]}")
    return [int(seq) for seq in done.stdout.split()]


def main() -> None:
    """Smoke run: `python -m bench.cases.browser [--full]`, one round."""
    with prepared(rounds=1, seconds=1, is_quick="--full" not in sys.argv) as bench:
        for row in run(bench):
            verdict = {None: "", True: "met", False: "MISSED"}[row.is_met]
            bench.say(f"{row.what:60} {row.median:12,.1f} {row.unit:3} {row.target} {verdict} {row.note}")


if __name__ == "__main__":
    main()
