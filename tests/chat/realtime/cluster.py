"""Several processes' presence over a network that loses, doubles and reorders; and what is really true meanwhile."""

import itertools
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from django.conf import settings

from chat.realtime.layer.bus import PresenceNews
from chat.realtime.presence import ROOM, SESSION, USER, Presence, Topic
from tests.chat.realtime.clock import Clock
from tests.chat.realtime.doubles import FakeConnection, FakeHub

TOPICS: Final = (Topic(ROOM, "lounge"), Topic(ROOM, "library"), Topic(SESSION, "demo"), Topic(USER, "1"))
PEOPLE: Final = 3
PROCESSES_AT_MOST: Final = 4
_MESSAGES_AT_MOST: Final = 2000

Step = tuple[str, int]
STEPS: Final = (
    "enter", "enter", "enter", "leave", "leave", "send", "send", "deliver", "deliver", "deliver", "double", "lose",
    "beat", "beat", "wait", "freeze", "kill", "goodbye", "start", "rename",
)  # fmt: skip
# Without deaths and births, which have everyone told everything again: what is lost stays lost longer.
QUIET_STEPS: Final = ("enter", "leave", "rename", "send", "send", "deliver", "deliver", "lose", "double")


class Timers:
    """In place of a loop: what was to be called later is called when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_later(self, _seconds: float, function: Callable[[], None]) -> None:
        self.waiting.append(function)

    def fire(self) -> None:
        waiting, self.waiting = self.waiting, []
        for function in waiting:
            function()


class Pause:
    """An awaitable that comes back when its coroutine is sent on."""

    def __await__(self) -> Any:
        yield


class Process:
    def __init__(self, id_: str, send: Callable[[str, PresenceNews], None]) -> None:
        self.id = id_
        self.hub = FakeHub(id_, send)
        self.presence = Presence(self.hub)  # type: ignore[arg-type]
        self.timers = Timers()
        self.tabs: list[tuple[Topic, FakeConnection]] = []
        self._beats: Coroutine[Any, Any, None] = self.presence.run()

    def beat(self) -> None:
        """The first one says hello."""
        self._beats.send(None)

    def stop(self) -> None:
        self._beats.close()


class Cluster:
    def __init__(self) -> None:
        self.clock = Clock()
        self.numbers = itertools.count(1)
        self.living: list[Process] = []
        self.flying: list[tuple[str, str, PresenceNews]] = []  # target, origin, news
        self.happened: Counter[str] = Counter()

    # --- The network ----------------------------------------------------------------------------------------

    def send(self, origin: str, news: PresenceNews) -> None:
        self.flying += [(process.id, origin, news) for process in self.living if process.id != origin]

    def arrive(self, target: str, origin: str, news: PresenceNews) -> None:
        for process in self.living:
            if process.id == target:
                self.acting(process, partial(process.hub.heard, news, origin))
                self.check(process)
                return

    def let_all_arrive(self) -> None:
        for _ in range(_MESSAGES_AT_MOST):
            if not self.flying:
                return
            self.arrive(*self.flying.pop(0))
        raise AssertionError("they never stop talking")

    def acting(self, process: Process, act: Callable[[], None]) -> None:
        """Let a process do something on its own loop."""
        fake_asyncio = SimpleNamespace(get_running_loop=lambda: process.timers, sleep=lambda _seconds: Pause())
        with patch.multiple("chat.realtime.presence", asyncio=fake_asyncio, time=self.clock):
            act()

    # --- Steps ----------------------------------------------------------------------------------------------

    def step(self, name: str, number: int) -> None:
        if name in ("deliver", "double", "lose"):
            self._fly(name, number)
        elif name in ("wait", "freeze"):
            self.clock.now += settings.PRESENCE_BEAT_SECONDS if name == "wait" else settings.PRESENCE_EXPIRY_SECONDS + 1
        elif name == "start" or not self.living:
            self.start()
        else:
            self._process_does(name, self.living[number % len(self.living)], number)
        self.happened[name] += 1

    def start(self) -> None:
        if len(self.living) < PROCESSES_AT_MOST:
            process = Process(f"process-{next(self.numbers)}", self.send)
            self.living.append(process)
            self.acting(process, process.beat)

    def _fly(self, name: str, number: int) -> None:
        if self.flying:
            index = number % len(self.flying)
            if name != "lose":
                self.arrive(*self.flying[index])
            if name != "double":
                del self.flying[index]

    def _process_does(self, name: str, process: Process, number: int) -> None:
        if name == "enter":
            topic = TOPICS[number % len(TOPICS)]
            user_id = 1 if topic.kind == USER else number % PEOPLE + 1
            tab = FakeConnection(f"tab-{next(self.numbers)}", user_id)
            process.tabs.append((topic, tab))
            self.acting(process, lambda: process.presence.enter(topic, tab.as_connection))
        elif name == "leave" and process.tabs:
            topic, tab = process.tabs.pop(number % len(process.tabs))
            self.acting(process, lambda: process.presence.leave(topic, tab.as_connection))
        elif name == "rename" and process.tabs:
            _topic, tab = process.tabs[number % len(process.tabs)]
            tab.actor = tab.actor._replace(display_name=f"Name {next(self.numbers)}")
            self.acting(process, lambda: process.presence.rename(tab.as_connection))
        elif name == "send":
            self.acting(process, process.timers.fire)
        elif name == "beat":
            self.acting(process, process.beat)
        elif name in ("kill", "goodbye"):
            if name == "goodbye":
                self.acting(process, process.presence.goodbye)
            process.stop()
            self.living.remove(process)
            return
        self.check(process)

    # --- What must hold -------------------------------------------------------------------------------------

    def truth(self) -> dict[Topic, Counter[int]]:
        found: dict[Topic, Counter[int]] = {topic: Counter() for topic in TOPICS}
        for process in self.living:
            for topic, tab in process.tabs:
                found[topic][tab.user_id] += 1
        return found

    @staticmethod
    def view(process: Process) -> dict[Topic, Counter[int]]:
        return {
            topic: Counter({int(user.id): user.tabs for user in process.presence.online(topic)}) for topic in TOPICS
        }

    def true_names(self) -> dict[Topic, dict[str, str]]:
        """By topic, what each tab's person is called there."""
        found: dict[Topic, dict[str, str]] = {topic: {} for topic in TOPICS}
        for process in self.living:
            for topic, tab in process.tabs:
                found[topic][tab.id] = tab.actor.display_name
        return found

    @staticmethod
    def names(process: Process) -> dict[Topic, dict[str, str]]:
        return {
            topic: {
                tab.connection_id: tab.display_name
                for tabs in process.presence._here.get(topic, {}).values()
                for tab in tabs.values()
            }
            for topic in TOPICS
        }

    def check(self, process: Process) -> None:
        """What a process told its tabs adds up to what it says when asked: no one joins twice or leaves unjoined."""
        for topic in TOPICS:
            if topic.kind == USER:
                continue
            here: set[str] = set()
            for group, type_, data in process.hub.history:
                if group != f"room:{topic.name}":
                    continue
                if type_ == "user_joined":
                    assert data["user"]["id"] not in here, "joined twice"
                    here.add(data["user"]["id"])
                elif type_ == "user_left":
                    assert data["user"]["id"] in here, "left without having joined"
                    here.remove(data["user"]["id"])
                elif type_ == "presence":
                    assert {user["id"] for user in data["online"]} == here, "the list contradicts the events"
            assert here == {user.id for user in process.presence.online(topic)}

    def settle(self) -> None:
        """The network works again for as long as a dead process is believed."""
        rounds = int(settings.PRESENCE_EXPIRY_SECONDS / settings.PRESENCE_BEAT_SECONDS) + 3
        for _ in range(rounds):
            self.clock.now += settings.PRESENCE_BEAT_SECONDS
            for process in self.living:
                self.acting(process, process.timers.fire)
                self.acting(process, process.beat)
            self.let_all_arrive()
        truth = self.truth()
        for process in self.living:
            assert self.view(process) == truth, process.id
            assert self.names(process) == self.true_names(), process.id
            assert set(process.presence.processes()) == {other.id for other in self.living}
            self.check(process)

    def close(self) -> None:
        for process in self.living:
            process.stop()


def play(steps: list[Step]) -> Cluster:
    """Play steps through on two processes, let the network settle, and compare everyone's view with the truth."""
    cluster = Cluster()
    try:
        cluster.start()
        cluster.start()
        for name, number in steps:
            cluster.step(name, number)
        cluster.settle()
    finally:
        cluster.close()
    return cluster
