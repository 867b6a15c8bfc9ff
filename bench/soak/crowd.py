"""All tabs of the soak on one thread: who does what next, who is cut off, and who comes back."""

import random
import selectors
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple

from bench.soak.ledger import Place, Posts, Room
from bench.soak.tab import State, Tab
from tests.servers.people import People, Person

_OPENING_AT_ONCE: Final = 32
_TURN_SECONDS: Final = 0.05
_TICKETS_SECONDS: Final = 0.5
_CUTS: Final = ("reset", "end", "goodbye")
_LONGEST_ABSENCE_SECONDS: Final = 8.0


@dataclass(frozen=True)
class Pace:
    """How often a second someone of the whole crowd does this; at random, not in step."""

    post: float = 20
    edit: float = 3
    prompt: float = 0.7
    type: float = 10
    read: float = 3
    cut: float = 8
    leave: float = 2


class _Return(NamedTuple):
    at: float
    number: int


class Crowd:
    """Two thousand tabs, say. `live` lets them do what `pace` says; `calm` waits until everything has arrived."""

    def __init__(
        self, port: int, people: People, homes: Sequence[tuple[Person, Room]], pace: Pace, seed: int = 1
    ) -> None:
        self.tally = homes[0][1].tally
        self.posts = Posts()
        self.complaints: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._people, self._pace, self._random = people, pace, random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self.tabs = [
            Tab(number, person, Place(room), port, self.posts, self._complain)
            for number, (person, room) in enumerate(homes)
        ]
        self._talkers = [tab for tab in self.tabs if not tab.place.room.is_session]
        self._askers = [tab for tab in self.tabs if tab.place.room.is_session]
        self._returns: list[_Return] = []
        self._next_tickets = 0.0
        self._texts = 0

    def _complain(self, about: str) -> None:
        self.complaints[about] += 1

    # --- Phases

    def open(self, seconds: float) -> None:
        """Bring all tabs into their rooms. Raises TimeoutError."""
        waiting = iter(self.tabs)
        under_way: set[Tab] = set()
        until = time.monotonic() + seconds
        while True:
            under_way = {tab for tab in under_way if tab.state is State.OPENING}
            while len(under_way) < _OPENING_AT_ONCE and (tab := next(waiting, None)) is not None:
                self._open(tab)
                under_way.add(tab)
            if not under_way:
                return
            if time.monotonic() > until:
                raise TimeoutError(f"the tabs did not come in; {dict(self.complaints)}")
            self._turn()

    def live(self, seconds: float, watch: Callable[[], None]) -> None:
        """Have the crowd act for so long; `watch` is called at every turn."""
        until = time.monotonic() + seconds
        actions = {name: getattr(self, f"_{name}") for name in vars(self._pace)}
        due = {name: time.monotonic() + self._wait_of(name) for name in actions}
        while (now := time.monotonic()) < until:
            for name, act in actions.items():
                while due[name] <= now:
                    due[name] += self._wait_of(name)
                    self.done[name] += act()
            self._bring_back(now)
            self._turn()
            watch()

    def calm(self, seconds: float) -> bool:
        """Bring everyone back and wait for what is under way; return whether all of it came in so many seconds."""
        until = time.monotonic() + seconds
        for tab in self.tabs:
            if tab.state is State.IN:
                tab.ask_again()
        while not self._is_calm():
            if time.monotonic() > until:
                return False
            self._bring_back(float("inf"))
            self._turn()
        return True

    def wait(self, is_over: Callable[[], bool]) -> None:
        """Only listen, and reply to pings, until something is over."""
        while not is_over():
            self._turn()

    def close(self) -> None:
        for tab in self.tabs:
            tab.cut("end")
        self._selector.close()

    def _is_calm(self) -> bool:
        return not self._returns and all(
            tab.state is State.IN
            and not tab.pending
            and not tab.place.room.running
            and tab.place.change == tab.place.room.head
            for tab in self.tabs
        )

    # --- What someone does; each returns whether it was done

    def _post(self) -> bool:
        return self._by(self._talkers, lambda tab: tab.post(self._text()))

    def _edit(self) -> bool:
        authors = [tab for tab in self._random.choices(self._talkers, k=8) if tab.own]
        return bool(authors) and self._by(authors, lambda tab: tab.edit(self._text()))

    def _prompt(self) -> bool:
        return self._by(self._askers, lambda tab: tab.prompt(f"{self._text()} {'and so on, ' * 18}"))

    def _type(self) -> bool:
        return self._by(self.tabs, Tab.type)

    def _read(self) -> bool:
        return self._by(self.tabs, Tab.read)

    def _leave(self) -> bool:
        return self._by(self.tabs, self._go_out)

    def _cut(self) -> bool:
        tab = self._random.choice(self.tabs)
        if tab.socket is None:
            return False
        was_out = tab.state in (State.OUT, State.LEAVING)
        self._end(tab, self._random.choice(_CUTS))
        if not was_out:  # else its return is awaited already
            self._return_later(tab)
        return True

    def _go_out(self, tab: Tab) -> None:
        tab.leave()
        self._return_later(tab)

    def _by(self, tabs: Sequence[Tab], act: Callable[[Tab], None]) -> bool:
        tab = self._random.choice(tabs)
        if tab.state is not State.IN:
            return False
        act(tab)
        return True

    def _text(self) -> str:
        self._texts += 1
        return f"Message **{self._texts}** of a long day, {self._random.randrange(10**12)}"

    def _wait_of(self, name: str) -> float:
        return self._random.expovariate(getattr(self._pace, name))

    # --- Connections

    def _return_later(self, tab: Tab) -> None:
        at = time.monotonic() + self._random.uniform(0.1, _LONGEST_ABSENCE_SECONDS)
        heappush(self._returns, _Return(at, tab.number))

    def _bring_back(self, now: float) -> None:
        """Open or rejoin for whose time has come; half of them with a ticket, which are asked for together."""
        if time.monotonic() < self._next_tickets:
            return
        self._next_tickets = time.monotonic() + _TICKETS_SECONDS
        back: list[Tab] = []
        while self._returns and self._returns[0].at <= now and len(back) < _OPENING_AT_ONCE:
            back.append(self.tabs[heappop(self._returns).number])
        away = [tab for tab in back if tab.state is State.AWAY]
        with_ticket = away[::2]
        names = [tab.person.username for tab in with_ticket]
        tickets = self._people.tell("issue_tickets", usernames=names, count=1) if names else []
        given = dict(zip(with_ticket, tickets, strict=True))
        for tab in back:
            if tab.state is State.AWAY:
                self._open(tab, given.get(tab, ""))
                self.done["reconnect"] += 1
            elif tab.state is State.OUT:
                tab.join()
            elif tab.state is State.LEAVING:
                self._return_later(tab)

    def _open(self, tab: Tab, ticket: str = "") -> None:
        self._selector.register(tab.open(ticket), selectors.EVENT_WRITE, tab)

    def _end(self, tab: Tab, way: str) -> None:
        if tab.socket is not None:
            self._selector.unregister(tab.socket)
            tab.cut(way)

    def _turn(self) -> None:
        for key, events in self._selector.select(_TURN_SECONDS):
            tab: Tab = key.data
            if tab.socket is None:
                continue
            if events & selectors.EVENT_WRITE:
                self._selector.modify(tab.socket, selectors.EVENT_READ, tab)
                tab.greet()
            elif not tab.receive():
                was_out = tab.state in (State.OUT, State.LEAVING)
                self._end(tab, "end")
                if not was_out:
                    self._return_later(tab)
