"""What a feed has missed is read from the database, which is the truth; where that can't help, its tabs start afresh."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from django.conf import settings

from chat.protocol import wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.realtime.delivery import recovery
from chat.realtime.delivery.feed import Feed
from chat.realtime.events import Event, ends_membership_of, missed

log = structlog.get_logger(__name__)

# Publishing order between processes is not commit order: a later change waits this long for the earlier one.
_GAP_PATIENCE_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 1.0


async def _nothing_before() -> None:
    """In place of what is to be done before a repair."""


class Repairs:
    """feeds: those of the process. take: delivers an event to a feed. on_end: told whose membership of a room has ended.

    forget: lets go of a feed that no one watches.
    """

    def __init__(
        self,
        feeds: dict[str, Feed],
        take: Callable[[Feed, Event], None],
        on_end: Callable[[int, str], None],
        forget: Callable[[Feed], None],
        spawn: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        self._feeds = feeds
        self._take = take
        self._on_end = on_end
        self._forget = forget
        self._spawn = spawn
        self._under_way: set[Feed] = set()
        self.before: Callable[[], Awaitable[None]] = _nothing_before

    def gap_found(self, feed: Feed) -> None:
        """Repair a feed soon, unless what is missing comes by then."""
        # The feed, not its room: the task of one that was forgotten ends without a look at the one that came after it.
        if feed not in self._under_way:
            self._under_way.add(feed)
            self._spawn(self._repair_soon(feed), "repair")

    async def _repair_soon(self, feed: Feed) -> None:
        try:
            await asyncio.sleep(_GAP_PATIENCE_SECONDS)
            while feed.has_gap and self._feeds.get(feed.slug) is feed:
                if not await self.repair(feed):
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._under_way.discard(feed)

    async def repair(self, feed: Feed) -> bool:
        """Read what a feed is missing and deliver it. False when the database could not be asked.

        A hole that even the database cannot fill (the missing event's row has changed again) ends in 4003: the
        clients come back with their cursors and get the newest states.
        """
        known, left = feed.last or 0, settings.RECOVERY_ROWS or None
        while True:
            reached = feed.last or 0
            try:
                found = await in_database(recovery.changes_after, feed.slug, reached, left)
                # A process that missed these events may have missed the order that ended access, too.
                await self.before()
            except ProtocolError:
                return False
            if found is None:
                break
            self._take_missed(feed, found.messages)
            left = None if left is None else left - len(found.messages)
            # What did not fit into one page is read next, unless there was a hole in this one.
            if not found.has_more or left == 0 or (feed.last or 0) == reached:
                break
        head = 0 if found is None else found.head
        if found is None or feed.is_behind(head):
            log.warning("hub.position_lost", room=feed.slug, known=known, reached=feed.last, head=head)
            self._end(feed, CloseCode.POSITION_LOST)
        return True

    def _take_missed(self, feed: Feed, messages: list[wire.Message]) -> None:
        for message in messages:
            if user_id := ends_membership_of(message):
                self._on_end(user_id, feed.slug)  # first: the rest is not for them
        for message in messages:
            if feed.next_change == message.change:
                self._take(feed, missed(message))

    def _end(self, feed: Feed, code: CloseCode) -> None:
        """Close everyone in a room whose order can't be kept; a new feed begins with the first who comes back."""
        if self._feeds.get(feed.slug) is feed and not feed.watchers:
            self._forget(feed)
        for connection in feed.connections():
            connection.close(code)
        feed.forget_position()

    def start_over(self) -> None:
        """Send everyone away who has a room open or watches one: what they know is of another history."""
        for feed in list(self._feeds.values()):
            watchers = list(feed.watchers)
            self._end(feed, CloseCode.POSITION_LOST)
            for connection in watchers:
                connection.close(CloseCode.POSITION_LOST)
            feed.noted = 0
            feed.counted.clear()

    async def check_heads(self) -> dict[str, int]:
        """Compare the rooms in use with the database, in one query, and repair those that missed an event.

        Return the rooms that have fewer changes than they had, with how many that were: then the database was put back.
        """
        feeds = {slug: feed for slug, feed in self._feeds.items() if feed.last is not None}
        went_back: dict[str, int] = {}
        if not feeds:
            return went_back
        # Before the reading, which would be behind later ones.
        known = {slug: feed.last or 0 for slug, feed in feeds.items()}
        with contextlib.suppress(ProtocolError):
            heads = await in_database(recovery.heads, list(feeds))
            for slug, feed in feeds.items():
                change, epoch = heads.get(slug, (None, ""))
                if change is not None and change < known[slug]:
                    went_back[slug] = known[slug]
                if self._feeds.get(slug) is not feed or feed.last is None:
                    continue
                if change is None or epoch != feed.epoch:
                    self._end(feed, CloseCode.POSITION_LOST)  # gone, restored or purged: no cursor holds
                elif feed.is_behind(change):
                    await self.repair(feed)
        return went_back
