"""Calls for the tests of the client, and streams that no mode of the fake sends."""

import json
from typing import Any

import pytest

from chat.claude.backends.backend import Call, CallFailed, End, Piece, Text
from chat.claude.backends.client import AnthropicBackend
from fake_claude import Mode

PROMPT = "the badger sleeps at midnight under the old bridge"


def call(prompt: str = PROMPT, **changes: Any) -> Call:
    messages = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
    system = [{"type": "text", "text": "You are a room's guest."}]
    return Call("claude-sonnet-5-5", system, messages, 1000, [])._replace(**changes)


async def pieces_of(backend: AnthropicBackend, call_: Call | None = None) -> list[Piece]:
    return [piece async for piece in backend.stream(call_ or call())]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


async def failure_of(backend: AnthropicBackend, call_: Call | None = None) -> tuple[str, CallFailed]:
    """Return what had arrived, and how the call failed."""
    heard: list[Piece] = []
    try:
        async for piece in backend.stream(call_ or call()):
            heard.append(piece)  # noqa: PERF401 - what came before the failure counts
    except CallFailed as failure:
        assert not any(isinstance(piece, End) for piece in heard)
        return text_of(heard), failure
    pytest.fail(f"The call did not fail: {text_of(heard)!r}")


class Frames(Mode):
    """Sends a message's start, these events, and its end."""

    def __init__(self, *events: tuple[str, dict[str, Any]], stop_reason: str = "end_turn") -> None:
        self.events = events
        self.stop_reason = stop_reason

    async def respond(self, exchange: Any) -> None:
        start = {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "usage": {"input_tokens": 3, "output_tokens": 1},
            },
        }
        end = {"type": "message_delta", "delta": {"stop_reason": self.stop_reason}, "usage": {"output_tokens": 9}}
        stop = ("message_stop", {"type": "message_stop"})
        exchange.open_stream()
        for name, data in (("message_start", start), *self.events, ("message_delta", end), stop):
            # ASCII, so that half of a surrogate pair can be sent.
            await exchange.send(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
        await exchange.end_stream()


class Raw(Mode):
    def __init__(self, data: bytes) -> None:
        self.data = data

    async def respond(self, exchange: Any) -> None:
        exchange.open_stream()
        await exchange.send(self.data)
        await exchange.end_stream()


def opened(*deltas: dict[str, Any], block: dict[str, Any] | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of one block with these deltas."""
    frames = [("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}) for delta in deltas]
    start = {"type": "content_block_start", "index": 0, "content_block": block or text_block("")}
    stop = {"type": "content_block_stop", "index": 0}
    return [("content_block_start", start), *frames, ("content_block_stop", stop)]


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def text_delta(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}
