"""Finding messages in the rooms that one may read, newest first."""

import html
import re
from typing import Final

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from msgspec import UNSET

from chat import access
from chat.access import Actor
from chat.models import Kind, Message, Room
from chat.presenter import present_message, with_everything
from chat.protocol import requests, wire

_WORD: Final = re.compile(r"\w+")
_EXCERPT_CHARS: Final = 160
_WORDS_AT_MOST: Final = 12


def search_messages(actor: Actor, request: requests.SearchMessages) -> wire.SearchResult:
    """Return the messages that hold every word of the query; the last word may be unfinished. Raises NOT_FOUND."""
    words = _WORD.findall(request.query.lower())[:_WORDS_AT_MOST]
    if not words:
        return wire.SearchResult([], hasMore=False)
    if request.room is UNSET:
        rooms = Room.objects.of_member(actor.id)
    else:
        rooms = Room.objects.filter(pk=access.room_for(actor, request.room).pk)
    found = _matching(words).filter(room__in=rooms, kind=Kind.TEXT, deleted_at=None)
    if request.before is not UNSET:
        found = found.filter(pk__lt=int(request.before))
    rows = list(with_everything(found.select_related("room").order_by("-pk"))[: request.limit + 1])
    hits = [wire.SearchHit(present_message(row.room.slug, row), excerpt(row.content, words)) for row in rows]
    return wire.SearchResult(hits[: request.limit], hasMore=len(rows) > request.limit)


def _matching(words: list[str]) -> "QuerySet[Message]":
    # The words are letters and digits only (_WORD), so they cannot carry operators of either query language.
    if connection.vendor == "sqlite":
        match = " ".join(f'"{word}"' for word in words) + "*"
        ids = RawSQL("SELECT rowid FROM chat_message_search WHERE chat_message_search MATCH %s", (match,))
        return Message.objects.filter(pk__in=ids)
    query = " & ".join(words) + ":*"
    found = RawSQL("to_tsvector('simple', chat_message.content) @@ to_tsquery('simple', %s)", (query,))
    return Message.objects.alias(found=found).filter(found=True)


def excerpt(content: str, words: list[str]) -> str:
    """Return the surroundings of the first hit as safe HTML, the hits in <mark>."""
    hit = re.compile("|".join(rf"\b{re.escape(word)}\w*" for word in words), re.IGNORECASE)
    line = " ".join(content.split())
    first = hit.search(line)
    start = max(0, (first.start() if first else 0) - _EXCERPT_CHARS // 3)
    piece = line[start : start + _EXCERPT_CHARS]
    marked, position = [], 0
    for match in hit.finditer(piece):
        marked += [html.escape(piece[position : match.start()]), f"<mark>{html.escape(match.group())}</mark>"]
        position = match.end()
    marked.append(html.escape(piece[position:]))
    return ("…" if start else "") + "".join(marked) + ("…" if start + _EXCERPT_CHARS < len(line) else "")
