"""The turns of one reply's calls: its context, then what the model asked of its tools and what they gave. No I/O.

What tools give is bounded for the whole reply, not for each use alone: a model can ask for a hundred in one breath, and
what it reads in the next call must be paid for.
"""

from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.claude.backends.accumulator import readable
from chat.claude.backends.backend import ToolCall
from chat.claude.prompt.context import Context
from chat.claude.reading import tokens
from chat.claude.reading.files import NO_ROOM, carried_tokens, left_out
from chat.claude.reading.transcript import CACHED, text_block
from chat.claude.tools.registry import TOOLS
from chat.claude.tools.tool import ToolResult, shortened
from chat.messages.findings import RESULT_CHARS, Found

_USES_AT_ONCE: Final = 10
_WORTH_GIVING_TOKENS: Final = 100
_CACHED_RESULTS: Final = 2
_SHOWN_CHARS: Final = 200


class Asked(NamedTuple):
    """A use of a tool that the model asks for. at: how much of the reply's text came before it."""

    call: ToolCall
    at: int

    @property
    def is_known(self) -> bool:
        return self.call.name in TOOLS

    def found(self, result: ToolResult, until: int) -> Found:
        """Return what is kept of it for later turns. until: how much of the text came before the results."""
        content = result.content[:RESULT_CHARS]
        size = tokens.estimate(content)
        return Found(self.at, until, self.call.name, self.call.input, content, result.is_error, size, result.quotes)


class Conversation:
    """note: what this reply alone is told. tokens: what the next call is taken to read, on the high side."""

    def __init__(self, context: Context, note: str) -> None:
        *earlier, prompt = context.messages
        # After the point up to which the call is cached: the next call holds the prompt, but not this.
        self.messages = [*earlier, {**prompt, "content": [*prompt["content"], text_block(note)]}]
        self._prompt_at = len(earlier)
        self.tokens = context.estimated_tokens + tokens.estimate(note)
        self._able = context.able
        self._left_for_results = settings.CLAUDE_CONTEXT_TOKENS
        self._uses_in_this_round = 0

    @property
    def file_tokens(self) -> int:
        """What the files in it are taken for."""
        return sum(carried_tokens(turn["content"]) for turn in self.messages)

    def model_said(self, blocks: list[dict[str, Any]]) -> None:
        """Add the model's turn. An empty one is refused: after a pause without a word, the same is asked once more.

        What follows a pause belongs to the turn that paused.
        """
        if blocks:
            self._add("assistant", blocks)
        self._uses_in_this_round = 0

    def tools_said(self, results: list[dict[str, Any]]) -> None:
        """Add the results of tools; the next call reads all up to them from the cache."""
        for turn in self.messages[: self._prompt_at]:
            turn["content"][-1].pop("cache_control", None)  # the prompt is cached by now
        self._add("user", [*results[:-1], {**results[-1], **CACHED}])
        # A call may mark four places: the system prompt, the prompt, and the newest two results. From the newest alone the
        # API would look back over twenty blocks for what it knows, and ten tools at once make more than that.
        marked = [turn["content"][-1] for turn in self.messages if turn["content"][-1]["type"] == "tool_result"]
        for block in marked[:-_CACHED_RESULTS]:
            block.pop("cache_control", None)

    def refusal(self) -> ToolResult | None:
        """Count one more use of a tool; return what is told in place of its result, or None when it may run."""
        self._uses_in_this_round += 1
        if self._uses_in_this_round > _USES_AT_ONCE:
            return ToolResult(f"No more than {_USES_AT_ONCE} tools can be used at once.", "did not work", is_error=True)
        if self._left_for_results < _WORTH_GIVING_TOKENS:
            return ToolResult("No more results fit. Reply now.", "did not work", is_error=True)
        return None

    def bounded(self, result: ToolResult) -> ToolResult:
        """Return as much of a result as there is room for, and of its files what the model can take in."""
        size = tokens.estimate(result.content)
        result = result._replace(content=shortened(readable(result.content), self._left_for_results))
        self._left_for_results -= min(size, self._left_for_results)
        shown = carried_tokens(result.blocks)
        if not shown:
            return result
        note = left_out(result.blocks, self._able) or (NO_ROOM if shown > self._left_for_results else "")
        if note:
            return result._replace(content=f"{result.content}\n[{note}]", blocks=())
        self._left_for_results -= shown
        return result

    def _add(self, role: str, content: list[dict[str, Any]]) -> None:
        last = self.messages[-1]
        if last["role"] == role:
            self.messages[-1] = {**last, "content": [*last["content"], *content]}
        else:
            self.messages.append({"role": role, "content": content})
        self.tokens += tokens.estimate_json(content) + carried_tokens(content) + tokens.TURN_TOKENS


def told(call: ToolCall, result: ToolResult) -> dict[str, Any]:
    """Return a result as the Messages API has it."""
    content = [text_block(result.content), *result.blocks] if result.blocks else result.content
    block = {"type": "tool_result", "tool_use_id": call.id, "content": content}
    return {**block, "is_error": True} if result.is_error else block


def shown_to_members(call: ToolCall, result: ToolResult) -> dict[str, str]:
    """Return a use of a tool as the page shows it: its name, its input in short, and one line on what it brought."""
    text = readable(", ".join(f"{name}: {each}" for name, each in call.input.items()))
    short = text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
    return {"name": call.name, "input": short, "result": result.summary}
