"""What stands in a request to the fake: its prompt, its tool results, and what the real service would refuse in it."""

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import accumulate
from typing import Any, Final

from fake_claude import wire
from fake_claude.content import refusal_of_blocks, tokens_of
from fake_claude.lookups import refusal_of_lookups, refusal_of_server_tool

_NOTE: Final = "[Parley: it is "
_ECHO_CHARS: Final = 200
_KNOWN: Final = {
    "model", "messages", "max_tokens", "system", "stream", "thinking", "tools", "tool_choice", "cache_control",
    "metadata", "stop_sequences", "output_config", "service_tier", "container", "diagnostics", "inference_geo",
}  # fmt: skip
_KNOWN_WITHIN: Final = {
    "thinking": {"type", "display"},
    "output_config": {"effort", "format"},
    "tool_choice": {"type", "disable_parallel_tool_use"},
    "metadata": {"user_id"},
}
_TOOL_KEYS: Final = {
    "type", "name", "description", "input_schema", "cache_control", "allowed_callers", "defer_loading",
    "eager_input_streaming", "input_examples", "strict",
}  # fmt: skip
_EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
_GONE: Final = ("temperature", "top_p", "top_k")
_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_MOST_CACHE_POINTS: Final = 4
_SMALLEST_CACHED_TOKENS: Final = 1024
_LOOKED_BACK_BLOCKS: Final = 20
_TOOLS_TOKENS: Final = 346


def blocks_of(content: Any) -> list[dict[str, Any]]:
    """Return content as blocks; a string is short for one of text."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def prompt_of(body: dict[str, Any]) -> str:
    """Return the last text of the last turn that a person may have written: after it, Parley says which day it is."""
    texts = [str(block["text"]) for block in blocks_of(body["messages"][-1]["content"]) if block["type"] == "text"]
    said = [text for text in texts if not text.startswith(_NOTE)] or texts
    return said[-1] if said else ""


def all_text_of(body: dict[str, Any]) -> str:
    """Return system prompt and last turn: what a test looks for to choose a reply."""
    blocks = [*blocks_of(body.get("system", "")), *blocks_of(body["messages"][-1]["content"])]
    return "\n".join(str(block.get("text", "")) for block in blocks)


def tool_results_of(body: dict[str, Any]) -> dict[str, str]:
    """Return the text of each tool result that the last turn brings, by the id of the use."""
    results: dict[str, str] = {}
    for block in blocks_of(body["messages"][-1]["content"]):
        if block["type"] == "tool_result":
            parts = blocks_of(block.get("content", ""))
            results[block["tool_use_id"]] = "\n".join(str(part.get("text", "")) for part in parts)
    return results


def uses_gone_on_with(body: dict[str, Any]) -> list[str]:
    """Return the ids of the tools whose results the last turn brings, or in which a message paused: the newest first."""
    turn = body["messages"][-1]
    if turn["role"] == "assistant":
        return [block["id"] for block in blocks_of(turn["content"])[::-1] if block["type"] == "server_tool_use"]
    return list(tool_results_of(body))


def echo_of(body: dict[str, Any]) -> str:
    """Return a reply for when a test does not care: it repeats what it was given, so that a mix-up shows."""
    results = tool_results_of(body)
    if results:
        return "The tool says: " + " / ".join(result[:_ECHO_CHARS] for result in results.values())
    return f"You wrote: {prompt_of(body)[-_ECHO_CHARS:]}"


def may_use_tools(body: dict[str, Any]) -> bool:
    return (body.get("tool_choice") or {}).get("type") != "none"


def wants_summary(body: dict[str, Any]) -> bool:
    thinking = body.get("thinking") or {}
    return thinking.get("type") == "adaptive" and thinking.get("display") == "summarized"


def usage_of(body: dict[str, Any], cached: set[str]) -> dict[str, Any]:
    """Return the tokens of the input, as the cache makes them count; `cached` holds the prefixes seen before."""
    parts = [*body.get("tools", []), *blocks_of(body.get("system", ""))]
    for turn in body["messages"]:
        parts += [{"role": turn["role"], **block} for block in blocks_of(turn["content"])]
    points = [index for index, part in enumerate(parts) if part.get("cache_control")]
    plain = [{name: value for name, value in part.items() if name != "cache_control"} for part in parts]
    # What the service says to the model of tools stands before them.
    counts = [tokens_of(part) for part in plain]
    if body.get("tools"):
        counts[0] += _TOOLS_TOKENS
    ends = list(accumulate(counts))
    # The real service looks back from each point for the longest beginning that it knows.
    looked_at = {index for point in points for index in range(max(0, point - _LOOKED_BACK_BLOCKS), point + 1)}
    begins = list(_beginnings(str(body["model"]), plain))
    prefixes = {index: begins[index] for index in looked_at}
    sizes = {index: ends[index] for index in looked_at}
    usable = [index for index in points if sizes[index] >= _SMALLEST_CACHED_TOKENS]
    read = max((sizes[index] for index in looked_at if prefixes[index] in cached), default=0)
    written = {"5m": 0, "1h": 0}
    known = read
    for index in usable:
        if sizes[index] > known:
            written[parts[index]["cache_control"].get("ttl", "5m")] += sizes[index] - known
            known = sizes[index]
    cached.update(prefixes[index] for index in usable)
    return {
        "input_tokens": (ends[-1] if ends else 0) - known,
        "cache_creation_input_tokens": sum(written.values()),
        "cache_read_input_tokens": read,
        "cache_creation": {f"ephemeral_{lifetime}_input_tokens": count for lifetime, count in written.items()},
    }


def _beginnings(model: str, parts: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a name for the beginning of a call up to each of its parts: these hold megabytes of pictures."""
    so_far = model
    for part in parts:
        so_far = sha256(f"{so_far}\n{wire.compact(part)}".encode(errors="surrogatepass")).hexdigest()
        yield so_far


