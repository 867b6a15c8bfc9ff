"""Tells people who have no tab open of what concerns them. It never delays or fails a post: it is told afterwards.

The process that stored a message is the one that tells of it. What waits is a few numbers for each person and room; the
texts are read when they are sent, on threads that are neither the event loop's nor the database's.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

import structlog
from django.conf import settings

from accounts import push_subscriptions, vapid
from chat.people.notification import News, Place, Push, pushes_for
from chat.people.sender import Outcome, send
from chat.protocol import wire
from chat.realtime.database import in_pusher
from chat.realtime.presence import Presence

log = structlog.get_logger(__name__)

# Who only reloads a page is back by then; and what comes in a burst is one notification.
_PAUSE_SECONDS: Final = 1.0
_WAITING_AT_MOST: Final = 10_000
_ROUND_AT_MOST: Final = 100


class Pusher:
    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._is_on = vapid.offered_key() is not None
        if settings.VAPID_PRIVATE_KEY and not self._is_on:
            log.warning("push.off", hint="manage.py check says why")
        self._waiting: dict[Place, News] = {}
        self._filled = asyncio.Event()
        self._sent_at: dict[Place, float] = {}

    def consider(self, message: wire.Message, direct_to: int | None) -> None:
        """Note whom a stored message concerns and who is away; `direct_to`: the other person of a direct room.

        On the event loop, for every message: it must cost next to nothing, and no query.
        """
        if not self._is_on or (direct_to is None and not message.mentions):
            return
        mentioned = {int(user_id) for user_id in message.mentions}
        for user_id in mentioned if direct_to is None else {*mentioned, direct_to}:
            if not self._presence.tabs_of(user_id):
                self._note(Place(user_id, message.room), int(message.id), is_mention=user_id in mentioned)

    def consider_named(self, message: wire.Message, user_ids: Iterable[int]) -> None:
        """Note those whom an edited message names now, and who are away."""
        for user_id in user_ids if self._is_on else ():
            if not self._presence.tabs_of(user_id):
                self._note(Place(user_id, message.room), int(message.id), is_mention=True)

    def _note(self, place: Place, message_id: int, *, is_mention: bool) -> None:
        before = self._waiting.get(place)
        if before is None and len(self._waiting) >= _WAITING_AT_MOST:
            return  # push services are slower than everyone's typing: these people see it when they come back
        mention = message_id if is_mention else None if before is None else before.mention
        self._waiting[place] = News(message_id, mention)
        self._filled.set()

    async def run(self) -> None:
        """Send forever what is due, some at a time."""
        while True:
            await self._filled.wait()
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._send_due()
            if not self._waiting:
                self._filled.clear()

    async def drain(self) -> None:
        """Send what waits before the process ends: no one else knows of it."""
        while self._waiting:
            self._sent_at.clear()
            await self._send_due()

    async def _send_due(self) -> None:
        try:
            await self._send_some()
        except Exception as error:  # noqa: BLE001 - one round's fault must not silence the process for good
            log.warning("push.round_failed", error=type(error).__name__)

    async def _send_some(self) -> None:
        now = time.monotonic()
        interval = settings.PUSH_INTERVAL_SECONDS
        self._sent_at = {place: at for place, at in self._sent_at.items() if now - at < interval}
        due = list(islice((place for place in self._waiting if place not in self._sent_at), _ROUND_AT_MOST))
        news = {place: self._waiting.pop(place) for place in due}
        # Once more: some have come back meanwhile, and see it in their page.
        away = {place: each for place, each in news.items() if not self._presence.tabs_of(place.user_id)}
        if away:
            await self._send(away)

    async def _send(self, news: Mapping[Place, News]) -> None:
        pushes = await in_pusher(pushes_for, news)
        if not pushes:
            return
        now = time.monotonic()
        self._sent_at.update((push.place, now) for push in pushes)
        outcomes = await asyncio.gather(*(in_pusher(send, push) for push in pushes))
        await in_pusher(_keep_account, list(zip(pushes, outcomes, strict=True)))


def _keep_account(results: Iterable[tuple[Push, Outcome]]) -> None:
    """Forget the browsers that are gone, and note who fails and who does not."""
    by_outcome: dict[Outcome, list[int]] = {outcome: [] for outcome in Outcome}
    for push, outcome in results:
        by_outcome[outcome].append(push.subscription_id)
    for outcome, note in _NOTES.items():
        if by_outcome[outcome]:
            note(by_outcome[outcome])
    log.info("push.sent", **{outcome.value: len(ids) for outcome, ids in by_outcome.items()})


_NOTES: Final = {
    Outcome.DELIVERED: push_subscriptions.note_delivered,
    Outcome.GONE: push_subscriptions.forget,
    Outcome.FAILED: push_subscriptions.note_failed,
}
