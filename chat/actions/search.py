"""Finding messages in the rooms that one may read, newest first."""

import html
import re
from typing import Final

from msgspec import UNSET

from chat import access
from chat.access import Actor
from chat.actions import rates
from chat.actions.rates import rated
from chat.actions.search_index import matching, newest
from chat.models import Membership, Room
from chat.models.plain_sql import rows_of
from chat.models.weights import lightest
from chat.paging import page_bytes, presented
from chat.protocol import requests, wire

__all__ = ["excerpt", "matching", "newest", "search_messages", "words_of"]

_WORD: Final = re.compile(r"\w+")
_EXCERPT_CHARS: Final = 160
_WORDS_AT_MOST: Final = 12
_QUERY_CHARS: Final = 200


@rated(rates.SEARCHES)
def search_messages(actor: Actor, request: requests.SearchMessages) -> wire.SearchResult:
    """Return the messages that hold every word of the query; the last word may be unfinished. Raises NOT_FOUND."""
    words = words_of(request.query)
    if not words:
        return wire.SearchResult([], hasMore=False)
    if request.room is UNSET:
        rooms = list(Membership.objects.filter(user=actor.id).values_list("room", flat=True))
    else:
        rooms = [access.room_for(actor, request.room).pk]
    before = None if request.before is UNSET else int(request.before)
    found = newest(words, rooms, before, request.limit + 1)
    if not found:
        return wire.SearchResult([], hasMore=False)
    # One that was deleted since the look into the index is no hit any more.
    some = f"id IN ({', '.join(['%s'] * len(found))}) AND deleted_at IS NULL"
    rows, has_more = lightest("-id", some, *found, at_most=request.limit, budget=page_bytes())
    slugs = dict(rows_of(Room, "id", "slug", id={row.room_id for row in rows}))
    page = presented([(slugs[row.room_id], row) for row in rows if row.room_id in slugs], page_bytes())
    hits = [wire.SearchHit(message, excerpt(message.content, words)) for message in page.messages]
    return wire.SearchResult(hits, hasMore=has_more or page.lacks_newer)


def words_of(query: str) -> list[str]:
    """Return the words that are searched for: letters and digits only, so they carry no operators."""
    return _WORD.findall(query[:_QUERY_CHARS].lower())[:_WORDS_AT_MOST]


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
