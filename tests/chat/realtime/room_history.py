"""One room in one process, played through from a list of steps: a database, events on their way, a feed, connections.

The model knows what every connection must have heard; `play` raises AssertionError when it has not. The feed is driven
through the real hub, whose database is replaced by the model's.
"""

import json
import sys
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from chat.protocol import wire
from chat.protocol.close import CloseCode
from chat.realtime.delivery.direct_outbox import Due, Writing
from chat.realtime.delivery.feed import Feed
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.recovery import Missed
from chat.realtime.events import Event, durable, ephemeral, room_group
from chat.realtime.hub import Hub
from tests.chat.realtime.doubles import FakeConnection, SharingOutbox

SLUG: Final = "lounge"
EPOCH: Final = "epoch"
PEOPLE: Final = 4

Step = tuple[str, int]
STEPS: Final = (
    "post", "post", "edit", "deliver", "deliver", "deliver", "double", "lose", "type", "begin", "begin",
    "read", "go live", "go live", "leave", "repair", "check heads", "pong", "write", "write",
)  # fmt: skip


class NoSubscriptions:
    def want(self, _group: str) -> None: ...
    def unwant(self, _group: str) -> None: ...


class ModelHub(Hub):
    """The real hub, whose database is the model's, and which counts reported gaps in place of starting tasks."""

    def __init__(self, feed_class: type[Feed]) -> None:
        super().__init__()
        self._feed_class = feed_class
        self._subscriptions = NoSubscriptions()  # type: ignore[assignment]
        self.is_alone = True
        self.gaps = 0

    def feed_of(self, slug: str) -> Feed:
        if slug not in self.feeds:
            self.feeds[slug] = self._feed_class(slug, self._gap_found)
        return self.feeds[slug]

    def _gap_found(self, feed: Feed) -> None:
        self.gaps += 1


class Tab(FakeConnection):
    """A connection that is out of the room, joining (and has or has not read), or in it.

    A tab that `shares` gets what the others get together with them, as a real connection does.
    """

    def __init__(self, id_: str, user_id: int, *, shares: bool) -> None:
        super().__init__(id_, user_id)
        if shares:
            self.outbox = SharingOutbox(self.sent)
        self.state = "out"
        self.cursor: int | None = None
        self.typings_expected = self.pongs_expected = 0

    def send(self, payload: Payload) -> None:
        if self.burst is not None:
            self.burst.release(self.as_connection)
        super().send(payload)
        if isinstance(self.outbox, SharingOutbox):
            self.outbox.is_clear = False

    def close(self, code: CloseCode) -> None:
        if self.burst is not None:
            self.burst.release(self.as_connection)
        super().close(code)

    def heard(self) -> list[dict[str, Any]]:
        """Return what it has been sent, and what is about to be written to it and others."""
        shared = [] if self.burst is None else self.burst._payloads
        return [*self.sent, *(json.loads(payload.text) for payload in shared)]

    def of_type(self, type_: str) -> list[dict[str, Any]]:
        return [frame["data"] for frame in self.heard() if frame["type"] == type_]

    def changes(self) -> list[int]:
        return [frame["data"]["change"] for frame in self.heard() if "change" in frame["data"]]

    def forget(self) -> None:
        self.sent.clear()
        self.typings_expected = self.pongs_expected = 0


