"""Group commit, as databases do it: one loop stores all messages that are waiting in one transaction.

An idle process stores a single message at once; under load a round carries what has come in the meantime. A future is
resolved only after the commit, so a response still means: stored.
"""

import asyncio
from collections import deque
from typing import Final

import structlog

from chat.messages.posting import Post, Result, Stored, store
from chat.people.pusher import Pusher
from chat.protocol import wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_writer
from chat.realtime.events import Event, durable, ephemeral, user_group
from chat.realtime.hub import Hub
from chat.realtime.layer import bus
from chat.search.filling import catch_up_some

log = structlog.get_logger(__name__)

_ROUND_AT_MOST: Final = 256
_WAITING_AT_MOST: Final = 10_000
# Characters of the texts of one round, unless a single post has more: a tab is sent a round at once, and may have only so
# much waiting.
_ROUND_CHARS: Final = 250_000
# Characters of all posts that wait.
_WAITING_CHARS: Final = 32_000_000
# The full-text index is filled in the first second in which no post comes: it would take a tenth of what a busy process can
# store. If none is quiet, so old may grow what a search has to take into the index first, unless posts keep waiting.
_QUIET_SECONDS: Final = 1.0
_INDEXED_AFTER_SECONDS: Final = 10.0
# Between two batches: what was there before the index takes minutes, and the thread is the one that stores posts.
_INDEX_PAUSE_SECONDS: Final = 0.05


class Writer:
    def __init__(self, hub: Hub, pusher: Pusher) -> None:
        self._hub = hub
        self._pusher = pusher
        self._waiting: deque[tuple[Post, asyncio.Future[Stored]]] = deque()
        self._waiting_chars = 0
        self._filled = asyncio.Event()  # or the index is due
        self._index_timer: asyncio.TimerHandle | None = None  # from the first message that is not in the index
        self._index_at_last = 0.0
        self._stored_at = 0.0
        self._is_index_due = False

    def post(self, post: Post) -> "asyncio.Future[Stored]":
        """Queue a message; the future brings what was stored, or raises ProtocolError. Order of calls is kept."""
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= _WAITING_AT_MOST or self._waiting_chars >= _WAITING_CHARS:
            # The database is slower than everyone's typing: refuse, rather than fill the memory.
            future.set_exception(ProtocolError(ErrorCode.UNAVAILABLE, "Too busy right now. Please try again."))
            return future
        self._waiting.append((post, future))
        self._waiting_chars += post.chars
        self._filled.set()
        return future

    async def run(self) -> None:
        """Store rounds forever, and when none waits, now and then, have what was stored in the full-text index."""
        self._index_when_quiet()  # what an earlier process left
        while True:
            await self._filled.wait()
            self._filled.clear()
            # What comes in the same moment is stored, and then written to each tab, together.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            while self._waiting:
                await self._store_round()
            if self._is_index_due:
                await self._catch_up_some()

    async def _store_round(self) -> None:
        posts, futures = self._take_round()
        size = len(posts)
        try:
            results: list[Result] = await in_writer(store, posts)
        except ProtocolError as error:
            results = [error] * size
        except Exception:
            # A fault of ours in one round must not end the writer: the rest of the process would never post again.
            log.exception("writer.round_failed", posts=size)
            results = [ProtocolError(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side.")] * size
        for future, result in zip(futures, results, strict=True):
            if future.done():
                continue  # the client has gone
            if isinstance(result, Stored):
                future.set_result(result)
            else:
                future.set_exception(result)
        stored = [result for result in results if isinstance(result, Stored) and result.is_first]
        for each in stored:
            self._publish(each)
        self._stored_at = asyncio.get_running_loop().time()
        if stored and self._index_timer is None:
            self._index_when_quiet()

    def _take_round(self) -> tuple[list[Post], list["asyncio.Future[Stored]"]]:
        """Take the oldest posts that wait, as many as a round may have; always one."""
        posts: list[Post] = []
        futures: list[asyncio.Future[Stored]] = []
        chars = 0
        while self._waiting and len(posts) < _ROUND_AT_MOST and (chars < _ROUND_CHARS or not posts):
            post, future = self._waiting.popleft()
            posts.append(post)
            futures.append(future)
            chars += post.chars
        self._waiting_chars -= chars
        return posts, futures

    def _index_when_quiet(self) -> None:
        self._index_at_last = asyncio.get_running_loop().time() + _INDEXED_AFTER_SECONDS
        self._index_after(_QUIET_SECONDS)

    def _index_after(self, seconds: float) -> None:
        self._index_timer = asyncio.get_running_loop().call_later(seconds, self._index_if_quiet)

    def _index_if_quiet(self) -> None:
        now = asyncio.get_running_loop().time()
        quiet_at = min(self._stored_at + _QUIET_SECONDS, self._index_at_last)
        if now < quiet_at:
            self._index_after(quiet_at - now)
            return
        self._is_index_due = True
        self._filled.set()

    async def _catch_up_some(self) -> None:
        """Index some messages. If more are left, they are taken after the posts that have come meanwhile."""
        try:
            is_more = await in_writer(catch_up_some)
        except Exception as error:  # noqa: BLE001 - each search catches up on its own, and must succeed or say so
            log.warning("writer.index_behind", error=str(error))
            is_more = False
        self._is_index_due, self._index_timer = False, None
        if is_more:
            self._index_after(_INDEX_PAUSE_SECONDS)

    def _publish(self, stored: Stored) -> None:
        message = stored.message
        self._hub.publish(durable(message))
        if stored.reply is not None:
            # In the next turn: the asker must have their response before the stream that carries the same id.
            asyncio.get_running_loop().call_soon(self._begin_reply, durable(stored.reply, stored.requester))
        if message.mentions:
            fact = wire.Notification("mention", room=message.room, message=message)
            for user_id in message.mentions:
                self._hub.publish(ephemeral(user_group(user_id), "notification", fact))
        self._pusher.consider(message, stored.direct_to)

    def _begin_reply(self, event: Event) -> None:
        self._hub.publish(event)
        self._hub.take([bus.Wake()])
