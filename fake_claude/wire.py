"""The shapes of the Messages API as they stand on the wire: events, messages, errors, models. No I/O."""

import json
import math
import re
from typing import Any, Final

MODELS: Final = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
MOST_OUTPUT_TOKENS: Final = 128_000
_CHARS_PER_TOKEN: Final = 4


def event(name: str, data: Any) -> bytes:
    """Return one server-sent event."""
    return f"event: {name}\ndata: {compact(data)}\n\n".encode()


def compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def message_start(message_id: str, model: str, usage: dict[str, Any]) -> bytes:
    return event("message_start", {"type": "message_start", "message": message(message_id, model, [], None, usage)})


def message(
    message_id: str, model: str, content: list[dict[str, Any]], stop_reason: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": stop_details(stop_reason),
        "usage": usage,
    }


def stop_details(stop_reason: str | None) -> dict[str, Any] | None:
    if stop_reason != "refusal":
        return None
    return {"type": "refusal", "category": "general_harms", "explanation": None}


def block_start(index: int, block: dict[str, Any]) -> bytes:
    data = {"type": "content_block_start", "index": index, "content_block": block}
    return event("content_block_start", data)


def block_delta(index: int, delta: dict[str, Any]) -> bytes:
    return event("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta})


def block_stop(index: int) -> bytes:
    return event("content_block_stop", {"type": "content_block_stop", "index": index})


def server_tool_use(blocks: list[dict[str, Any]]) -> dict[str, int]:
    """Return how often Anthropic's own tools were used."""
    used = [block["name"] for block in blocks if block["type"] == "server_tool_use"]
    return {f"{name}_requests": used.count(name) for name in ("web_search", "web_fetch")}


def message_delta(stop_reason: str, usage: dict[str, Any]) -> bytes:
    delta = {"stop_reason": stop_reason, "stop_sequence": None, "stop_details": stop_details(stop_reason)}
    # The lifetimes of what the cache took stand in message_start alone.
    counted = {name: count for name, count in usage.items() if name != "cache_creation"}
    return event("message_delta", {"type": "message_delta", "delta": delta, "usage": counted})


MESSAGE_STOP: Final = event("message_stop", {"type": "message_stop"})
PING: Final = event("ping", {"type": "ping"})


def error(type_: str, text: str, request_id: str, code: str = "") -> dict[str, Any]:
    """Return an error. code: its cause, where one has a name."""
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": type_, "message": text, **details}, "request_id": request_id}


def model_info(model: str, **facts: Any) -> dict[str, Any]:
    """Return what is told of a model. facts: what is different of it."""
    return {
        "type": "model",
        "id": model,
        "display_name": re.sub(r"(\d) (\d)", r"\1.\2", model.replace("-", " ").title()),
        "created_at": "2026-06-01T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
        "max_input_tokens": 1_000_000,
        "max_tokens": MOST_OUTPUT_TOKENS,
        "capabilities": capabilities(thinking=thinking_of(model)),
        **facts,
    }


def unthinking(model: str) -> str:
    """Return the type of `thinking` by which a model does without; "" where it has none."""
    return "" if "opus" in model else "disabled" if "haiku" in model else "between_tools"


def thinking_of(model: str) -> dict[str, Any]:
    """Return what a model is said to take as `thinking`."""
    types = ("adaptive", "between_tools", "disabled", "enabled")
    return {
        "supported": True,
        "types": {each: {"supported": each in ("adaptive", unthinking(model))} for each in types},
    }


def capabilities(**less: Any) -> dict[str, Any]:
    """Return what a model of today can do. less: what is different of it."""
    yes = {"supported": True}
    names = ("batch", "citations", "code_execution", "image_input", "pdf_input", "structured_outputs")
    efforts = dict.fromkeys(("low", "medium", "high", "xhigh", "max"), yes)
    return {
        **dict.fromkeys(names, yes),
        "effort": {**yes, **efforts},
        "thinking": thinking_of(""),
        "context_management": yes,
        "server_tools": {**yes, "web_search": yes, "code_execution": yes},
        **less,
    }


def model_list(models: list[dict[str, Any]]) -> dict[str, Any]:
    ids = [model["id"] for model in models] or [None]
    return {"data": models, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}


def tokens(value: Any) -> int:
    """Estimate what a value would count: a fake has no tokenizer, but more text must cost more."""
    text = value if isinstance(value, str) else compact(value)
    return math.ceil(len(text) / _CHARS_PER_TOKEN)
