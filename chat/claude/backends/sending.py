"""Keeps the files of many calls from being in memory together: a call waits for its share, and forgets what it has sent."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

from chat.lifetime import part

# A file is there up to three times while it is sent: in base64, in the JSON and in its bytes.
_MOST_BYTES: Final = 128_000_000
# About what a photograph has, and more than a page of a PDF; the share is taken before any is read.
_BYTES_PER_TOKEN: Final = 300


class Gate:
    """Admits calls in their order, as long as their shares fit together."""

    def __init__(self, most: int = _MOST_BYTES) -> None:
        self._most = most
        self._left = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def admitted(self, share: int) -> AsyncIterator[None]:
        """Wait for a share. One that is larger than the whole gets all of it."""
        share = min(share, self._most)
        await self._enter(share)
        try:
            yield
        finally:
            self._left += share
            self._admit()

    async def _enter(self, share: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((share, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._left += share  # it was admitted in the same moment
            self._waiting = deque(each for each in self._waiting if each[1] is not turn)
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._left:
            share, turn = self._waiting.popleft()
            if not turn.done():
                self._left -= share
                turn.set_result(None)


class _Gates(WeakKeyDictionary[asyncio.AbstractEventLoop, Gate]):
    """A server has one event loop, tests many."""


@asynccontextmanager
async def with_room_for(file_tokens: int) -> AsyncIterator[None]:
    """Hold the share of a call that carries files of so many tokens."""
    if not file_tokens:
        yield
        return
    gate = part(_Gates).setdefault(asyncio.get_running_loop(), Gate())
    async with gate.admitted(file_tokens * _BYTES_PER_TOKEN):
        yield


def forget_what_was_sent(events: Any) -> None:
    """Let go of the body of a request whose stream has opened: nothing sends it again, and streams last for minutes.

    The SDK and its client have no word for this. Where a newer one keeps it elsewhere, it stays in memory, and a test fails.
    """
    request = events.response.request
    for holder, name in ((events, "_options"), (request, "_content"), (request.stream, "_stream")):
        if name in vars(holder):
            setattr(holder, name, None if name == "_options" else b"")
