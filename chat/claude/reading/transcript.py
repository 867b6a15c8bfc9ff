"""Messages of a room as turns for a model. Pure: it reads loaded rows, and does no I/O.

Everything that people wrote, or are called, is data. Each line of theirs begins with `>`; the lines that say who speaks
do not, and only this module writes such lines. So no text can pass for another speaker or for an instruction of ours.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, Literal, NamedTuple

from accounts.visible import DRAWN_TOGETHER
from chat.claude.reading import tokens
from chat.claude.reading.files import File, block_of, carried_tokens
from chat.claude.reading.paragraphs import break_after
from chat.claude.reading.rows import Row, Use
from chat.markdown import without_blank_ends

Role = Literal["user", "assistant"]

CACHED: Final[dict[str, Any]] = {"cache_control": {"type": "ephemeral"}}
BEGINNING_IS_MISSING: Final = "[Earlier messages of this room are not shown here.]"
WAITS: Final = ", gets a reply of its own later"
_SHOWN_FILE: Final = "[Of message {}, attachment {}:]"
_LEFT_OUT: Final = "[{} characters are left out here.]"
# What a cut costs beside the text that stays: the line above, and the mark of a line cut in two.
_CUT_TOKENS: Final = 50
# Fewer than the API looks back over.
_LOOKED_BACK_BLOCKS: Final = 18
_RESULT_IS_LEFT_OUT: Final = "[Left out: it doesn't fit any more. Use the tool again if you need it.]"
_RESULT_IS_FORGOTTEN: Final = "[Forgotten: a message in it has been changed or deleted since.]"
_NAMELESS: Final = "someone who has left"
# No one sees these, but a model reads them: control characters, and the tag and variation characters that can spell out
# a hidden text. A flag's few and an ideograph's one stay. A lone surrogate cannot even be sent.
_UNSEEN: Final = re.compile(f"{DRAWN_TOGETHER}|[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff\U000e0000-\U000e01ef]")
_NAME: Final = re.compile(r"[^a-z0-9_.-]")


class Turn(NamedTuple):
    """blocks: what is no text: uses of tools, or their results, or a file. Then the text is empty."""

    role: Role
    text: str
    blocks: tuple[dict[str, Any], ...] = ()


class Line(NamedTuple):
    """One message. id: its row's. speaker: a user name, or None for Claude's own.

    replies_to: the seq of a message.
    context_from: of Claude's replies, where the context began that it was given.
    is_waiting: Claude replies to it later.
    turns: of a reply for which tools were used, its texts and what they brought, in their order.
    """

    seq: int
    speaker: str | None
    text: str
    at: datetime
    replies_to: int | None = None
    files: tuple[File, ...] = ()
    context_from: int | None = None
    id: int | None = None
    is_waiting: bool = False
    turns: tuple[Turn, ...] = ()

    @property
    def is_claudes(self) -> bool:
        return self.speaker is None


def line_of(row: Row) -> Line | None:
    """Return what a row says, or None for what is left out: replies that are open or empty.

    A reply that failed counts by its text as any other: it has some when an attempt to continue it failed.
    """
    if row.is_open:
        return None
    text = clean(row.content)
    files = () if row.is_claudes else row.files
    if not text and not files and not row.uses:
        return None
    return Line(
        seq=row.seq,
        speaker=None if row.is_claudes else speaker_name(row.author or _NAMELESS),
        text=text,
        at=row.created_at,
        replies_to=row.replies_to,
        files=files,
        context_from=row.context_from,
        id=row.id,
        turns=tuple(turns_with_tools(row.content, row.uses)) if row.uses else (),
    )


def lines_of(newest_first: Iterable[Row]) -> Iterator[Line]:
    """Yield what rows say, newest first; of a prompt whose turn has not come, that its reply is still to come."""
    waiting: set[int] = set()
    for row in newest_first:
        if row.is_open and row.prompt is not None:
            waiting.add(row.prompt)  # a reply stands after its prompt, so it comes first here
        line = line_of(row)
        if line is not None:
            yield line._replace(is_waiting=line.id in waiting)


def clean(text: str) -> str:
    """Return the text without what no one can see, and without blank ends, which the Messages API refuses."""
    return without_blank_ends(seen(text))


def seen(text: str) -> str:
    """Return the text without what no one can see, and with all its white space: it may be a piece of a longer one."""
    return _UNSEEN.sub(lambda found: found[1] or "", text)


def speaker_name(name: str) -> str:
    """Return a user name as itself. Any other character is spelt out, so that no two names ever come to look alike."""
    return _NAME.sub(lambda found: f"%{ord(found.group()):x};", name)


def one_line(text: str) -> str:
    """Return a name that may hold anything as one quoted line."""
    return json.dumps(" ".join(clean(text).split()), ensure_ascii=False)


def quoted(text: str) -> str:
    """Return text with each of its lines marked as someone's words. Every kind of line break counts as one."""
    return "\n".join(f"> {line}" if line else ">" for line in text.splitlines())


