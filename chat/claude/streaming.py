"""One running reply: from the model's pieces to deltas for the tabs and checkpoints for the database.

No socket owns it. It ends in exactly one outcome: the model's end, a stop, a failure, or silence because it was lost.
"""

import asyncio
import re
import time
from typing import Any, Final

import structlog
from django.conf import settings
from msgspec import UNSET

from chat.actions import spending
from chat.claude import context as contexts
from chat.claude import lease, tools
from chat.claude.backend import Backend, Call, CallFailed, End, Text, Thinking, ToolCall, Usage
from chat.claude.conversation import Conversation, shown_to_members, told
from chat.claude.lease import Checkpoint, Outcome, Verdict
from chat.claude.pace import Pace
from chat.models import Reply, ReplyState
from chat.protocol import wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_database, in_database_at_last
from chat.realtime.events import Requester, ephemeral, room_group
from chat.realtime.hub import Hub
from chat.realtime.rendering import html_of_reply

log = structlog.get_logger(__name__)

_ROUNDS_AT_MOST: Final = 6
# A piece larger than this is sent as several deltas: no client need take frames without bound.
_DELTA_CHARS: Final = 16_000
_CHARS_PER_TOKEN: Final = 4
# PostgreSQL refuses NUL, and a lone surrogate cannot be encoded.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_OUR_FAULT: Final = "Something went wrong on our side."
_RESTARTED: Final = "The server was restarted."


