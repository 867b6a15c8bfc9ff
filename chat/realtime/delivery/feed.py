"""One room in one process: its durable events to its local connections, in order of `change`, no gap, no repeat.

Events come from this process's own writes and from the channel layer, in any order, some twice, some never. The feed
holds what came early, drops what came twice, and says when something is missing so that the hub reads it from the
database. It does no I/O.
"""

from collections.abc import Callable
from typing import Final

from chat.realtime.delivery.burst import Burst, Sharer
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.ended_words import words_of_ended
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import Event

# The frame that one connection gets in place of the others', because it carries the id of its request.
Own = tuple[Connection, Payload]
_Item = tuple[Event, Payload, Own | None]

_HELD_AT_MOST: Final = 1000
_HELD_CHARS: Final = 4_000_000
_JOIN_BUFFER_AT_MOST: Final = 2000
# More than this would not go into an outbox either.
_JOIN_BUFFER_CHARS: Final = 1_000_000


class _Buffer(list[_Item]):
    """What comes while a connection joins. What has run over is no use any more: the joining begins again."""

    __slots__ = ("_chars", "has_run_over")

    def __init__(self) -> None:
        self._chars = 0
        self.has_run_over = False

    def take(self, item: _Item) -> None:
        if self.has_run_over:
            return
        self._chars += len(item[0].text)
        if len(self) == _JOIN_BUFFER_AT_MOST or self._chars > _JOIN_BUFFER_CHARS:
            self.has_run_over = True
            self.clear()
        else:
            self.append(item)