def heading(line: Line) -> str:
    """Return the lines above a person's words: number, name and time, and the files that came along."""
    when = line.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    replying = "" if line.replies_to is None else f", replying to [{line.replies_to}]"
    waiting = WAITS if line.is_waiting else ""
    return "\n".join((f"[{line.seq}] @{line.speaker}, {when}{replying}{waiting}:", *map(_facts_of, line.files)))


def _facts_of(file: File) -> str:
    facts = f"attachment {file.id}: {one_line(file.name)}, {one_line(file.content_type)}, {file.size} bytes"
    return f"{facts}; {file.note}" if file.note else facts


def files_shown(line: Line) -> list[Turn]:
    """Return the files of a message as blocks, each behind a line that names it: models like them before the text."""
    shown = [file for file in line.files if file.is_shown]
    return [
        turn
        for file in shown
        for turn in (Turn("user", _SHOWN_FILE.format(line.seq, file.id)), Turn("user", "", (block_of(file),)))
    ]


def spoken(line: Line, at_most: int | None = None) -> Turn:
    """Return a message as a turn of its own. Longer than `at_most` tokens, it loses its middle, and says so."""
    if line.is_claudes:
        text = line.text if at_most is None else _shortened(line.text, at_most - tokens.TURN_TOKENS, mark="")
        return Turn("assistant", text)
    head = heading(line)
    body = quoted(line.text)
    if at_most is not None:
        body = _shortened(body, at_most - tokens.TURN_TOKENS - tokens.estimate(head + "\n"), mark="> ")
    return Turn("user", f"{head}\n{body}" if body else head)


def told(line: Line, at_most: int) -> list[Turn]:
    """Return a message as turns of its own, with the files that are shown.

    Of a reply with uses of tools they are several, unless its text is too long.
    """
    is_whole = bool(line.turns) and tokens.estimate(line.text) <= at_most - tokens.TURN_TOKENS
    return list(line.turns) if is_whole else [*files_shown(line), spoken(line, at_most)]


def turns_with_tools(text: str, uses: Iterable[Use]) -> Iterator[Turn]:
    """Yield a reply's text as it was said before, between and after its uses of tools, with these and their results."""
    start = 0
    for _round, together in groupby(uses, key=lambda use: use.round):
        results = []
        until = 0
        for use in together:
            end = max(start, _end_of_block(text, use.at))
            yield Turn("assistant", clean(text[start:end]))
            yield Turn("assistant", "", ({"type": "tool_use", "id": _id(use), "name": use.name, "input": use.input},))
            results.append(_result(use))
            start, until = end, use.until
        end = max(start, _end_of_block(text, until))
        yield Turn("assistant", clean(text[start:end]))
        yield Turn("user", "", tuple(results))
        start = end
    yield Turn("assistant", clean(text[start:]))