class Stream:
    """States: running, then ending once an outcome was chosen, then ended."""

    def __init__(self, hub: Hub, pace: Pace, backend: Backend, reply: Reply) -> None:
        self._hub = hub
        self._pace = pace
        self._backend = backend
        self._reply = reply
        self._slug = reply.room.slug
        self._requester = Requester(reply.requester, reply.request_id)
        self._texts = [reply.text] if reply.text else []
        self._thoughts = [reply.thinking] if reply.thinking else []
        self._tools: list[dict[str, str]] = list(reply.tools)
        self._n = reply.n
        self._pending_text: list[str] = []
        self._pending_thinking: list[str] = []
        self._flushed_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._earlier_usage = Usage(*(getattr(reply, name) for name in Usage._fields))
        self._finished_calls = Usage()
        self._current_call = Usage()
        self._heard_chars = 0
        self._lease_renewed_at = time.monotonic()
        self._verdict: Verdict | None = None
        self._interruption = ""
        self._asked_to_end = asyncio.Event()
        self.context_from: int | None = None

    @property
    def id(self) -> int:
        return self._reply.pk

    @property
    def message_id(self) -> str:
        return str(self._reply.message_id)

    @property
    def room_id(self) -> int:
        return self._reply.room_id

    @property
    def model(self) -> str:
        return self._reply.model

    # --- What others ask of it ------------------------------------------------------------------------------

    def end(self, verdict: Verdict) -> None:
        """End it: on a member's word, or because it belongs to nobody here any more."""
        if self._verdict is None:
            self._verdict = verdict
            self._asked_to_end.set()

    def interrupt(self) -> None:
        """End it because the process ends; what it has said is kept."""
        self._interruption = _RESTARTED
        self._asked_to_end.set()

    def keyframe(self) -> wire.Keyframe:
        """Return everything that was sent as deltas so far."""
        self._flush()
        return wire.Keyframe(
            messageId=self.message_id,
            version=self._reply.version,
            attempt=self._reply.attempt,
            n=self._n,
            text="".join(self._texts),
            thinking="".join(self._thoughts),
            state=ReplyState.RUNNING.value,
            tools=[wire.ToolUse(**tool) for tool in self._tools] or UNSET,
        )

    def checkpoint(self) -> Checkpoint:
        self._flush()
        self._texts, self._thoughts = ["".join(self._texts)], ["".join(self._thoughts)]
        usage = self._earlier_usage.plus(self._finished_calls).plus(self._call_so_far())
        return Checkpoint(
            self.id, self._reply.epoch, self._texts[0], self._thoughts[0], self._n, list(self._tools), usage
        )

    def _call_so_far(self) -> Usage:
        """The output is only counted at a call's end; of one that was stopped or cut, it is what was heard."""
        call = self._current_call
        return call._replace(output_tokens=max(call.output_tokens, self._heard_chars // _CHARS_PER_TOKEN))

    def lease_renewed(self) -> None:
        self._lease_renewed_at = time.monotonic()

    # --- Running --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stream until the end, and write it down."""
        producer = asyncio.create_task(self._produce(), name=f"reply {self.id}")
        ending = asyncio.create_task(self._asked_to_end.wait())
        await asyncio.wait({producer, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not producer.done():
            producer.cancel()  # closes the connection to the model
        outcome = await self._outcome(producer)
        if self._timer is not None:
            self._timer.cancel()
        if self._verdict is Verdict.LOST or not await self._finish(outcome):
            log.warning("reply.lost", reply=self.id)
            await self._pay_late()

    async def _outcome(self, producer: "asyncio.Task[Outcome]") -> Outcome:
        try:
            return await producer
        except asyncio.CancelledError:
            if self._verdict is Verdict.STOP:
                return Outcome(ReplyState.STOPPED, "stopped")
            return Outcome(ReplyState.INTERRUPTED, error=self._interruption or _RESTARTED)
        except CallFailed as failure:
            log.warning("reply.failed", reply=self.id, code=failure.code, began=failure.began)
            return Outcome(self._failed_state(failure.began), "", failure.sentence, str(failure))
        except ProtocolError as error:
            return Outcome(self._failed_state(False), error=error.message, error_detail=str(error.code))
        except Exception as error:
            log.exception("reply.broken", reply=self.id)
            return Outcome(self._failed_state(False), error=_OUR_FAULT, error_detail=type(error).__name__)

    def _failed_state(self, began: bool) -> ReplyState:
        return ReplyState.INTERRUPTED if began or any(self._texts) or self._pending_text else ReplyState.FAILED

    async def _finish(self, outcome: Outcome) -> bool:
        """Write the end; while the database is away, try again. False: the reply is not ours any more."""
        last = self.checkpoint()
        html = await html_of_reply(last.text, self.room_id)
        return await in_database_at_last(lease.finish, last, outcome, html)

    async def _pay_late(self) -> None:
        """Have all counted that was used here: whoever ended the reply knew our last checkpoint only."""
        used = self._finished_calls.plus(self._call_so_far())
        await in_database_at_last(spending.settle_late, self.id, self._reply.attempt, used)

    async def _produce(self) -> Outcome:
        """Call the model, and again with the results of the tools that it asks for, until it has said its last word."""
        context = await in_database(contexts.build, self._reply)
        self.context_from = context.context_from
        await in_database(lease.note_context, self.id, context.context_from, has_summary=context.has_summary)
        talk = Conversation(context)
        for round_ in range(1, _ROUNDS_AT_MOST + 1):
            if round_ > 1 and not await self._has_money(talk.tokens):
                return Outcome(ReplyState.COMPLETE, "budget")
            call = Call(self.model, context.system, talk.messages, settings.CLAUDE_REPLY_TOKENS, context.tools)
            end, calls = await self._hear(call, talk.tokens)
            if end.stop_reason not in ("tool_use", "pause_turn"):
                return Outcome(ReplyState.COMPLETE, end.stop_reason)
            talk.model_said(end.content)
            if calls:
                talk.tools_said([await self._use(each, talk) for each in calls])
        return Outcome(ReplyState.COMPLETE, "tool_limit")

    async def _hear(self, call: Call, reading_tokens: int) -> tuple[End, list[ToolCall]]:
        calls: list[ToolCall] = []
        end: End | None = None
        pieces = self._backend.stream(call)
        try:
            async for piece in pieces:
                match piece:
                    case Text(text):
                        self._say(text)
                    case Thinking(text):
                        self._think(text)
                    case Usage():
                        self._current_call = piece
                    case ToolCall():
                        calls.append(piece)
                    case End():
                        end = piece
        except asyncio.CancelledError:
            # What it read is paid for, though we leave before it has told how much: a limit must not leak.
            if not any(self._current_call):
                self._current_call = Usage(input_tokens=reading_tokens)
            raise
        finally:
            await pieces.aclose()
            used = self._call_so_far() if end is None else self._current_call
            self._finished_calls = self._finished_calls.plus(used)
            self._current_call, self._heard_chars = Usage(), 0
        if end is None:
            raise CallFailed("cut", "Claude's answer was cut off.", "The stream ended without its end.", began=True)
        return end, calls

    async def _has_money(self, reading_tokens: int) -> bool:
        try:
            await in_database(spending.extend_reply, self.id, self._reply.attempt, reading_tokens)
        except ProtocolError as error:
            if error.code == ErrorCode.QUOTA_EXCEEDED:
                return False
            raise
        return True

    async def _use(self, call: ToolCall, talk: Conversation) -> dict[str, Any]:
        before = self._reply.message.seq
        result = talk.refusal()
        if result is None:
            result = await in_database(tools.run, call.name, call.input, self.room_id, before)
        shown = shown_to_members(call, result)
        self._flush()
        self._tools.append(shown)
        self._send("", "", wire.ToolUse(**shown))
        return told(call, talk.bounded(result))

    # --- Deltas ---------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self._heard_chars += len(text)
        self._pending_text.append(text)
        self._flush_in_time()

    def _think(self, text: str) -> None:
        self._heard_chars += len(text)
        self._pending_thinking.append(text)
        self._flush_in_time()

    def _flush_in_time(self) -> None:
        """The first words go out at once; what follows is collected for a moment."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flushed_at + self._pace.seconds - loop.time()
        if wait <= 0:
            self._flush()
        else:
            self._timer = loop.call_later(wait, self._timer_rang)

    def _timer_rang(self) -> None:
        self._timer = None
        self._flush()

    def _flush(self) -> None:
        if not (self._pending_text or self._pending_thinking):
            return
        text = _UNSTORABLE.sub("", "".join(self._pending_text))
        thinking = _UNSTORABLE.sub("", "".join(self._pending_thinking))
        self._pending_text, self._pending_thinking = [], []
        self._flushed_at = asyncio.get_running_loop().time()
        if text:
            self._texts.append(text)
        if thinking:
            self._thoughts.append(thinking)
        for start in range(0, max(len(text), len(thinking)), _DELTA_CHARS):
            self._send(text[start : start + _DELTA_CHARS], thinking[start : start + _DELTA_CHARS])

    def _send(self, text: str, thinking: str, tool: wire.ToolUse | None = None) -> None:
        self._n += 1
        if time.monotonic() - self._lease_renewed_at > settings.REPLY_LEASE_SECONDS:
            return  # we were frozen, perhaps: others may have ended this reply, and their text is the right one
        delta = wire.StreamDelta(
            room=self._slug,
            messageId=self.message_id,
            version=self._reply.version,
            attempt=self._reply.attempt,
            n=self._n,
            text=text,
            thinking=thinking or UNSET,
            tool=UNSET if tool is None else tool,
        )
        event = ephemeral(room_group(self._slug), "stream_delta", delta, requester=self._requester, is_droppable=True)
        self._hub.publish(event)
