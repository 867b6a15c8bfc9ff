"""How the fake responds to one request when nothing goes wrong, if slowly, oddly cut, or after a tool."""

import itertools
import json
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from fake_claude import wire
from fake_claude.exchange import Exchange
from fake_claude.requests import echo_of, may_use_tools, wants_summary

_SIGNATURE: Final = "c2lnbmF0dXJlIG9mIHRoZSBmYWtl"
_TOOL_USES: Final = ("tool_use", "server_tool_use", "mcp_tool_use")
_WORD: Final = re.compile(r"\s*\S+\s*")


class Mode(ABC):
    @abstractmethod
    async def respond(self, exchange: Exchange) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Reply(Mode):
    """A reply: thinking if there is any, text in so many pieces, tools. Without a text it repeats the prompt."""

    text: str | None = None
    pieces: int | None = None
    pause_s: float = 0.0
    thinking: str = ""
    stop_reason: str = "end_turn"

    def cut_text(self, text: str) -> Iterator[str]:
        """Yield the text's deltas: so many pieces of about one size, or else words."""
        if self.pieces is None:
            return iter(_WORD.findall(text) or [text])
        count = max(1, min(self.pieces, len(text)))
        edges = [len(text) * step // count for step in range(count + 1)]
        return (text[start:end] for start, end in itertools.pairwise(edges))

    def blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the content as a finished message holds it."""
        text = echo_of(body) if self.text is None else self.text
        return [*self._thinking_blocks(body), *([{"type": "text", "text": text}] if text else [])]

    def _thinking_blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if not self.thinking:
            return []
        # Current models keep what they think to themselves unless they are asked for a summary.
        shown = self.thinking if wants_summary(body) else ""
        return [{"type": "thinking", "thinking": shown, "signature": _SIGNATURE}]

    async def respond(self, exchange: Exchange) -> None:
        blocks, stop_reason = self.blocks(exchange.body), self.stop_reason
        if not may_use_tools(exchange.body) and any(block["type"] in _TOOL_USES for block in blocks):
            blocks = [block for block in blocks if block["type"] in ("text", "thinking")]
            blocks = blocks or [text(echo_of(exchange.body))]
            stop_reason = "end_turn"
        self.remember(exchange, blocks)
        message_id = f"msg_{secrets.token_hex(8)}"
        model = str(exchange.body["model"])
        usage = {
            **self.input_of(exchange.usage, blocks),
            "output_tokens": sum(wire.tokens(block) for block in blocks),
            "server_tool_use": wire.server_tool_use(blocks),
        }
        if not exchange.body.get("stream"):
            await exchange.respond(200, wire.message(message_id, model, blocks, stop_reason, usage))
            return
        exchange.open_stream()
        await exchange.send(wire.message_start(message_id, model, {**exchange.usage, "output_tokens": 1}))
        await exchange.send(wire.PING)
        if not await self._send_blocks(exchange, blocks):
            return
        await exchange.send(wire.message_delta(stop_reason, usage))
        await exchange.send(wire.MESSAGE_STOP)
        await exchange.end_stream()

    async def _send_blocks(self, exchange: Exchange, blocks: list[dict[str, Any]]) -> bool:
        """Send the blocks piece by piece; return whether the reply goes on to its end."""
        for index, block in enumerate(blocks):
            await self.before_block(exchange, block)
            await exchange.send(wire.block_start(index, _empty(block)))
            for delta in self._deltas(block):
                if not await self.before_delta(exchange):
                    return False
                await self.send_delta(exchange, wire.block_delta(index, delta))
                exchange.deltas += 1
            if index == len(blocks) - 1 and not await self.before_end(exchange):
                return False
            await exchange.send(wire.block_stop(index))
        return True

    def input_of(self, usage: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the input of the whole call, of which `usage` is what was read first."""
        return _read_again(usage, blocks)

    def remember(self, exchange: Exchange, blocks: list[dict[str, Any]]) -> None:
        """Note what later requests about this reply depend on."""

    async def before_block(self, exchange: Exchange, block: dict[str, Any]) -> None:
        """Wait, or do nothing."""

    async def before_delta(self, exchange: Exchange) -> bool:
        if self.pause_s and exchange.deltas:
            await exchange.pause(self.pause_s)
        return True

    async def before_end(self, exchange: Exchange) -> bool:
        return True

    async def send_delta(self, exchange: Exchange, frame: bytes) -> None:
        await exchange.send(frame)

    def _deltas(self, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if block["type"] == "text":
            for piece in self.cut_text(block["text"]):
                yield {"type": "text_delta", "text": piece}
        elif block["type"] == "thinking":
            if block["thinking"]:
                for piece in self.cut_text(block["thinking"]):
                    yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}
        elif block["type"] in _TOOL_USES:
            encoded = json.dumps(block["input"])
            # The first fragment is empty, as it is in the real stream.
            for piece in ("", encoded[: len(encoded) // 2], encoded[len(encoded) // 2 :]):
                yield {"type": "input_json_delta", "partial_json": piece}


def _read_again(usage: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the input of a whole call: after each result of Anthropic's own tools, the model reads everything again."""
    cached = usage["cache_creation_input_tokens"] + usage["cache_read_input_tokens"]
    total, found = dict(usage), 0
    for block in blocks:
        if block["type"].endswith("_tool_result"):
            found += wire.tokens(block)
            total["input_tokens"] += usage["input_tokens"] + found
            total["cache_read_input_tokens"] += cached
    return total


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    """Return a block as it opens, before its deltas."""
    if block["type"] not in ("text", "thinking", *_TOOL_USES):
        return block  # the results of Anthropic's own tools come whole
    blanks: dict[str, Any] = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: blanks.get(name, value) for name, value in block.items()}


@dataclass(frozen=True)
class Normal(Reply):
    text: str | None = None


@dataclass(frozen=True)
class Slow(Reply):
    text: str | None = None
    pause_s: float = 0.1


@dataclass(frozen=True)
class WithThinking(Reply):
    """Thinks first. What it thinks is empty unless the request asks for the summary."""

    text: str | None = None
    thinking: str = "They ask something. I look at it from two sides, and then I reply."


@dataclass(frozen=True)
class StopReason(Reply):
    stop_reason: str = "max_tokens"


@dataclass(frozen=True)
class Blocks(Reply):
    """A message of exactly these blocks: `text("...")`, `tool_use("...")` and their like.

    `then` responds to the request that goes on with it: with the results of its tools or, after pause_turn, without.
    """

    content: tuple[dict[str, Any], ...]
    then: Mode | None = None

    def blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        return [dict(block) for block in self.content]

    def remember(self, exchange: Exchange, blocks: list[dict[str, Any]]) -> None:
        for block in blocks:
            if block["type"] in _TOOL_USES:
                exchange.remember(block["id"], self.then or Normal())


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def thinking(words: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": words, "signature": _SIGNATURE}


def tool_use(name: str, **input_: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{secrets.token_hex(8)}", "name": name, "input": input_}


@dataclass(frozen=True)
class ToolUse(Reply):
    """Asks for a tool, or for several; `then` responds to the request that brings the first one's result."""

    name: str = "search_history"
    input: dict[str, Any] = field(default_factory=dict)
    then: Mode | None = None
    more: tuple[tuple[str, dict[str, Any]], ...] = ()
    text: str | None = field(default="", kw_only=True)
    stop_reason: str = field(default="tool_use", kw_only=True)

    def blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        uses = [(self.name, self.input), *self.more]
        return [*super().blocks(body), *(tool_use(name, **input_) for name, input_ in uses)]

    def remember(self, exchange: Exchange, blocks: list[dict[str, Any]]) -> None:
        for block in blocks:
            if block["type"] == "tool_use":
                exchange.remember(block["id"], self.then or Normal())


@dataclass(frozen=True)
class Tiny(Reply):
    """So many deltas of two characters."""

    count: int = 10_000

    def blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "text", "text": "a " * self.count}]

    def cut_text(self, text: str) -> Iterator[str]:
        return ("a " for _ in range(self.count))


@dataclass(frozen=True)
class Huge(Reply):
    """One delta of so many bytes."""

    bytes: int = 1_000_000

    def blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "text", "text": ("word " * (self.bytes // 5 + 1))[: self.bytes]}]

    def cut_text(self, text: str) -> Iterator[str]:
        return iter((text,))


@dataclass(frozen=True)
class SplitUtf8(Reply):
    """Every byte of a delta comes on its own, also those in the middle of a character."""

    text: str | None = "Grüße aus Zürich, \N{PARTY POPPER} 東京 and \N{FAMILY}."

    async def send_delta(self, exchange: Exchange, frame: bytes) -> None:
        for start in range(len(frame)):
            await exchange.send(frame[start : start + 1])


@dataclass(frozen=True)
class Held(Reply):
    """Sends `after` deltas, then waits for `FakeClaude.release()`."""

    after: int = 5

    async def before_delta(self, exchange: Exchange) -> bool:
        if exchange.deltas == self.after:
            await exchange.hold()
        return await super().before_delta(exchange)