def _end_of_block(text: str, at: int) -> int:
    """Return where the text before a use of a tool ends: with the fence that was added to close its code block."""
    joint = break_after(text[:at])
    return at + len(joint) if text.startswith(joint, at) else at


def _id(use: Use) -> str:
    # Not the API's own: nothing keeps a proxy from giving one twice, and they have to differ in a whole call.
    return f"use_{use.id}"


def _result(use: Use) -> dict[str, Any]:
    content = _RESULT_IS_LEFT_OUT if use.content is None else use.content or _RESULT_IS_FORGOTTEN
    block = {"type": "tool_result", "tool_use_id": _id(use), "content": content}
    return {**block, "is_error": True} if use.is_error else block


def size(turn: Turn) -> int:
    """Return the tokens that a turn is taken for, alone."""
    return tokens.estimate(turn.text) + _blocks_size(turn) + tokens.TURN_TOKENS


def _blocks_size(turn: Turn) -> int:
    return tokens.estimate_json(turn.blocks) + carried_tokens(turn.blocks) if turn.blocks else 0


def cost(turn: Turn) -> int:
    """Return the tokens that a turn is taken for, alone or with the blank line that joins it to another."""
    return tokens.estimate(f"{turn.text}\n\n") + _blocks_size(turn) + tokens.TURN_TOKENS


def _shortened(text: str, at_most: int, mark: str) -> str:
    if tokens.estimate(text) <= at_most:
        return text
    half = max(at_most - _CUT_TOKENS, 0) // 2
    head, tail = tokens.beginning(text, half).rstrip(), without_blank_ends(tokens.ending(text, half))
    note = _LEFT_OUT.format(len(text) - len(head) - len(tail))
    # The end may begin in the middle of a line, which is then without its mark.
    return "\n".join(part for part in (head, note, tail and mark + tail) if part)


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Join what comes from the same side, since the Messages API wants the sides to alternate; begin with the user's."""
    given = [turn for turn in turns if turn.blocks or turn.text.strip()]
    if given and given[0].role == "assistant":
        given.insert(0, Turn("user", BEGINNING_IS_MISSING))
    return [_joined(role, list(side)) for role, side in groupby(given, key=lambda turn: turn.role)]


def _joined(role: Role, side: list[Turn]) -> Turn:
    if not any(turn.blocks for turn in side):
        return Turn(role, _text_of(side))
    blocks: list[dict[str, Any]] = []
    for is_text, run in groupby(side, key=lambda turn: not turn.blocks):
        together = list(run)
        blocks += [text_block(_text_of(together))] if is_text else [each for turn in together for each in turn.blocks]
    return Turn(role, "", tuple(blocks))


def _text_of(turns: Iterable[Turn]) -> str:
    return "\n\n".join(turn.text.rstrip() for turn in turns)


def as_messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return turns as the Messages API has them, cached up to the end: the next call begins with the same."""
    messages: list[dict[str, Any]] = [
        {"role": turn.role, "content": list(turn.blocks) or [text_block(turn.text)]} for turn in turns
    ]
    if messages:
        _mark(messages[-1])
        _mark_last_call(messages)
    return messages


def _mark_last_call(messages: list[dict[str, Any]]) -> None:
    """Mark where the call before this one ended, where a reply with many uses of tools lies between.

    The API looks back over twenty blocks from a mark for what it knows.
    """
    blocks = len(messages[-1]["content"])
    for message in reversed(messages[:-1]):
        if message["role"] == "user" and message["content"][-1]["type"] == "text":
            if blocks > _LOOKED_BACK_BLOCKS:
                _mark(message)
            return
        blocks += len(message["content"])


def _mark(message: dict[str, Any]) -> None:
    *others, last = message["content"]
    message["content"] = [*others, {**last, **CACHED}]


def text_block(text: str, *, cached: bool = False) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": text}
    if cached:
        block |= CACHED
    return block
