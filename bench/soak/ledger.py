"""What every tab was told, beside what its room says in the end: what is lost, doubled, disordered or different. No I/O.

A tab keeps one number for each message, the newest `change` that it knows of it: 2,000 tabs for 20 minutes fit into
little memory. What a change says is kept once for all tabs of the room, and compared whenever someone hears it.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.soak.frames import Delta, Joined, Keyframe, Message

ENDS: Final = frozenset({"complete", "stopped", "interrupted", "failed"})


@dataclass
class Tally:
    """deliveries: durable events heard live. recovered: rows brought by a coming back. lost: known only after `audit`.

    different: the same change, or the same words of a reply, told in two ways. skipped: words of a reply that a tab
    had to ask for, or got with its end only. resets: who came back and was not caught up.
    """

    deliveries: int = 0
    recovered: int = 0
    words: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    different: int = 0
    skipped: int = 0
    resets: int = 0
    replies: int = 0
    unended: int = 0


@dataclass
class Room:
    """What is true of a room for all of its tabs. `head` is the highest change that anybody has heard of."""

    slug: str
    tally: Tally
    is_session: bool = False
    head: int = 0
    running: set[str] = field(default_factory=set)
    _states: dict[int, tuple[str, int]] = field(default_factory=dict)
    _words: dict[tuple[str, int, int], dict[int, str]] = field(default_factory=dict)

    def say(self, message: Message) -> None:
        """Compare a state of a message with what others were told of the same change."""
        self.head = max(self.head, message.change)
        if message.reply is not None:
            if message.reply.state == "running":
                return  # it grows without a change
            (self.running.discard if message.reply.state in ENDS else self.running.add)(message.id)
        state = (message.id, hash(message.content))
        if self._states.setdefault(message.change, state) != state:
            self.tally.different += 1

    def say_words(self, delta: Delta) -> None:
        words = self._words.setdefault((delta.messageId, delta.version, delta.attempt), {})
        if words.setdefault(delta.n, delta.text) != delta.text:
            self.tally.different += 1

    def words_of(self, message: Message) -> str | None:
        """Return what was heard of a reply; None when the tabs together have not heard all of it."""
        assert message.reply is not None
        words = self._words.get((message.id, message.reply.version, message.reply.attempt), {})
        numbers = range(1, message.reply.n + 1)
        return "".join(words[n] for n in numbers) if words.keys() >= set(numbers) else None


class Place:
    """One tab in its room, over all its connections."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.change = 0
        self.epoch = ""
        self._since = 0  # what was so before the tab first came is not owed to it
        self._newest = array("I")
        self._missing: set[int] = set()
        # Of each reply under way: (version, attempt), up to where a keyframe brought it, and the last words heard.
        self._streams: dict[str, tuple[tuple[int, int], int, int]] = {}

    def join(self, joined: Joined) -> None:
        """Take the response to a `join_room`: the first one, or one that must bring all that changed meanwhile."""
        tally = self.room.tally
        if joined.reset or not self.epoch:
            tally.resets += joined.reset
            self._since, self._newest, self._missing = joined.change, array("I"), set()
        else:
            last = self.change
            for message in joined.messages:
                tally.recovered += 1
                if message.change <= self.change:
                    tally.doubled += 1
                elif message.change <= last:
                    tally.disordered += 1
                last = max(last, message.change)
        for message in joined.messages:
            self._know(message)
        self.change, self.epoch = joined.change, joined.epoch
        self._streams = {}
        for stream in joined.streams:
            self.resume(stream)

    def hear(self, change: int, message: Message) -> None:
        """Take a durable event, whose change must be the next one."""
        tally = self.room.tally
        tally.deliveries += 1
        if change > self.change:
            self._missing.update(range(self.change + 1, change))
        elif change in self._missing:
            self._missing.discard(change)
            tally.disordered += 1
        else:
            tally.doubled += 1
        self.change = max(self.change, change)
        self._know(message)
        reply = message.reply
        if reply is not None and reply.state in ENDS:
            stream = self._streams.pop(message.id, None)
            # Who lost its runner keeps what was stored last: that may be less than what was heard.
            if stream is not None and stream[2] != reply.n and reply.state == "complete":
                # The last words may be left out for a connection that is behind: then the end brings them.
                if stream[2] < reply.n:
                    tally.skipped += 1
                else:
                    tally.different += 1

    def hear_words(self, delta: Delta) -> bool:
        """Take some words of a reply; return whether words before them are missing, so that it must be asked for."""
        tally = self.room.tally
        attempt = (delta.version, delta.attempt)
        known, base, last = self._streams.get(delta.messageId, (attempt, 0, 0))
        if known != attempt:
            base = last = 0
        if delta.n <= base:
            return False  # the keyframe had it already
        self.room.say_words(delta)
        tally.words += 1
        if delta.n <= last:
            tally.doubled += 1
            return False
        is_gap = delta.n > last + 1
        tally.skipped += is_gap
        self._streams[delta.messageId] = (attempt, base, delta.n)
        return is_gap

    def resume(self, stream: Keyframe) -> None:
        """Take a keyframe: all words up to its number."""
        attempt = (stream.version, stream.attempt)
        known, _, last = self._streams.get(stream.messageId, (attempt, 0, 0))
        last = last if known == attempt else 0
        self._streams[stream.messageId] = (attempt, stream.n, max(stream.n, last))

    def lost(self, rows: Iterable[Message]) -> int:
        """Return how many changes this tab was owed and never told, given the room's rows as they are in the end."""
        rows = list(rows)
        stale = {row.change for row in rows if row.change > self._since and self._knows(row.seq) != row.change}
        return len(stale | self._missing)

    def _know(self, message: Message) -> None:
        self.room.say(message)
        grown = message.seq + 1 - len(self._newest)
        if grown > 0:
            self._newest.extend([0] * grown)
        self._newest[message.seq] = max(self._newest[message.seq], message.change)

    def _knows(self, seq: int) -> int:
        return self._newest[seq] if seq < len(self._newest) else 0


@dataclass
class Posts:
    """What was posted under which client id, and at which place its response puts it."""

    room_of: dict[str, str] = field(default_factory=dict)
    seq_of: dict[str, int] = field(default_factory=dict)

    def stored(self, room: Room, message: Message, client_id: str) -> None:
        room.say(message)
        if client_id in self.room_of and self.seq_of.setdefault(client_id, message.seq) != message.seq:
            room.tally.doubled += 1


def audit(tally: Tally, posts: Posts, places: Sequence[Place], rows: dict[str, list[Message]]) -> None:
    """Compare what responses said, and what every tab knows, with the rows of every room as a new reader gets them."""
    rooms = {place.room.slug: place.room for place in places}
    stored: dict[str, list[tuple[str, int]]] = {}
    for slug, messages in rows.items():
        for message in messages:
            rooms[slug].say(message)
            if message.clientId:
                stored.setdefault(message.clientId, []).append((slug, message.seq))
            if message.reply is not None:
                _audit_reply(rooms[slug], message)
    tally.doubled += sum(len(found) - 1 for found in stored.values())
    for client_id, slug in posts.room_of.items():
        place = (slug, posts.seq_of.get(client_id, 0))
        tally.lost += place not in stored.get(client_id, ())
    tally.lost += sum(place.lost(rows[place.room.slug]) for place in places)


def _audit_reply(room: Room, message: Message) -> None:
    assert message.reply is not None
    room.tally.replies += 1
    if message.reply.state != "complete":
        room.tally.unended += 1
    elif room.words_of(message) != message.content:
        room.tally.different += 1