class Feed:
    """States of a connection in it: joining (events are buffered), late (ahead of the feed), live.

    A connection that has read the database may know a later `change` than the feed has seen; it is late until the
    feed comes up to it, so that it neither misses nor repeats an event.
    """

    __slots__ = (
        "_burst",
        "_late",
        "_on_gap",
        "counted",
        "epoch",
        "held",
        "joining",
        "last",
        "live",
        "noted",
        "slug",
        "watchers",
    )

    def __init__(self, slug: str, on_gap: "Callable[[Feed], None]") -> None:
        self.slug = slug
        self.last: int | None = None  # the change up to which the live connections have everything
        self.epoch = ""
        self.noted = 0  # the change up to which the watchers were told
        self.counted: dict[
            int, int
        ] = {}  # by user: the change up to which counts that they were sent include everything
        self.live: set[Connection] = set()
        self.watchers: set[Connection] = set()  # members who have not opened the room: they hear only that it moves
        self.held: dict[int, _Item] = {}
        self.joining: dict[Connection, _Buffer] = {}
        self._late: dict[Connection, int] = {}
        self._burst: Burst | None = None
        self._on_gap = on_gap

    @property
    def is_idle(self) -> bool:
        return not (self.live or self.joining or self._late or self.watchers)

    @property
    def has_gap(self) -> bool:
        return bool(self.held) and self.last is not None

    @property
    def next_change(self) -> int | None:
        return None if self.last is None else self.last + 1

    def is_behind(self, change: int) -> bool:
        """Whether the live connections lack something up to `change`."""
        return self.last is not None and self.last < change

    def connections(self) -> list[Connection]:
        """Return everyone in the room, live or about to be."""
        return [*self.live, *self._late, *self.joining]

    def begin_joining(self, connection: Connection) -> None:
        """Buffer what comes from now on: the caller reads the database next."""
        self._leave_live(connection)
        self._late.pop(connection, None)
        self.joining[connection] = _Buffer()

    def can_go_live(self, connection: Connection, change: int) -> bool:
        """Whether what was read up to `change`, and what was buffered, reach the feed without a hole.

        They do not when the buffer ran over, when the joining was ended by a removal, or when another connection that
        had read further has moved the feed on: then the database must be read again.
        """
        buffered = self.joining.get(connection)
        if buffered is None or buffered.has_run_over:
            return False
        if self.last is None or change >= self.last:
            return True
        return {event.change for event, _, _ in buffered} >= set(range(change + 1, self.last + 1))

    def go_live(self, connection: Connection, change: int, epoch: str) -> None:
        """Hand out what was buffered beyond `change`, and from now on everything."""
        buffered = self.joining.pop(connection)
        needless = words_of_ended([event for event, _, _ in buffered])
        for place, (event, payload, own) in enumerate(buffered):
            is_news = place not in needless if event.change is None else event.change > change
            if is_news and _hears(connection, event):
                connection.send(_frame_for(connection, payload, own))
        if self.last is None:
            self.last, self.epoch = change, epoch
            self._become_live(connection)
            # What came before the feed had a position is nowhere but here: it goes to the one just made live, too.
            self._release_held()
        elif self.is_behind(change):
            self._late[connection] = change
        else:
            self._become_live(connection)

    def remove(self, connection: Connection) -> None:
        self._leave_live(connection)
        self._late.pop(connection, None)
        self.joining.pop(connection, None)
        if not (self.live or self._late or self.joining):
            self.forget_position()

    def forget_position(self) -> None:
        """No one follows the order any more, so nothing is held, repaired or checked until someone joins."""
        self.last = None
        self.held.clear()

    def take(self, event: Event, payload: Payload, own: Own | None = None) -> None:
        """Deliver an event, or hold it until those before it are there."""
        if event.change is None:
            self._deliver(event, payload, own)
        elif self.last is None or event.change > self.last + 1:
            if (self.joining or self.last is not None) and self._may_hold_more():
                self.held[event.change] = (event, payload, own)
            if self.last is not None:
                self._on_gap(self)
        elif event.change == self.last + 1:
            self._deliver(event, payload, own)
            self.last = event.change
            if self.held:
                self._release_held()
            if self._late:
                self._promote()

    def _may_hold_more(self) -> bool:
        """Whether an event that came early may be kept. One that is not is read from the database, with those before it."""
        if len(self.held) >= _HELD_AT_MOST:
            return False
        return sum(len(event.text) for event, _, _ in self.held.values()) < _HELD_CHARS

    def _release_held(self) -> None:
        for change in sorted(self.held):
            if change == self.next_change:
                self._deliver(*self.held.pop(change))
                self.last = change
            elif self.is_behind(change):
                break
            else:
                del self.held[change]
        if self._late:
            self._promote()
        if self.held:
            self._on_gap(self)

    def _promote(self) -> None:
        for connection, change in list(self._late.items()):
            if not self.is_behind(change):
                del self._late[connection]
                self._become_live(connection)

    def _become_live(self, connection: Connection) -> None:
        self.live.add(connection)
        if self._burst is not None and self._burst.is_open:
            self._burst.apart.append(connection)  # it has had what the burst holds

    def _leave_live(self, connection: Connection) -> None:
        self.live.discard(connection)
        if self._burst is not None and self._burst.is_open:
            self._burst.remove(connection)

    def _deliver(self, event: Event, payload: Payload, own: Own | None) -> None:
        burst = self._burst
        if burst is None or not burst.is_open:
            burst = self._burst = Burst(self.live)
        _release_exceptions(burst, event, own)
        burst.push(payload)
        for connection in burst.apart:
            if _hears(connection, event):
                connection.send(_frame_for(connection, payload, own))
        if not burst.is_open:
            self._burst = None  # no one shares it, so nothing would end it
        for connection, change in self._late.items():
            if (event.change is None or event.change > change) and _hears(connection, event):
                connection.send(_frame_for(connection, payload, own))
        for buffer in self.joining.values():
            buffer.take((event, payload, own))


def _release_exceptions(burst: Burst, event: Event, own: Own | None) -> None:
    """Have those served one by one who do not get an event, or another frame than the others."""
    if own is not None:
        burst.release(own[0])
    if event.without_user:
        burst.release_user(event.without_user)
    if event.without_connection:
        burst.release_id(event.without_connection)


def _frame_for(connection: Sharer, payload: Payload, own: Own | None) -> Payload:
    return own[1] if own is not None and own[0] is connection else payload


def _hears(connection: Sharer, event: Event) -> bool:
    return connection.id != event.without_connection and connection.user_id != event.without_user
