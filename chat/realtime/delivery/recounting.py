"""Counts that have become wrong: a message was deleted, or mentions others than before.

What tabs were told to add can't be taken back from one message alone: only the database knows what a person has read.
So each process counts again for its own tabs, and sends the whole numbers. Losing that is no worse than losing news:
the next list of rooms says the same.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from chat import unread
from chat.protocol import frames, wire
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.realtime.delivery.feed import Feed
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.watchers import Noted, Watchers, count_for

# A room with many deletions in a row is counted once a second.
_PAUSE_SECONDS: Final = 1.0
_PEOPLE_AT_ONCE: Final = 500


class _Wanted:
    """Whose counts are wrong, all people's or some people's, for messages up to `seq`."""

    def __init__(self) -> None:
        self.seq = 0
        self.people: set[int] | None = set()

    def add(self, seq: int, people: tuple[int, ...]) -> None:
        self.seq = max(self.seq, seq)
        self.people = None if not people or self.people is None else self.people | set(people)


class Recounts:
    def __init__(self, watchers: Watchers, spawn: Callable[[Coroutine[Any, Any, None], str], None]) -> None:
        self._watchers = watchers
        self._spawn = spawn
        self._wanted: dict[str, _Wanted] = {}

    def want(self, feed: Feed, recount: tuple[int, ...]) -> None:
        """Have people's counts of a room sent to their tabs soon. recount: as in an event."""
        is_first = feed.slug not in self._wanted
        self._wanted.setdefault(feed.slug, _Wanted()).add(recount[0], tuple(recount[1:]))
        if is_first:
            self._spawn(self._run(feed.slug), "recount")

    async def _run(self, slug: str) -> None:
        try:
            while (wanted := self._wanted[slug]).seq:
                self._wanted[slug] = _Wanted()
                await self._count(slug, wanted)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            del self._wanted[slug]

    async def _count(self, slug: str, wanted: _Wanted) -> None:
        feed = self._watchers.feeds.get(slug)
        here = set() if feed is None else {connection.user_id for connection in feed.watchers}
        affected = sorted(here if wanted.people is None else here & wanted.people)
        for start in range(0, len(affected), _PEOPLE_AT_ONCE):
            people = affected[start : start + _PEOPLE_AT_ONCE]
            with self._watchers.noting(slug) as meanwhile:
                try:
                    found = await in_database(unread.of_people, slug, people, wanted.seq)
                except ProtocolError:
                    return
                self._tell(slug, found, meanwhile)

    def _tell(self, slug: str, found: list[unread.Counted], meanwhile: list[Noted]) -> None:
        """Send the counts with what came while they were read: the tabs have been told, or are about to be told, of that."""
        feed = self._watchers.feeds.get(slug)
        if feed is None:
            return
        frames_of: dict[int, Payload] = {}
        for each in found:
            since = [message for message in meanwhile if message.change > each.change]
            upto = max([each.change, *(message.change for message in since)])
            count, mentions = count_for(each.user_id, since)
            fact = wire.ReadFact(
                slug,
                each.last_read_seq,
                min(unread.COUNT_AT_MOST, each.counts.unread + count),
                min(unread.COUNT_AT_MOST, each.counts.mentions + mentions),
            )
            news = wire.Notification("unread", room=slug, count=0, mentions=0, seq=upto, total=fact)
            frames_of[each.user_id] = Payload(frames.event("notification", news))
            feed.counted[each.user_id] = upto
        for connection in feed.watchers:
            if connection.user_id in frames_of:
                connection.send(frames_of[connection.user_id])
