"""What a prompt is going to cost, before it is sent: about, and at most. Reads little, and calls no one.

Where the room's newest reply came of one call, Anthropic has counted what that read, and only what was said since is
measured. What Claude will write no one can know: the room's last replies tell what is usual here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from statistics import median
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils import timezone

from chat import access
from chat.access import Actor
from chat.billing import pricing
from chat.claude.abilities import abilities_of
from chat.claude.prompt import prompts
from chat.claude.prompt.context import FILES_SHARE, RESULTS_SHARE
from chat.claude.prompt.web import Web
from chat.claude.reading import tokens, transcript
from chat.claude.reading.files import COLUMNS, File, shown_among, with_notes
from chat.claude.reading.rows import PAGE, Row, living, newest_files, newest_first, rows_of, uses_of
from chat.claude.tools import registry
from chat.files import legible
from chat.limits import rates
from chat.limits.rates import rated
from chat.messages.choosing import chosen_in
from chat.model_choice import is_demo_model, model_of
from chat.models import Attachment, Reply, ReplyState, Room, Usage
from chat.protocol import requests, wire

# Anthropic forgets what a call has cached five minutes after it was last read.
_CACHED_FOR: Final = timedelta(minutes=5)
# A shorter beginning is not cached.
_CACHED_TOKENS_AT_LEAST: Final = 1024
_REPLIES_LOOKED_AT: Final = 5
_UNREAD: Final = ("text", "thinking", "prompt_content", "prompt__html", "message__content", "message__html")
# In a room without replies: two or three paragraphs.
_USUAL_REPLY_TOKENS: Final = 400
_LINE_SHARE: Final = 1 / 2
# Around a result: the use that it belongs to.
_USE_TOKENS: Final = 20
# Of prose in the Latin script, as `tokens` weighs it.
_BYTES_PER_TOKEN: Final = 3
# Around a person's words: who said it, when, and to which message.
_HEADING_TOKENS: Final = 24


class _Reading(NamedTuple):
    """cached: tokens that the call is likely to find in the cache; fresh: those that it will not."""

    cached: int
    fresh: int


@rated(rates.ESTIMATES)
def estimate_prompt(actor: Actor, request: requests.EstimatePrompt) -> wire.PromptEstimate:
    """Return what a prompt would cost its author in a room. Nothing is reserved, and no limit is looked at."""
    found = access.room_of_member(actor, request.room)
    if found is None:
        raise access.refuse_stranger(actor.id, access.room_for(actor, request.room))
    room = found[0]
    model = model_of(room, chosen_in(request.claude))
    if is_demo_model(model):
        return wire.PromptEstimate(request.room, model, likely=0, most=0, promptTokens=0)
    newest = _newest(room)
    note = tokens.likely(prompts.now(actor.username, "", timezone.now()))
    reading = _reading(room, newest, model, note)
    fresh = reading.fresh + _prompt(actor, request)
    is_cached = reading.cached + fresh >= _CACHED_TOKENS_AT_LEAST
    used = Usage(
        input_tokens=note + (0 if is_cached else fresh),
        output_tokens=_usual(newest),
        cache_creation_input_tokens=fresh if is_cached else 0,
        cache_read_input_tokens=reading.cached,
    )
    return wire.PromptEstimate(
        request.room,
        model,
        likely=pricing.cost_of(model, used),
        most=pricing.reservation_for(model, web_uses=room.web_uses),
        promptTokens=used.prompt_tokens,
    )


def _newest(room: Room) -> Sequence[Reply]:
    """Return the room's newest complete replies, without their texts."""
    found = Reply.objects.filter(room=room, state=ReplyState.COMPLETE, message__shown__isnull=False)
    light = found.select_related("prompt", "message").defer(*_UNREAD)
    return list(light[:_REPLIES_LOOKED_AT])


def _usual(newest: Sequence[Reply]) -> int:
    written = [reply.output_tokens for reply in newest if reply.output_tokens]
    usual = round(median(written)) if written else _USUAL_REPLY_TOKENS
    return min(usual, int(settings.CLAUDE_REPLY_TOKENS))