class RoomHistory:
    def __init__(self, feed_class: type[Feed], *, shares: bool) -> None:
        self.hub = ModelHub(feed_class)
        self.shares = shares
        self.due: list[Due] = []  # what waits to be written
        self.head = 0
        self.rows: dict[int, int] = {}  # seq -> change
        self.under_way: list[Event] = []
        self.edits = 0
        self.opened = 0
        self.was_late = False
        self.tabs = [self._new_tab(user_id) for user_id in range(1, PEOPLE + 1)]

    def _new_tab(self, user_id: int) -> Tab:
        self.opened += 1
        return Tab(f"tab-{self.opened}", user_id, shares=self.shares)

    # --- The database ---------------------------------------------------------------------------------------

    def message(self, seq: int) -> wire.Message:
        return wire.Message(
            id="1",
            room=SLUG,
            seq=seq,
            change=self.rows[seq],
            kind="text",
            author=None,
            content="",
            html="",
            createdAt=0,
            reactions=[],
            mentions=[],
        )

    def changes_after(self, _slug: str, after: int, limit: int) -> Missed:
        changed = sorted((change, seq) for seq, change in self.rows.items() if change > after)
        return Missed(self.head, [self.message(seq) for _change, seq in changed[:limit]], limit < len(changed))

    def heads(self, _slugs: list[str]) -> dict[str, tuple[int, str]]:
        return {SLUG: (self.head, EPOCH)}

    # --- Steps ----------------------------------------------------------------------------------------------

    def step(self, name: str, number: int) -> None:
        if name == "post" or (name == "edit" and not self.rows):
            self._commit(self.head + 1)
        elif name == "edit":
            self.edits += 1
            self._commit(list(self.rows)[number % len(self.rows)])
        elif name in ("deliver", "double", "lose"):
            self._move(name, number)
        elif name == "type":
            self._type(number)
        elif name in ("repair", "check heads"):
            self._mend(name)
        elif name == "write":
            self._write()
        else:
            self._tab_does(name, number % PEOPLE)

    def _commit(self, seq: int) -> None:
        self.head += 1
        self.rows[seq] = self.head
        self.under_way.append(durable(self.message(seq)))

    def _move(self, name: str, number: int) -> None:
        if not self.under_way:
            return
        index = number % len(self.under_way)
        if name != "lose":
            self.hub.deliver(self.under_way[index])
        if name != "double":
            del self.under_way[index]

    def _type(self, number: int) -> None:
        typist = self.tabs[number % PEOPLE]
        fact = wire.TypingFact(SLUG, typist.actor.ref, True)
        self.hub.deliver(ephemeral(room_group(SLUG), "typing", fact, without_user=typist.user_id))
        for tab in self.tabs:
            # While no one has read yet, no one shows anything that typing could stand under.
            tab.typings_expected += tab is not typist and tab.state != "out"

    def _write(self) -> None:
        """Some turns of the loop pass: whatever waits is written."""
        due, self.due[:] = self.due.copy(), []
        for each in due:
            each.flush(sys.maxsize)
        for tab in self.tabs:
            if isinstance(tab.outbox, SharingOutbox):
                tab.outbox.is_clear = True

    def _mend(self, name: str) -> None:
        feed = self.hub.feeds.get(SLUG)
        if feed is not None and (name == "check heads" or feed.has_gap):
            run(self.hub.repairs.check_heads() if name == "check heads" else self.hub.repairs.repair(feed))

    def _tab_does(self, name: str, index: int) -> None:
        tab = self.tabs[index]
        if tab.closed is not None:
            if name == "begin":  # the client comes back on a new connection
                self.hub.leave(SLUG, tab.as_connection)
                self.tabs[index] = self._new_tab(tab.user_id)
                self._tab_does(name, index)
        elif name == "pong":
            tab.pongs_expected += 1
            tab.send(Payload('{"type":"pong","data":{}}'))
        elif name == "begin":
            self.hub.feed_of(SLUG).begin_joining(tab.as_connection)
            tab.forget()
            tab.state, tab.cursor = "joining", None
        elif name == "read" and tab.state == "joining":
            tab.cursor = self.head
        elif name == "go live" and tab.state == "joining":
            feed = self.hub.feed_of(SLUG)
            cursor = self.head if tab.cursor is None else tab.cursor
            if not feed.can_go_live(tab.as_connection, cursor):
                # What it has read does not reach what the others have: it reads once more.
                tab.cursor = None
                assert feed.can_go_live(tab.as_connection, self.head), "a fresh read always suffices"
                return
            tab.cursor = cursor
            feed.go_live(tab.as_connection, cursor, EPOCH)
            self.was_late |= feed.is_behind(tab.cursor)
            tab.state = "in"
        elif name == "leave":
            self.hub.leave(SLUG, tab.as_connection)
            tab.forget()
            tab.state, tab.cursor = "out", None

    # --- What must hold -------------------------------------------------------------------------------------

    def check(self) -> None:
        """After every step: who is in the room has heard an unbroken row of changes; a hole has been reported."""
        for tab in self.tabs:
            if tab.state == "in":
                first = (tab.cursor or 0) + 1
                changes = tab.changes()
                assert changes == list(range(first, first + len(changes))), f"{tab.id} from {first}: {changes}"
                if tab.closed is None:
                    assert len(tab.of_type("typing")) == tab.typings_expected, f"{tab.id} and who types"
            else:
                assert {frame["type"] for frame in tab.heard()} <= {"pong"}, f"{tab.id} has not joined: {tab.sent}"
            if tab.closed is None:
                assert len(tab.of_type("pong")) == tab.pongs_expected, f"{tab.id} and its pongs"
        feed = self.hub.feeds.get(SLUG)
        if feed is not None and feed.has_gap:
            assert self.hub.gaps, "a hole no one was told of"
        if feed is None or not feed.has_gap:
            self.hub.gaps = 0

    def finish(self) -> None:
        """The head check comes, nothing else: everyone has everything, or was told that their place is lost."""
        self._mend("check heads")
        self.check()
        for tab in self.tabs:
            assert tab.closed in (None, CloseCode.POSITION_LOST)
            if tab.closed is not None:
                assert self.edits, "without edits the database can fill every hole"
            elif tab.state == "in":
                assert tab.changes() == list(range((tab.cursor or 0) + 1, self.head + 1)), f"{tab.id} lacks the end"


def run(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that never really waits."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("the model's database responds at once")


def play(steps: list[Step], feed_class: type[Feed] = Feed, *, shares: bool = True) -> RoomHistory:
    """Play steps through; raise AssertionError where someone missed, doubled or misordered a change."""
    history = RoomHistory(feed_class, shares=shares)

    async def ask(function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    database = SimpleNamespace(changes_after=history.changes_after, heads=history.heads)
    with (
        patch.multiple("chat.realtime.delivery.repairs", in_database=ask, recovery=database),
        patch.object(Writing, "soon", lambda _self, due: history.due.append(due)),
    ):
        for name, number in steps:
            history.step(name, number)
            history.check()
        history.finish()
    return history
