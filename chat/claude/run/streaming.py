"""One running reply: from the model's pieces to deltas for the tabs and checkpoints for the database.

No socket owns it. It ends in exactly one outcome: the model's end, a stop, a failure, or silence because it was lost.
"""

import asyncio
from contextlib import aclosing
from typing import Any, Final

import structlog
from django.conf import settings
from django.utils import timezone

from chat import known_models
from chat.billing import spending
from chat.claude.backends.backend import (
    Backend,
    Call,
    CallFailed,
    End,
    Piece,
    ServerResult,
    ServerUse,
    Text,
    Thinking,
    ToolBegun,
    ToolCall,
    Without,
    total,
)
from chat.claude.prompt import context as contexts
from chat.claude.prompt import prompts
from chat.claude.prompt.conversation import Asked, Conversation, shown_to_members, told
from chat.claude.run import lease
from chat.claude.run.allowance import Allowance
from chat.claude.run.attempts import Attempts
from chat.claude.run.carrying import Carrying
from chat.claude.run.deltas import Deltas
from chat.claude.run.lease import Checkpoint, Outcome, Verdict
from chat.claude.run.looking import look_at_files
from chat.claude.run.looks import Looks
from chat.claude.run.pace import Pace
from chat.claude.tools import registry
from chat.claude.tools.tool import FAILED, ToolResult
from chat.messages import findings, reply_rows
from chat.model_choice import is_demo_model
from chat.models import Reply, ReplyState, Usage
from chat.protocol import wire
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database, in_database_at_last
from chat.realtime.hub import Hub
from chat.realtime.rendering import html_of_reply

log = structlog.get_logger(__name__)

_ROUNDS_AT_MOST: Final = 6
_OUR_FAULT: Final = "Something went wrong on our side."
_NO_REPLY: Final = "Claude gave no reply."
_NO_ROOM: Final = "Claude reached the length limit before it replied. Retry gives it more room."
_NO_MORE_ROOM: Final = "Claude reached the length limit before it replied. Ask for less at once."
# Readers are told of these whether there is a reply or not.
_SAID_BY_ITSELF: Final = ("refusal", "model_context_window_exceeded", "tool_limit", "budget")
# What a reply says of how it was made, once a field of its `Call` was refused.
_REFUSED: Final[dict[str, dict[str, Any]]] = {"effort": {"effort": ""}, "unthinking": {"without_thinking": False}}
_RESTARTED: Final = "The server was restarted."


