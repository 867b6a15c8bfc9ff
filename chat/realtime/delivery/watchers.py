"""Tabs of members who have not opened a room: they hear that it has news, joined into one small frame a second."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from chat.protocol import frames, wire
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.feed import Feed
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import Event

# Rooms that one connection hears of without having them open.
WATCHED_ROOMS: Final = 2000
_JOINED_FOR_SECONDS: Final = 1.0


class Noted(NamedTuple):
    """A new message, as far as it counts as unread."""

    change: int
    author_id: int
    mentions: tuple[int, ...]


def _nothing_to_recount(_feed: Feed, _recount: tuple[int, ...]) -> None:
    """In place of what counts again."""


class Watchers:
    """The first news goes out at once; what follows within a second is joined."""

    def __init__(
        self, feeds: Mapping[str, Feed], feed_of: Callable[[str], Feed], forget_if_idle: Callable[[Feed], None]
    ) -> None:
        self.feeds = feeds
        self._feed_of = feed_of
        self._forget_if_idle = forget_if_idle
        self._news: dict[str, list[Noted]] = {}  # by room, what its watchers have not heard yet
        self._listening: dict[str, list[Noted]] = {}
        self.on_recount: Callable[[Feed, tuple[int, ...]], None] = _nothing_to_recount

    def watch(self, slug: str, connection: Connection) -> None:
        """Tell a connection of a room's news from now on; beyond WATCHED_ROOMS it isn't told."""
        if len(connection.watching) >= WATCHED_ROOMS and slug not in connection.watching:
            return
        self._feed_of(slug).watchers.add(connection)
        connection.watching.add(slug)

    def unwatch(self, feed: Feed, connection: Connection) -> None:
        feed.watchers.discard(connection)
        connection.watching.discard(feed.slug)
        self._forget_if_idle(feed)

    def note(self, feed: Feed, event: Event) -> None:
        """Tell a room's watchers of a new message, once, whichever way it came; have their counts renewed if need be."""
        if not feed.watchers:
            return
        if event.recount:
            self.on_recount(feed, event.recount)
        change = event.change or 0
        if not event.counts or change <= feed.noted:
            return
        feed.noted = change
        message = Noted(change, event.author_id, event.mentions)
        if feed.slug in self._listening:
            self._listening[feed.slug].append(message)
        waiting = self._news.get(feed.slug)
        if waiting is not None:
            waiting.append(message)
            return
        self._news[feed.slug] = []
        asyncio.get_running_loop().call_later(_JOINED_FOR_SECONDS, self._tell_rest, feed.slug)
        if feed.counted:
            feed.counted = {user_id: upto for user_id, upto in feed.counted.items() if upto >= change}
        self._tell(feed, [message])

    @contextmanager
    def noting(self, slug: str) -> Iterator[list[Noted]]:
        """Return a list of what is noted of a room until the end. A room is listened to by one at a time."""
        self._listening[slug] = []
        try:
            yield self._listening[slug]
        finally:
            del self._listening[slug]

    def _tell_rest(self, slug: str) -> None:
        """Tell those who watch now: the feed that the first news came by may have been forgotten since, and begun again."""
        messages = self._news.pop(slug)
        feed = self.feeds.get(slug)
        if messages and feed is not None:
            self._tell(feed, messages)

    def _tell(self, feed: Feed, messages: list[Noted]) -> None:
        prepared: dict[tuple[int, int], Payload] = {}  # most watchers get the same two numbers
        seq = messages[-1].change
        for connection in feed.watchers:
            if feed.slug in connection.rooms:
                continue  # this tab has the room open and heard the messages themselves
            news = messages
            if connection.user_id in feed.counted:  # else what they were sent as a whole would be added to it once more
                news = [message for message in messages if message.change > feed.counted[connection.user_id]]
            count, mentions = count_for(connection.user_id, news)
            if not count:
                continue
            if (count, mentions) not in prepared:
                fact = wire.Notification("unread", room=feed.slug, count=count, mentions=mentions, seq=seq)
                prepared[count, mentions] = Payload(frames.event("notification", fact))
            connection.send(prepared[count, mentions])


def count_for(user_id: int, messages: list[Noted]) -> tuple[int, int]:
    """Return how many of these messages are news for a person, and how many mention them."""
    count = sum(message.author_id != user_id for message in messages)
    return count, sum(user_id in message.mentions for message in messages)
