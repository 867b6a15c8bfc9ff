"""One call of a model with its further attempts, and what all of them have used.

The SDK tries again what fails before a stream opens. A stream can also open and then bring an error before any word of the
reply: an overloaded model says so in this way. To the person who asked, both are the same.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

import structlog

from accounts.visible import has_ink
from chat.billing.pricing import PAGE_TOKENS
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
    ToolCall,
    Without,
)
from chat.claude.reading import tokens
from chat.models import Usage

log = structlog.get_logger(__name__)

# As the SDK waits: up to half a second before the second attempt, up to a second before the third.
_FIRST_WAIT_SECONDS: Final = 0.5


class Attempts:
    """may_pay: asked before a further attempt when the one before it has used tokens: what is set aside covers only one."""

    def __init__(
        self, backend: Backend, call: Call, reading_tokens: int, may_pay: Callable[[], Awaitable[bool]]
    ) -> None:
        self._backend = backend
        self._call = call
        self._reading_tokens = reading_tokens
        self._may_pay = may_pay
        self._before: list[Usage] = []  # of the attempts that failed
        self._reported = Usage()
        self._heard_tokens = 0
        self._searches: set[str] = set()
        self._lookups = 0
        self._looking_up: dict[str, None] = {}
        self._is_whole = False
        self._was_left = False

    @property
    def calls(self) -> list[Usage]:
        """Return the tokens of each attempt so far. The output is only counted at a call's end; until then, it is what was
        heard.
        """
        now = self._reported
        if self._was_left and not any(now):
            # What it read is paid for, though we leave before it has told how much: a limit must not leak.
            now = Usage(input_tokens=self._reading_tokens)
        if not self._is_whole:
            searches = max(now.web_search_requests, len(self._searches))
            output = max(now.output_tokens, self._heard_tokens)
            now = self._with_lookups(now._replace(output_tokens=output, web_search_requests=searches))
        return [*self._before, now]

    def _with_lookups(self, now: Usage) -> Usage:
        """Add what was read again after each lookup of Anthropic's: only a call's end tells of that."""
        count = self._lookups
        cached = now.cache_creation_input_tokens + now.cache_read_input_tokens
        found = PAGE_TOKENS * count * (count + 1) // 2
        return now._replace(
            input_tokens=now.input_tokens * (count + 1) + found,
            cache_read_input_tokens=now.cache_read_input_tokens + cached * count,
        )

    async def stream(self) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of the attempt that gets so far as to say a word, and `End` last; raise CallFailed."""
        waited = 0
        while True:
            try:
                async with aclosing(self._attempt()) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except (asyncio.CancelledError, GeneratorExit):
                self._was_left = not self._is_whole
                raise
            except CallFailed as failure:
                if not await self._goes_on_after(failure):
                    raise
            for id_ in self._looking_up:  # they are shown already, and end with their attempt
                yield ServerResult(id_, "unavailable", ())
            self._looking_up.clear()
            await asyncio.sleep(_FIRST_WAIT_SECONDS * 2**waited * random.uniform(0.75, 1))  # noqa: S311 - spreads load
            waited += 1

    async def _attempt(self) -> AsyncGenerator[Piece, None]:
        """Yield an attempt's pieces. Blanks and uses of our tools wait for a word or the end: it may be made again.

        A lookup of Anthropic's waits for nothing: it happens now, and people want to see it.
        """
        held: list[Piece] = []
        has_said = False
        async with aclosing(self._backend.stream(self._call)) as pieces:
            async for piece in pieces:
                self._count(piece)
                has_said = has_said or _is_telling(piece)
                if isinstance(piece, Usage | ServerUse | ServerResult | Without):
                    yield piece
                    continue
                held.append(piece)
                if has_said:
                    for each in held:
                        yield each
                    held.clear()

    async def _goes_on_after(self, failure: CallFailed) -> bool:
        if failure.retries_left < 1:
            return False
        if any(self._reported) and not await self._may_pay():
            return False
        log.info("claude.attempt_failed", code=failure.code, retries_left=failure.retries_left)
        self._before, self._reported = self.calls, Usage()
        self._searches.clear()
        self._lookups = 0
        self._call = self._call._replace(retries=failure.retries_left - 1)
        return True

    def _count(self, piece: Piece) -> None:
        match piece:
            case Text(text) | Thinking(text):
                self._heard_tokens += tokens.likely(text)
            case ToolCall():
                self._heard_tokens += tokens.likely(json.dumps(piece.input, ensure_ascii=False))
            case ServerUse():
                self._heard_tokens += tokens.likely(json.dumps(piece.input, ensure_ascii=False))
                self._looking_up[piece.id] = None
                if piece.name == "web_search":
                    self._searches.add(piece.id)
            case ServerResult(id, error):
                self._lookups += 1
                self._looking_up.pop(id, None)
                if error:  # such a search is not billed
                    self._searches.discard(id)
            case Usage():
                self._reported = piece
            case End():
                self._is_whole = True


def _is_telling(piece: Piece) -> bool:
    return isinstance(piece, End) or (isinstance(piece, Text | Thinking) and has_ink(piece.text))
