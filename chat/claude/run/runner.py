"""Runs replies: claims those that wait, keeps their checkpoints, ends those whose runner has died.

One in each process. Signals only hurry it: what it does follows from the rows, which it also polls. While a dedicated
runner (`manage.py run_replies`) lives, those in the server processes claim nothing.
"""

import asyncio
import random
import secrets
import time
from typing import Final

import structlog
from django.conf import settings

from chat.billing import spending
from chat.claude.backends.chosen import backend_for, close_backends, warm_up
from chat.claude.model_offer import keep_models_known
from chat.claude.run import lease, sent_files, summary, titles
from chat.claude.run.lease import Verdict
from chat.claude.run.pace import Pace
from chat.claude.run.streaming import Stream
from chat.messages import replies
from chat.protocol import wire
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.realtime.hub import Hub
from chat.realtime.layer import bus
from chat.realtime.rendering import html_of_reply

log = structlog.get_logger(__name__)

_BEAT_SECONDS: Final = 1.0
_BELIEVED_SECONDS: Final = 4.0
_SWEEP_SECONDS: Final = 1.0
_LOST_CHARGES_SECONDS: Final = 300.0
_ASK_SECONDS: Final = 0.3
_DRAIN_SECONDS: Final = 3.0


class Runner:
    """Everything in it runs on the hub's event loop."""

    def __init__(self, hub: Hub, *, is_dedicated: bool = False) -> None:
        self.id = secrets.token_urlsafe(9)
        self._hub = hub
        self._pace = Pace()
        self._is_dedicated = is_dedicated
        self._streams: dict[int, Stream] = {}
        self._by_message: dict[str, Stream] = {}
        self._woken = asyncio.Event()
        self._dedicated_seen_at = 0.0
        self._is_draining = False

    def start(self) -> None:
        self._hub.spawn(self._pace.run(), "pace")
        self._hub.spawn(self._claim(), "claims")
        self._hub.spawn(self._keep(), "checkpoints")
        self._hub.spawn(self._sweep(), "sweep")
        self._hub.spawn(warm_up(), "warm-up")
        self._hub.spawn(keep_models_known(), "models")
        self._hub.spawn(sent_files.keep_deleting(), "uploads")
        if self._is_dedicated:
            self._hub.spawn(self._beat(), "beats")

    # --- Signals --------------------------------------------------------------------------------------------

    def wake(self) -> None:
        self._woken.set()

    def stop_reply(self, reply_id: int) -> None:
        stream = self._streams.get(reply_id)
        if stream is not None:
            stream.end(Verdict.STOP)

    def dedicated_lives(self) -> None:
        self._dedicated_seen_at = time.monotonic()

    def keyframe(self, message_id: str) -> wire.Keyframe | None:
        """Return all that a reply that runs here has said."""
        stream = self._by_message.get(message_id)
        return None if stream is None else stream.keyframe()

    async def freshest(self, checkpoint: wire.Keyframe) -> wire.Keyframe:
        """Return a running reply's keyframe from the process that runs it; without one, what is written of it."""
        if checkpoint.state != "running":
            return checkpoint
        own = self.keyframe(checkpoint.messageId)
        if own is not None:
            return own
        keyframe = await self._hub.ask(bus.KeyframeWanted(message=checkpoint.messageId), wire.Keyframe, _ASK_SECONDS)
        if keyframe is not None:
            return keyframe
        # As a rule it has just ended. Its last words may have gone out before the tab that asks began to listen.
        return await in_database(replies.with_newest_words, checkpoint)

    # --- Claiming -------------------------------------------------------------------------------------------

    @property
    def _may_claim(self) -> bool:
        if self._is_draining or len(self._streams) >= settings.REPLIES_AT_ONCE > 0:
            return False
        if self._is_dedicated:
            return True
        return settings.REPLIES_IN_WEB and time.monotonic() - self._dedicated_seen_at > _BELIEVED_SECONDS

    async def _claim(self) -> None:
        """Take what waits: at once when told of it, and every now and then because the word may have been lost."""
        while True:
            try:
                async with asyncio.timeout(settings.REPLY_POLL_SECONDS * random.uniform(0.7, 1.3)):  # noqa: S311
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            try:
                while self._may_claim and await self._claim_one():
                    pass
            except ProtocolError:
                log.warning("replies.database_unreachable")
            except Exception:
                # A reply that cannot be claimed must not end the claiming of all others.
                log.exception("replies.claim_failed")

    async def _claim_one(self) -> bool:
        reply = await in_database(lease.claim_next, self.id)
        if reply is None:
            return False
        stream = Stream(self._hub, self._pace, backend_for(reply.model), reply)
        self._streams[stream.id] = self._by_message[stream.message_id] = stream
        log.info("reply.started", reply=stream.id, model=stream.model, attempt=reply.attempt)
        self._hub.spawn(self._run(stream), "reply")
        return True

    async def _run(self, stream: Stream) -> None:
        try:
            await stream.run()
        finally:
            self._streams.pop(stream.id, None)
            if self._by_message.get(stream.message_id) is stream:
                del self._by_message[stream.message_id]
            self.wake()
        log.info("reply.ended", reply=stream.id)
        if self._is_draining:
            return
        await titles.write_title(stream.id, stream.room_id)
        if stream.context_from is not None:
            await summary.summarise(stream.room_id, backend_for(stream.model), stream.model)

    # --- Keeping --------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Write the checkpoints of all replies that run here, and hear who is to stop."""
        while True:
            await asyncio.sleep(settings.REPLY_CHECKPOINT_SECONDS)
            running = list(self._streams.values())
            if not running:
                continue
            try:
                verdicts = await in_database(lease.checkpoint, [stream.checkpoint() for stream in running])
            except ProtocolError:
                continue  # the database is away; the leases tell how long that may last
            except Exception:
                # Without checkpoints every reply here would be taken for dead.
                log.exception("replies.checkpoint_failed")
                continue
            for stream in running:
                verdict = verdicts[stream.id]
                if verdict is Verdict.GO_ON:
                    stream.lease_renewed()
                elif self._streams.get(stream.id) is stream:
                    stream.end(verdict)

    async def _sweep(self) -> None:
        """End what dead runners have left behind: their replies, and money that no one will settle."""
        lost_checked_at = time.monotonic()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
            try:
                for gone in await in_database(lease.lost, list(self._streams)):
                    # Between the two steps, on no database thread: a text that is slow to render holds none.
                    html = await html_of_reply(gone.last.text, gone.room_id)
                    await in_database(lease.end_lost, gone, html)
                if time.monotonic() - lost_checked_at > _LOST_CHARGES_SECONDS:
                    lost_checked_at = time.monotonic()
                    await in_database(spending.settle_lost, _LOST_CHARGES_SECONDS)
            except ProtocolError:
                continue
            except Exception:
                log.exception("replies.sweep_failed")

    async def _beat(self) -> None:
        while True:
            self._hub.send_to_processes(bus.CLAUDE_GROUP, bus.DedicatedBeat())
            await asyncio.sleep(_BEAT_SECONDS)

    # --- Ending ---------------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Interrupt what runs here, with its text kept, and claim nothing more."""
        self._is_draining = True
        for stream in list(self._streams.values()):
            stream.interrupt()
        end = time.monotonic() + _DRAIN_SECONDS
        while self._streams and time.monotonic() < end:  # noqa: ASYNC110 - a short wait at the very end of the process
            await asyncio.sleep(0.02)
        await close_backends()
