"""Notices that the database was put back from a backup, before the process serves and while it does."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import structlog

from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database, in_writer
from chat.realtime.hub import Hub
from chat.server import outside_mark, restoring
from chat.server.restoring import Known, Mark, Seen

log = structlog.get_logger(__name__)

_HEADS_KEPT: Final = 64
_SEEN_KEPT: Final = 512
_KEEP_SECONDS: Final = 0.2


class RestoreWatch:
    """Remembers the database's mark and the rooms that moved last, and keeps both outside of the database."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._mark: Mark | None = None
        self._heads: dict[str, int] = {}
        self._has_moved = False
        self._seen: deque[Seen] = deque(maxlen=_SEEN_KEPT)  # since the last look

    async def begin(self) -> None:
        """Compare the database with what earlier processes remember. If it can't be reached, the head check does it."""
        try:
            self._mark = await in_writer(restoring.verify, outside_mark.load, outside_mark.keep)
        except ProtocolError:
            log.warning("checks.database_unreachable")

    async def look(self, went_back: Mapping[str, int] = MappingProxyType({})) -> None:
        """Compare the database with what this process remembers.

        went_back: the rooms that have fewer changes than they had, with how many that were.
        """
        self._hub.moved.update(went_back)
        if self._mark is None:
            await self.begin()
            return
        self._take_moved()
        known = Known(self._mark.number, self._mark.token, self._heads if went_back else {}, tuple(self._seen))
        self._seen.clear()
        mark = await in_database(restoring.read)
        if await self._is_other(mark, known, went_back=bool(went_back)):
            mark = await in_writer(restoring.verify, lambda: known, outside_mark.keep)
        elif mark is not None and self._has_moved:
            mark = await in_writer(restoring.advance, mark)
        self._has_moved = False
        if mark is None or mark == self._mark:
            return
        is_renewed = mark.renewals != self._mark.renewals
        self._mark = mark
        if is_renewed:
            self._heads.clear()
            log.warning("history.was_put_back")
            self._hub.repairs.start_over()
        await self._keep()

    async def _is_other(self, mark: Mark | None, known: Known, *, went_back: bool) -> bool:
        """Whether the database isn't what this process knows, unless another process has dealt with that already."""
        if mark is not None and self._mark is not None and mark.renewals > self._mark.renewals:
            return not restoring.goes_on_from(mark, known)
        if went_back or not restoring.goes_on_from(mark, known):
            return True
        return bool(known.seen) and await in_database(restoring.have_gone, known.seen)

    async def run(self) -> None:
        """Keep what moves, soon after it has moved."""
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            if self._hub.moved and self._mark is not None:
                self._take_moved()
                await self._keep()

    async def end(self) -> None:
        self._take_moved()
        await self._keep()

    def _take_moved(self) -> None:
        moved, self._hub.moved = self._hub.moved, {}
        for slug, change in moved.items():
            self._heads.pop(slug, None)  # the newest stand last
            self._heads[slug] = change
        self._has_moved = self._has_moved or bool(moved)
        for slug in list(self._heads)[:-_HEADS_KEPT]:
            del self._heads[slug]
        # Now, while they are few: what is kept of them is small, and their texts need not be.
        self._seen.extend(_messages_in(self._hub.recent))
        self._hub.recent.clear()

    async def _keep(self) -> None:
        if self._mark is not None:
            known = Known(self._mark.number, self._mark.token, dict(self._heads))
            await asyncio.to_thread(outside_mark.keep, known)


class _Message(msgspec.Struct):
    room: str
    id: str
    change: int
    createdAt: int
    editedAt: int | None = None


class _Data(msgspec.Struct):
    message: _Message | None = None


class _Frame(msgspec.Struct):
    data: _Data | None = None


def _messages_in(texts: Iterable[str]) -> list[Seen]:
    """Return the messages of durable events, of which nothing else is read."""
    frames = [msgspec.json.decode(text, type=_Frame) for text in texts]
    found = [frame.data.message for frame in frames if frame.data is not None and frame.data.message is not None]
    return [Seen(each.room, int(each.id), each.change, each.createdAt, each.editedAt) for each in found]
