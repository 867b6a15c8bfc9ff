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
from chat.presenter import present_message, with_attachments, with_everything
from chat.protocol import requests, wire

_WORD: Final = re.compile(r"\w+")
_EXCERPT_CHARS: Final = 160
_WORDS_AT_MOST: Final = 12


def search_messages(actor: Actor, request: requests.SearchMessages) -> wire.SearchResult:
    """Return the messages that hold every word of the query; the last word may be unfinished. Raises NOT_FOUND."""
    words = words_of(request.query)
    if not words:
        return wire.SearchResult([], hasMore=False)
    if request.room is UNSET:
        rooms = Room.objects.of_member(actor.id)
    else:
        rooms = Room.objects.filter(pk=access.room_for(actor, request.room).pk)
    found = matching(words).filter(room__in=rooms, kind=Kind.TEXT, deleted_at=None)
    if request.before is not UNSET:
        found = found.filter(pk__lt=int(request.before))
    rows = with_attachments(with_everything(found.select_related("room").order_by("-pk"))[: request.limit + 1])
    hits = [wire.SearchHit(present_message(row.room.slug, row), excerpt(row.content, words)) for row in rows]
    return wire.SearchResult(hits[: request.limit], hasMore=len(rows) > request.limit)


def words_of(query: str) -> list[str]:
    """Return the words that are searched for: letters and digits only, so they carry no operators."""
    return _WORD.findall(query.lower())[:_WORDS_AT_MOST]


def matching(words: list[str]) -> "QuerySet[Message]":
    """Return the messages that hold every word, in any room: for operators, or to be narrowed by the caller."""
    if connection.vendor == "sqlite":
        match = " ".join(f'"{word}"' for word in words) + "*"
        ids = RawSQL("SELECT rowid FROM chat_message_search WHERE chat_message_search MATCH %s", (match,))
        return Message.objects.filter(pk__in=ids)
    query = " & ".join(words) + ":*"
    # The same expression as the index's, or the index would not be used.
    text = "to_tsvector('simple', translate(chat_message.content, './-:@+=~#', '         '))"
    found = RawSQL(f"{text} @@ to_tsquery('simple', %s)", (query,))  # noqa: S611
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