class Stream:
    """States: running, then ending once an outcome was chosen, then ended."""

    def __init__(self, hub: Hub, pace: Pace, backend: Backend, reply: Reply) -> None:
        self._backend = backend
        self._reply = reply
        self._deltas = Deltas(hub, pace, reply)
        self._earlier_usage = reply.usage
        self._finished_calls: list[Usage] = []
        self._current_call: Attempts | None = None
        self._verdict: Verdict | None = None
        self._interruption = ""
        self._asked_to_end = asyncio.Event()
        self.context_from: int | None = None
        self._looks = Looks()
        self._made: dict[str, Any] = {}
        self._allowance = Allowance(reply)

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
        """End it: on a member's word, or because it belongs to no one here any more."""
        if self._verdict is None:
            self._verdict = verdict
            self._asked_to_end.set()

    def interrupt(self) -> None:
        """End it because the process ends; what it has said is kept."""
        self._interruption = _RESTARTED
        self._asked_to_end.set()

    def keyframe(self) -> wire.Keyframe:
        """Return everything that was sent as deltas so far."""
        return self._deltas.keyframe()

    def checkpoint(self) -> Checkpoint:
        said = self._deltas
        said.flush()
        calls = self._calls
        usage = self._earlier_usage.plus(total(calls))
        words = said.text, said.thinking, said.n, list(said.tools)
        return Checkpoint(self.id, self._reply.epoch, *words, usage, calls, self._made)

    @property
    def _calls(self) -> tuple[Usage, ...]:
        """Return what each call of this attempt at the reply has used so far."""
        current = () if self._current_call is None else self._current_call.calls
        return (*self._finished_calls, *current)

    def lease_renewed(self) -> None:
        self._deltas.lease_renewed()

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
        self._deltas.close()
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
        return ReplyState.INTERRUPTED if began or self._deltas.has_text else ReplyState.FAILED

    async def _finish(self, outcome: Outcome) -> bool:
        """Write the end; while the database is away, try again. False: the reply is not ours any more."""
        last = self.checkpoint()
        html = await html_of_reply(last.text, self.room_id)
        return await in_database_at_last(lease.finish, last, outcome, html)

    async def _pay_late(self) -> None:
        """Charge for usage after the last checkpoint: the process that ended the reply knew no more than that."""
        await in_database_at_last(spending.settle_late, self.id, self._reply.attempt, total(self._calls), self._calls)

    async def _produce(self) -> Outcome:
        """Call the model, and again with the results of the tools that it asks for, until it has said its last word."""
        if not is_demo_model(self.model):
            await look_at_files(self.room_id, self._reply.message.seq)
        context = await in_database(contexts.build, self._reply)
        self.context_from = context.context_from
        await in_database(lease.note_context, self.id, context.context_from, has_summary=context.has_summary)
        if context.goes_on_after_tools:
            self._deltas.tool_begun()
        talk = Conversation(context, prompts.note_for(self._reply, timezone.now(), context.people, context.others))
        self._looks = Looks(context.web)
        call = Call(
            self.model,
            context.system,
            talk.messages,
            self._max_tokens,
            context.tools,
            effort=self._reply.effort,
            unthinking=known_models.of(self.model).unthinking if self._reply.without_thinking else "",
            carrier=Carrying(self.room_id),
        )
        for round_ in range(1, _ROUNDS_AT_MOST + 1):
            if round_ > 1 and not await self._has_money(talk.tokens):
                return self._complete("budget", self._allowance.refusal)
            if round_ == _ROUNDS_AT_MOST:
                call = call._replace(may_use_tools=False)  # the last results would be paid for and never read
            tools = [*context.tools, *self._looks.definitions(total(self._calls), context.tools)]
            end, calls = await self._hear(call._replace(file_tokens=talk.file_tokens, tools=tools), talk.tokens)
            if end.stop_reason == "tool_use" and not calls:
                return self._complete("end_turn")  # there is nothing to send back
            if end.stop_reason not in ("tool_use", "pause_turn"):
                return self._complete(end.stop_reason, self._allowance.refusal)
            talk.model_said(end.content)
            if calls:
                await self._use_tools(calls, round_, talk)
        return self._complete("tool_limit", f"The last of {_ROUNDS_AT_MOST} calls ended with {end.stop_reason}.")

    @property
    def _max_tokens(self) -> int:
        wanted = self._reply.max_tokens or int(settings.CLAUDE_REPLY_TOKENS)
        return min(wanted, known_models.of(self.model).most_output)

    def _complete(self, stop_reason: str, detail: str = "") -> Outcome:
        """Return the end of a reply that came to its own end; of one that says nothing, say so.

        detail: the reason, for administrators.
        """
        is_clear = not self._deltas.is_blank or stop_reason in _SAID_BY_ITSELF
        error = "" if is_clear else self._no_room if stop_reason == "max_tokens" else _NO_REPLY
        return Outcome(ReplyState.COMPLETE, stop_reason, error, detail)

    @property
    def _no_room(self) -> str:
        return _NO_ROOM if reply_rows.more_room(self._reply) > self._max_tokens else _NO_MORE_ROOM

    async def _hear(self, call: Call, reading_tokens: int) -> tuple[End, list[Asked]]:
        calls: list[Asked] = []
        end: End | None = None
        attempts = Attempts(
            self._backend,
            call,
            reading_tokens,
            lambda: self._has_money(reading_tokens, again=True),
        )
        self._current_call = attempts
        try:
            async with aclosing(attempts.stream()) as pieces:
                async for piece in pieces:
                    if isinstance(piece, End):
                        end = piece
                        continue
                    self._take(piece, calls)
                    if isinstance(piece, ServerUse) and not await self._allowance.for_lookup(
                        reading_tokens, self._looks.count
                    ):
                        return End("budget", []), []
        finally:
            self._current_call = None
            self._deltas.call_ended()
            self._finished_calls += attempts.calls
        if end is None:
            raise CallFailed("cut", "Claude's reply was cut off.", "The stream ended without its end.", began=True)
        return end, calls

    def _take(self, piece: Piece, calls: list[Asked]) -> None:
        match piece:
            case Text(text):
                self._deltas.say(text)
            case Thinking(text):
                self._deltas.think(text)
            case ToolBegun():
                self._deltas.tool_begun()
            case ServerUse() | ServerResult():
                self._deltas.tool_used(self._looks.hear(piece), piece.id)
            case ToolCall():
                self._deltas.tool_begun()
                self._deltas.flush()
                calls.append(Asked(piece, len(self._deltas.text)))
            case Without(asked):
                self._made |= {name: value for field in asked for name, value in _REFUSED[field].items()}
            case Usage() | End():
                pass  # the attempts count it

    async def _has_money(self, reading_tokens: int, *, again: bool = False) -> bool:
        # The first reservation holds searches for all calls; one that is made again may search once more.
        web_uses = self._looks.left(total(self._calls)) if again else (0, 0)
        return await self._allowance.for_call(reading_tokens, self._max_tokens, web_uses)

    async def _use_tools(self, asked: list[Asked], round_: int, talk: Conversation) -> None:
        until = len(self._deltas.text)
        results = [await self._use(each.call, talk) for each in asked]
        talk.tools_said([told(each.call, result) for each, result in zip(asked, results, strict=True)])
        found = [each.found(result, until) for each, result in zip(asked, results, strict=True) if each.is_known]
        try:
            await in_database(findings.keep, self.id, self._reply.epoch, self.checkpoint().said, round_, found)
        except ProtocolError as error:  # later turns will lack it; this reply does not
            log.warning("reply.findings_not_kept", reply=self.id, code=str(error.code))

    async def _run(self, call: ToolCall) -> ToolResult:
        try:
            return await in_database(registry.run, call.name, call.input, self.room_id, self._reply.message.seq)
        except Exception:
            # The reply can do without it, and what was said and paid for so far is not lost.
            log.exception("reply.tool_failed", reply=self.id, tool=call.name)
            return FAILED

    async def _use(self, call: ToolCall, talk: Conversation) -> ToolResult:
        result = talk.refusal()
        if result is None:
            result = await self._run(call)
        self._deltas.tool_used(shown_to_members(call, result))
        return talk.bounded(result)