def refusal_of(body: Any) -> str | None:
    """Return why the real service responds with 400 to this body, or None: a fake that takes anything proves little."""
    if not isinstance(body, dict):
        return "body: must be an object"
    for name in _GONE:
        if name in body:
            return f"{name}: is not supported by this model"
    unknown = body.keys() - _KNOWN
    if unknown:
        return f"{min(unknown)}: Extra inputs are not permitted"
    if not isinstance(body.get("model"), str) or not isinstance(body.get("max_tokens"), int):
        return "model, max_tokens: Field required"
    if not 0 < body["max_tokens"] <= wire.MOST_OUTPUT_TOKENS:
        return f"max_tokens: must be between 1 and {wire.MOST_OUTPUT_TOKENS}"
    effort = (body.get("output_config") or {}).get("effort")
    if effort is not None and effort not in _EFFORTS:
        return "output_config.effort: must be one of " + ", ".join(_EFFORTS)
    return (
        _refusal_of_thinking(body, effort)
        or _refusal_within(body)
        or _refusal_of_offer(body)
        or _refusal_of_turns(body)
    )


def _refusal_within(body: dict[str, Any]) -> str | None:
    """Look for what no parameter holds."""
    for name, known in _KNOWN_WITHIN.items():
        unknown = (body.get(name) or {}).keys() - known
        if unknown:
            return f"{name}.{min(unknown)}: Extra inputs are not permitted"
    system = blocks_of(body.get("system") or [])
    for part in [*body.get("tools", []), *system]:
        if (part.get("cache_control") or {}).keys() - {"type", "ttl"}:
            return "cache_control: Extra inputs are not permitted"
    if any(block.keys() - {"type", "text", "cache_control", "citations"} for block in system):
        return "system.0: Extra inputs are not permitted"
    return None


def _refusal_of_thinking(body: dict[str, Any], effort: str | None) -> str | None:
    kind = (body.get("thinking") or {}).get("type", "adaptive")
    if kind not in ("adaptive", wire.unthinking(body["model"])):
        return f"thinking.type: {kind} is not supported by this model"
    if kind != "adaptive" and effort in ("xhigh", "max"):
        return f"thinking.type: {kind} is not supported at effort {effort}"
    return None


def _refusal_of_offer(body: dict[str, Any]) -> str | None:
    """Look at the tools, and at whether they may be used."""
    for tool in body.get("tools", []):
        if "type" in tool and tool["type"] != "custom":
            refusal = refusal_of_server_tool(tool)
            if refusal is not None:
                return refusal
            continue
        if not _TOOL_NAME.fullmatch(tool.get("name", "")) or tool.get("input_schema", {}).get("type") != "object":
            return "tools: a tool needs a name and an input_schema of type object"
        unknown = tool.keys() - _TOOL_KEYS
        if unknown:
            return f"tools.{tool['name']}.{min(unknown)}: Extra inputs are not permitted"
    choice = body.get("tool_choice")
    if choice is not None and not body.get("tools"):
        return "tool_choice: may only be specified while providing tools"
    if choice is not None and choice.get("type") not in ("auto", "none"):
        return "tool_choice.type: only auto and none are supported by this model"
    return None


def _refusal_of_turns(body: dict[str, Any]) -> str | None:
    turns = body.get("messages")
    if not turns:
        return "messages: at least one message is required"
    if turns[0]["role"] != "user":
        return "messages: first message must use the user role"
    if turns[-1]["role"] == "assistant" and not _is_paused(turns[-1]):
        return "messages: This model does not support assistant message prefill"
    blocks = [*blocks_of(body.get("system", [])), *(block for turn in turns for block in blocks_of(turn["content"]))]
    if any(not turn["content"] for turn in turns):
        return "messages: all messages must have non-empty content"
    if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
        return "messages: text content blocks must be non-empty"
    if sum("cache_control" in block for block in [*blocks, *body.get("tools", [])]) > _MOST_CACHE_POINTS:
        return "A maximum of 4 blocks with cache_control may be provided"
    return refusal_of_blocks(turns) or _refusal_of_tools(turns)


def _is_paused(turn: dict[str, Any]) -> bool:
    """Whether this may be a message that ended with pause_turn: only those with Anthropic's own tools do."""
    return any(block["type"] == "server_tool_use" for block in blocks_of(turn["content"]))


def _refusal_of_tools(turns: list[dict[str, Any]]) -> str | None:
    """Every use of a tool needs its result in the next turn, and what was thought before it must come back signed."""
    waiting: set[str] = set()
    refusal = refusal_of_lookups([(turn["role"], blocks_of(turn["content"])) for turn in turns])
    if refusal is not None:
        return refusal
    for turn in turns:
        blocks = blocks_of(turn["content"])
        results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if turn["role"] == "user" and results != waiting:
            return "messages: tool_use ids were found without tool_result blocks immediately after, or the reverse"
        if turn["role"] == "assistant":
            waiting = {block["id"] for block in blocks if block["type"] == "tool_use"}
            if any(block["type"] == "thinking" and not block.get("signature") for block in blocks):
                return "messages: thinking blocks must be passed back with their signature"
        else:
            waiting = set()
    return None