def _reading(room: Room, newest: Sequence[Reply], model: str, note: int) -> _Reading:
    """Return what a call will read before the prompt. note: what stands beside it, which is counted apart."""
    last = newest[0] if newest else None
    if last is None or last.prompt is None or not _is_one_call(last):
        return _measured(room, last, model)
    since = _shown(rows_of(living(room.pk).filter(seq__gt=last.prompt.seq).order_by("seq")[:PAGE]), room, model)
    in_cache = last.usage.cache_creation_input_tokens + last.usage.cache_read_input_tokens
    # The note beside the last prompt goes. Where the rest is cached, it was all that was not.
    known = in_cache or last.usage.input_tokens - note
    said = sum(_told(line) for line in map(transcript.line_of, since) if line is not None)
    read = min(known + said, settings.CLAUDE_CONTEXT_TOKENS)
    cached = min(in_cache, read) if _is_warm(last, model) else 0
    return _Reading(cached, read - cached)


def _is_warm(last: Reply, model: str) -> bool:
    """Whether the cache still holds what was read for a reply."""
    return last.model == model and last.ended_at is not None and timezone.now() - last.ended_at < _CACHED_FOR


def _is_one_call(reply: Reply) -> bool:
    """Whether what a reply used is what one call used: the sum of several says nothing of the length of any."""
    return reply.attempt == 1 and not reply.tools and reply.usage.prompt_tokens > 0


def _shown(rows: Iterable[Row], room: Room, model: str) -> Iterator[Row]:
    """Yield rows with the files that a call shows. Which these are is looked up once a row has some."""
    shown: set[int] | None = None
    able = abilities_of(model)
    for row in rows:
        if not row.files:
            yield row
            continue
        if shown is None:
            shown = shown_among(newest_files(room.pk, room.change), int(settings.CLAUDE_CONTEXT_TOKENS * FILES_SHARE))
        yield row._replace(files=with_notes(row.files, shown, able))


def _measured(room: Room, last: Reply | None, model: str) -> _Reading:
    """Return what stands before the newest messages that fit, and these: up to the last prompt, the cache may hold them."""
    prompt = None if last is None or not _is_warm(last, model) else last.prompt
    offered = registry.definitions(room.claude_tools)
    cached = _fixed(room, model, offered)
    fresh = 0
    for line in transcript.lines_of(_shown(newest_first(room.pk, room.change), room, model)):
        if prompt is not None and line.seq <= prompt.seq:
            cached += _told(line)
        else:
            fresh += _told(line)
        if cached + fresh > settings.CLAUDE_CONTEXT_TOKENS:
            cached = int(settings.CLAUDE_CONTEXT_TOKENS) - fresh
            break
    if last is not None:
        fresh += _found(last, [each["name"] for each in offered])
    return (
        _Reading(cached, fresh)
        if prompt is not None and cached >= _CACHED_TOKENS_AT_LEAST
        else _Reading(0, cached + fresh)
    )


def _fixed(room: Room, model: str, offered: list[dict[str, Any]]) -> int:
    """Return what stands before all messages: the system prompt and the tools."""
    web = Web.of(room) if abilities_of(model).web else Web()
    system = prompts.system(room, settings.CLAUDE_CONTEXT_TOKENS // 4, uses_web=any(web.uses))
    tools = [*offered, *web.definitions(web.uses, offered)]
    read = sum(tokens.likely(block["text"]) for block in system)
    return read + (tokens.likely(json.dumps(tools)) + tokens.likely_of(tokens.TOOLS_TOKENS) if tools else 0)


def _told(line: transcript.Line) -> int:
    at_most = int(settings.CLAUDE_CONTEXT_TOKENS * _LINE_SHARE)
    said = sum(tokens.likely(turn.text) for turn in transcript.told(line, at_most))
    return said + sum(_of_file(file) for file in line.files if file.is_shown)


def _found(last: Reply, names: list[str]) -> int:
    """Return the tokens of what tools have found for the replies of a room, as far as later calls know it."""
    uses = uses_of(last, names)
    most = min(sum(use.tokens for use in uses), int(settings.CLAUDE_CONTEXT_TOKENS * RESULTS_SHARE))
    return tokens.likely_of(most) + _USE_TOKENS * len(uses)


def _prompt(actor: Actor, request: requests.EstimatePrompt) -> int:
    rows: Any = Attachment.objects.filter(public_id__in=request.attachments, uploader=actor.id)
    found = [File(*facts) for facts in rows.values_list(*COLUMNS)] if request.attachments else []
    return _HEADING_TOKENS + tokens.likely(transcript.quoted(request.content)) + sum(map(_of_file, found))


def _of_file(file: File) -> int:
    """Return what a file counts; of a text that no one has measured yet, by its size."""
    if file.tokens is None and file.why_not is None and legible.is_text(file.content_type):
        return file.size // _BYTES_PER_TOKEN
    return file.likely_tokens or 0
