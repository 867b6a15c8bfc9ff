"""What a stream has brought so far: pieces for the runner, and the blocks that go back to the API. No I/O.

The SDK builds its events without looking at them, so whatever a proxy makes of a stream gets here: anything that does not
fit raises, and the client takes that for garbage.
"""

import json
from typing import Any, Final

from accounts.visible import has_ink
from chat.claude.backends.backend import End, Piece, ServerUse, Text, Thinking, ToolBegun, ToolCall
from chat.claude.backends.server_results import RESULT, result_of
from chat.models import TOKEN_KINDS, Usage

_DEEPEST: Final = 32
# `tool_use` is ours to run; `server_tool_use` and `mcp_tool_use` are Anthropic's.
_TOOL_USE: Final = "tool_use"
_GATHERED: Final = ("text", "thinking")
# Ends after which the message goes back.
_GOES_ON: Final = (_TOOL_USE, "pause_turn")
_HOUR: Final = "ephemeral_1h_input_tokens"
_MINUTES: Final = "ephemeral_5m_input_tokens"


class Unreadable(ValueError):
    """The stream holds what no stream of messages holds."""


class Accumulator:
    """Takes a message's events in order."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.stop_reason: str | None = None
        # began: the message has; has_said: it has brought a word.
        self.began = self.has_said = False
        self._blocks: dict[int, dict[str, Any]] = {}
        # The pieces of the open block's texts, by the field that they belong to: joined once, at its end.
        self._parts: dict[int, dict[str, list[str]]] = {}
        # The first half of a surrogate pair whose second half is still to come, by the block that it belongs to.
        self._halves: dict[int, str] = {}
        self._is_broken = False
        # What the cache keeps for an hour, and what for five minutes.
        self._for_an_hour = self._for_minutes = 0

    def take(self, event: Any) -> Piece | None:
        """Take an event; return the piece that it brings, if any."""
        piece = self._take(event)
        self.has_said = self.has_said or (isinstance(piece, Text | Thinking) and has_ink(piece.text))
        return piece

    def _take(self, event: Any) -> Piece | None:
        kind = event.type
        if kind == "content_block_delta":
            return self._delta(event.index, event.delta)
        if kind == "message_start":
            self.began = True
            return self._count(event.message.usage)
        if kind == "content_block_start":
            return self._open(event.index, event.content_block)
        if kind == "content_block_stop":
            return self._close(event.index)
        if kind == "message_delta":
            self.stop_reason = event.delta.stop_reason or self.stop_reason
            return self._count(event.usage)
        return None

    def end(self) -> End:
        """Return the last piece, once `message_stop` has come."""
        if self.stop_reason in _GOES_ON and self._is_broken:
            raise Unreadable("a tool's input")
        for index in list(self._parts):
            self._close(index)
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        # A blank text is refused when it comes back.
        return End(str(self.stop_reason), [block for block in blocks if block.get("text", "-").strip()])

    def _delta(self, index: int, delta: Any) -> Piece | None:
        kind = delta.type
        if kind == "text_delta":
            text = self._whole(index, delta.text)
            self._parts[index]["text"].append(text)
            return Text(text) if text else None
        if kind == "thinking_delta":
            text = self._whole(index, delta.thinking)
            self._parts[index]["thinking"].append(text)
            return Thinking(text) if text else None
        if kind == "input_json_delta":
            self._parts[index]["input"].append(self._whole(index, delta.partial_json))
        elif kind == "signature_delta":
            self._parts[index]["signature"].append(readable(delta.signature))
        elif kind == "citations_delta":
            block = self._blocks[index]
            cited = _readable_value(delta.citation.to_dict(mode="json"))
            block["citations"] = [*(block.get("citations") or ()), cited]
        return None

    def _whole(self, index: int, text: str) -> str:
        """Return a delta's text with the half of a character that was left of the one before; keep its own for the next."""
        text = self._halves.pop(index, "") + text
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._halves[index] = text[-1]
            text = text[:-1]
        return readable(text)

    def _open(self, index: int, block: Any) -> Piece | None:
        held = block.to_dict(mode="json", warnings=False)  # of error codes that the SDK does not know
        if held["type"] not in _GATHERED:  # the results of Anthropic's tools come whole, with words of the web in them
            held = _readable_value(held)
        self._blocks[index] = held
        self._parts[index] = {"text": [], "thinking": [], "signature": [], "input": []}
        if held["type"] == "text" and held["text"]:
            return self._opening_text(index, Text(readable(held["text"])))
        if held["type"] == "thinking" and held["thinking"]:
            return self._opening_text(index, Thinking(readable(held["thinking"])))
        if held["type"].endswith(RESULT):
            return result_of(held)
        return ToolBegun() if held["type"].endswith(_TOOL_USE) else None

    def _opening_text(self, index: int, piece: Text | Thinking) -> Piece:
        """Take what a block brings before its first delta."""
        self._parts[index]["text" if isinstance(piece, Text) else "thinking"].append(piece.text)
        return piece

    def _close(self, index: int) -> Piece | None:
        parts = self._parts.pop(index)
        self._halves.pop(index, None)  # the other half never came
        block = self._blocks[index]
        if block["type"] == "text":
            block["text"] = "".join(parts["text"])
        elif block["type"] == "thinking":
            block["thinking"] = "".join(parts["thinking"])
            block["signature"] = "".join([block.get("signature") or "", *parts["signature"]])
        elif block["type"].endswith(_TOOL_USE):
            return self._tool(index, block, "".join(parts["input"]))
        return None

    def _tool(self, index: int, block: dict[str, Any], encoded: str) -> Piece | None:
        """Return the finished use of a tool, where it is ours to run. All of them need their input to go back.

        One that max_tokens has cut off is left out: it can neither run nor go back.
        """
        try:
            value = json.loads(encoded) if encoded else block["input"]
            json.dumps(value, allow_nan=False)  # 1e999 is infinite here, and neither sent back nor stored
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            self._is_broken = True
            del self._blocks[index]
            return None
        block["input"] = _readable_value(value)
        if block["type"] != _TOOL_USE:
            return ServerUse(str(block["id"]), str(block["name"]), block["input"])
        return ToolCall(str(block["id"]), str(block["name"]), block["input"])

    def _count(self, reported: Any) -> Usage:
        """Take the tokens so far. What is reported replaces, what is left out stays."""
        counted = {name: _number(getattr(reported, name, None)) for name in TOKEN_KINDS}
        tools = getattr(reported, "server_tool_use", None)
        counted["web_search_requests"] = _number(_field(tools, "web_search_requests"))
        known = {name: number for name, number in counted.items() if number is not None}
        lifetimes = getattr(reported, "cache_creation", None)
        if lifetimes is not None:
            self._for_an_hour = _number(_field(lifetimes, _HOUR)) or 0
            self._for_minutes = _number(_field(lifetimes, _MINUTES)) or 0
        self.usage = self.usage._replace(**known)
        # Only a message's start tells the lifetimes. What the cache took since then has the dearer one, if any has.
        written = self.usage.cache_creation_input_tokens
        for_an_hour = max(written - self._for_minutes, 0) if self._for_an_hour else 0
        self.usage = self.usage._replace(cache_creation_1h_input_tokens=for_an_hour)
        return self.usage


def _field(value: Any, name: str) -> Any:
    """Return a field of what the SDK knows, or leaves as it came where it does not."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def readable(text: str) -> str:
    """Return a text that every database and every socket takes: no NUL, no half of a surrogate pair."""
    if text.isascii():
        return text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "")


def _readable_value(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise Unreadable("a tool's input")
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {readable(name): _readable_value(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_readable_value(inner, depth + 1) for inner in value]
    return value
