"""Tabs of members who have not opened a room: they hear that it has news, joined into one small frame a second."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from chat.protocol import frames, wire
from chat.realtime.connection import Connection
from chat.realtime.events import Event
from chat.realtime.feed import Feed
from chat.realtime.payload import Payload

# Rooms that one connection hears of without having them open.
WATCHED_ROOMS: Final = 2000
_JOINED_FOR_SECONDS: Final = 1.0


class _News:
    """What happened in a room since its watchers last heard: (author, mentioned) of each new message."""

    __slots__ = ("messages", "seq")

    def __init__(self) -> None:
        self.messages: list[tuple[int, tuple[int, ...]]] = []
        self.seq = 0


class Watchers:
    """The first news goes out at once; what follows within a second is joined."""

    def __init__(
        self, feeds: Mapping[str, Feed], feed_of: Callable[[str], Feed], forget_if_idle: Callable[[Feed], None]
    ) -> None:
        self._feeds = feeds
        self._feed_of = feed_of
        self._forget_if_idle = forget_if_idle
        self._news: dict[str, _News] = {}

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
        """Tell a room's watchers of a new message, once, whichever way it came."""
        if not event.counts or not feed.watchers or (event.change or 0) <= feed.noted:
            return
        feed.noted = event.change or 0
        news = self._news.get(feed.slug)
        if news is None:
            self._news[feed.slug] = _News()
            asyncio.get_running_loop().call_later(_JOINED_FOR_SECONDS, self._tell_rest, feed.slug)
            self._tell(feed, event.change or 0, [(event.author_id, event.mentions)])
        else:
            news.messages.append((event.author_id, event.mentions))
            news.seq = event.change or 0

    def _tell_rest(self, slug: str) -> None:
        """Tell those who watch now: the feed that the first news came by may have been forgotten since, and begun again."""
        news = self._news.pop(slug)
        feed = self._feeds.get(slug)
        if news.messages and feed is not None:
            self._tell(feed, news.seq, news.messages)

    def _tell(self, feed: Feed, seq: int, messages: list[tuple[int, tuple[int, ...]]]) -> None:
        prepared: dict[tuple[int, int], Payload] = {}  # most watchers get the same two numbers
        for connection in feed.watchers:
            if feed.slug in connection.rooms:
                continue  # this tab has the room open and heard the messages themselves
            count = sum(author != connection.user_id for author, _ in messages)
            mentions = sum(connection.user_id in mentioned for _, mentioned in messages)
            if not count:
                continue
            if (count, mentions) not in prepared:
                fact = wire.Notification("unread", room=feed.slug, count=count, mentions=mentions, seq=seq)
                prepared[count, mentions] = Payload(frames.event("notification", fact))
            connection.send(prepared[count, mentions])
