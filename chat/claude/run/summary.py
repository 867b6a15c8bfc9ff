"""Notes on what no longer fits: the model folds the oldest messages that were dropped into its notes, slice by slice.

Nothing waits for it, and it never raises: without notes Claude replies from what it still sees.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, NamedTuple

import structlog
from django.conf import settings

from chat.claude.backends.backend import Backend, Call
from chat.claude.prompt import prompts
from chat.claude.reading import tokens, transcript
from chat.claude.reading.rows import Row, living, rows_of
from chat.claude.reading.transcript import Line, Turn
from chat.claude.run.aside import faults_logged, said_aside
from chat.lifetime import part
from chat.markdown import without_blank_ends
from chat.messages import summaries
from chat.model_choice import is_demo_model
from chat.models import ChargePurpose, Message, RoomSummary
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

_SECONDS_AT_MOST: Final = 180
# One call reads so many messages, and so much of the budget.
_SLICE_MESSAGES: Final = 200
_SLICE_SHARE: Final = 1 / 2
_LINE_SHARE: Final = 1 / 8
# What was said before that is left out for good: a room of years must not be read from its first day.
_BACKLOG_MESSAGES: Final = 1_000
# 500 words of prose, as `tokens.estimate` counts.
_NOTES_TOKENS: Final = 1_400
# Room for what the model thinks before it writes.
_CALL_TOKENS: Final = 4_000
_PLAIN_CHARS: Final = 100


class AtWork(set[int]):
    """The rooms whose notes this process is writing."""


class Slice(NamedTuple):
    """The next messages to fold into the notes. contents: what was read, by id. payer: who called Claude last."""

    old: tuple[int, str]
    upto_seq: int
    lines: list[Line]
    contents: dict[int, str]
    payer: int | None


async def summarise(room_id: int, backend: Backend, model: str) -> None:
    """Take the next dropped messages of a room into its notes, if there are any."""
    at_work = part(AtWork)
    if room_id in at_work:
        return  # two calls would be paid for, and one of them be thrown away
    at_work.add(room_id)
    try:
        with faults_logged("summary", room_id):
            async with asyncio.timeout(_SECONDS_AT_MOST):
                await _fold_next(room_id, backend, model)
    finally:
        at_work.discard(room_id)


async def _fold_next(room_id: int, backend: Backend, model: str) -> None:
    found = await in_database(_next_slice, room_id)
    if found is None:
        return
    if not found.lines:
        text = found.old[1]
    elif is_demo_model(model):
        text = plain(found.old[1], found.lines)
    else:
        # Notes that the model refuses to write would be asked and paid for again after each reply.
        text = await _ask(room_id, backend, model, found) or plain(found.old[1], found.lines)
    kept = await in_database(summaries.keep, room_id, found.old, (found.upto_seq, text), found.contents)
    log.info("summary.kept" if kept else "summary.overtaken", room=room_id, messages=len(found.lines))


def _next_slice(room_id: int) -> Slice | None:
    replies = Message.objects.filter(room_id=room_id, shown__context_from__isnull=False).order_by("-seq")
    newest = replies.values_list("shown__context_from", "shown__requested_by").first()
    if newest is None:
        return None
    summary = RoomSummary.objects.filter(room_id=room_id).first() or RoomSummary(room_id=room_id)
    dropped = living(room_id).filter(seq__gt=summary.upto_seq, seq__lt=newest[0])
    floor = dropped.order_by("-seq").values_list("seq", flat=True)[_BACKLOG_MESSAGES : _BACKLOG_MESSAGES + 1].first()
    if floor is not None:
        dropped = dropped.filter(seq__gt=floor)
    return _cut(rows_of(dropped.order_by("seq")[:_SLICE_MESSAGES]), (summary.upto_seq, summary.text), newest[1])


def _cut(rows: Iterable[Row], old: tuple[int, str], payer: int | None) -> Slice | None:
    """Take rows until the slice is full, or a reply is still to come: it would be covered without its words."""
    found = Slice(old, old[0], [], {}, payer)
    left = int(settings.CLAUDE_CONTEXT_TOKENS * _SLICE_SHARE)
    for row in rows:
        line = transcript.line_of(row)
        left -= 0 if line is None else transcript.cost(_told(line))
        if row.is_open or (left < 0 and found.contents):
            break
        found = found._replace(upto_seq=row.seq)
        found.contents[row.id] = row.content
        if line is not None:
            found.lines.append(line)
    return found if found.contents else None


async def _ask(room_id: int, backend: Backend, model: str, found: Slice) -> str:
    """Return the new notes, or nothing when the model would not write them."""
    said = await said_aside(backend, _call(model, found), found.payer, room_id, ChargePurpose.SUMMARY)
    return bounded(transcript.clean(said))


def _call(model: str, found: Slice) -> Call:
    pieces = [f"{prompts.NOTES_SO_FAR}\n{transcript.quoted(found.old[1])}"] if found.old[1] else []
    pieces += [prompts.MESSAGES_FOLLOW, *(_told(line).text for line in found.lines), prompts.WRITE_NOTES]
    return Call(
        model=model,
        system=[transcript.text_block(prompts.SUMMARISE)],
        messages=[{"role": "user", "content": [transcript.text_block("\n\n".join(pieces))]}],
        max_tokens=min(_CALL_TOKENS, settings.CLAUDE_REPLY_TOKENS),
        tools=[],
    )


def _told(line: Line) -> Turn:
    """Return a message as a quotation, Claude's own too: in this call no one but the people of the room has spoken."""
    at_most = int(settings.CLAUDE_CONTEXT_TOKENS * _LINE_SHARE)
    return transcript.spoken(line._replace(speaker=line.speaker or "you"), at_most)


def plain(old: str, lines: Iterable[Line]) -> str:
    """Return notes without a model: the beginning of each message, the newest that there is room for."""
    begun = [_begun(line) for line in lines]
    return bounded("\n".join(filter(None, (old, *begun))), keep_end=True)


def _begun(line: Line) -> str:
    text = " ".join(line.text.split())
    short = text if len(text) <= _PLAIN_CHARS else text[: _PLAIN_CHARS - 1] + "…"
    return f"[{line.seq}] {'you' if line.is_claudes else '@' + str(line.speaker)}: {short}"


def bounded(text: str, *, keep_end: bool = False) -> str:
    """Return notes that are not too long, cut between lines where there are any."""
    if tokens.estimate(text) <= _NOTES_TOKENS:
        return text
    if keep_end:
        kept = tokens.ending(text, _NOTES_TOKENS)
        return without_blank_ends(kept.partition("\n")[2]) or kept
    kept = tokens.beginning(text, _NOTES_TOKENS)
    return kept.rpartition("\n")[0].rstrip() or kept
