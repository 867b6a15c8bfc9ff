"""The built-in demo model: streams ready-made Markdown at a human pace. It calls no one, costs nothing, never pretends."""

import asyncio
import json
import random
import re
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.claude.backends import demo_replies
from chat.claude.backends.backend import Call, End, Piece, Text, Thinking, ToolCall
from chat.models import Usage

_CHARS_PER_TOKEN: Final = 4
_WORDS_PER_SECOND: Final = 25.0
# People do not read evenly, and a stream without rhythm looks dead.
_SHORTEST_PAUSE: Final = 0.4
_LONGEST_PAUSE: Final = 1.6
_SENTENCE_PAUSE: Final = 3.0
# Without a pace it still gives way to others every so many words.
_WORDS_AT_ONCE: Final = 20
_SEARCH_TOOL: Final = "search_history"
_SEARCH_WORDS: Final = re.compile(r"\b(search|find|look for|look up|said|wrote)\b", re.IGNORECASE)
_PIECE: Final = re.compile(r"\s*\S+|\s+")
# The line of Parley's own that tells how a reply to be continued ends (chat/claude/prompt/prompts.py).
_TAIL: Final = re.compile(r'It ends with ("(?:[^"\\]|\\.)*")')


class _Heard(NamedTuple):
    """What the demo understands of a call. so_far: the text to go on with."""

    prompt: str
    so_far: str = ""
    tool: tuple[str, str] | None = None


class DemoBackend:
    async def stream(self, call: Call) -> AsyncGenerator[Piece, None]:
        """Yield a reply word by word, and `End` last."""
        heard = _hear(call.messages)
        usage = Usage(input_tokens=_tokens(json.dumps([call.system, call.messages], ensure_ascii=False)))
        yield usage
        search = _search(call, heard)
        if search is not None:
            yield search
            yield End("tool_use", [{"type": "tool_use", **search._asdict()}])
            return
        rng = random.Random(heard.prompt)  # noqa: S311 - the rhythm of words
        for word in [] if heard.so_far else _words(demo_replies.thoughts(heard.prompt)):
            await _pause(word, rng)
            yield Thinking(word)
        text = _reply(heard)
        said = text[: call.max_tokens * _CHARS_PER_TOKEN]
        for count, word in enumerate(_words(said)):
            await _pause(word, rng, gives_way=count % _WORDS_AT_ONCE == 0)
            yield Text(word)
        yield usage._replace(output_tokens=_tokens(said))
        yield End("end_turn" if said == text else "max_tokens", [{"type": "text", "text": said}] if said else [])

    async def close(self) -> None:
        """Nothing is open."""


def _hear(messages: list[dict[str, Any]]) -> _Heard:
    """Find the newest words of a person, and what came after them."""
    so_far, tool, tail = "", None, ""
    for message in reversed(messages):
        blocks = _blocks(message["content"])
        text = "\n\n".join(block["text"] for block in blocks if block["type"] == "text")
        if message["role"] == "assistant":
            so_far = so_far or (text if tool is None else "")
            tool = tool and _named(tool, blocks)
            continue
        results = [block for block in blocks if block["type"] == "tool_result"]
        if results and not text:
            tool = (str(results[0]["tool_use_id"]), _plain(results[0].get("content", "")))
            continue
        if not so_far and tool is None and _TAIL.search(text) and not _said_by_a_person(text):
            tail = _tail_of(text)
            continue
        return _Heard(_said_by_a_person(text) or text, _with_tail(so_far, tail) if tail else "", tool)
    return _Heard("")


def _said_by_a_person(text: str) -> str:
    """Return the last quoted lines of a transcript (chat/claude/reading/transcript.py): the newest message in it."""
    lines: list[str] = []
    for line in reversed(text.splitlines()):
        if line.startswith(">"):
            lines.append(line[1:].removeprefix(" "))
        elif lines:
            break
    return "\n".join(reversed(lines)).strip()


def _tail_of(text: str) -> str:
    found = _TAIL.search(text)
    return str(json.loads(found.group(1))) if found else ""


def _with_tail(so_far: str, tail: str) -> str:
    """Return the text so far with the blanks at its end, which the transcript has lost and the tail has kept."""
    return so_far + tail[len(tail.rstrip()) :]


def _named(tool: tuple[str, str], blocks: list[dict[str, Any]]) -> tuple[str, str]:
    """Put the tool's name in the place of its use's id."""
    names = {block["id"]: block["name"] for block in blocks if block["type"] == "tool_use"}
    return names.get(tool[0], tool[0]), tool[1]


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _plain(content: Any) -> str:
    return "\n".join(str(block.get("text", "")) for block in _blocks(content))


def _search(call: Call, heard: _Heard) -> ToolCall | None:
    """Return a search of the room where it is allowed and asked for, so that people see what that looks like."""
    topics = demo_replies.topics_of(_SEARCH_WORDS.sub(" ", heard.prompt))
    offered = any(tool["name"] == _SEARCH_TOOL for tool in call.tools)
    if not offered or heard.tool or heard.so_far or not topics or not _SEARCH_WORDS.search(heard.prompt):
        return None
    return ToolCall(f"demo_{len(call.messages)}", _SEARCH_TOOL, {"query": topics[0]})


def _reply(heard: _Heard) -> str:
    text = demo_replies.after_tool(*heard.tool) if heard.tool else demo_replies.reply_to(heard.prompt)
    if not heard.so_far:
        return text
    # A long text so far comes without its beginning.
    start = text.find(heard.so_far)
    if start < 0:
        return f"\n\n{demo_replies.NOTICE}"
    return text[start + len(heard.so_far) :] or f"\n\n{demo_replies.NOTICE}"


def _words(text: str) -> Iterator[str]:
    return (found.group() for found in _PIECE.finditer(text))


async def _pause(word: str, rng: random.Random, *, gives_way: bool = False) -> None:
    per_second = getattr(settings, "DEMO_WORDS_PER_SECOND", _WORDS_PER_SECOND)
    if per_second > 0:
        long = _SENTENCE_PAUSE if word.endswith((".", "?", ":", "”")) else 1.0
        await asyncio.sleep(rng.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE) * long / per_second)
    elif gives_way:
        await asyncio.sleep(0)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARS_PER_TOKEN)
