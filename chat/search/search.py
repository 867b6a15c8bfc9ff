"""Finding messages in the rooms that one may read, newest first."""

from collections.abc import Sequence
from html import escape
from typing import Final

from msgspec import UNSET

from chat import access
from chat.access import Actor
from chat.limits import rates
from chat.limits.rates import rated
from chat.markdown.rendered_text import rendered_or_written
from chat.models import Membership, Room
from chat.models.plain_sql import rows_of
from chat.models.weights import lightest
from chat.paging import page_bytes, presented
from chat.protocol import requests, wire
from chat.search.folding import Term, hits_in, terms_of
from chat.search.index import matching, newest

__all__ = ["excerpt", "matching", "newest", "search_messages", "terms_of"]

_EXCERPT_CHARS: Final = 160


@rated(rates.SEARCHES)
def search_messages(actor: Actor, request: requests.SearchMessages) -> wire.SearchResult:
    """Return the messages that hold every word of the query; the last word may be unfinished. Raises NOT_FOUND."""
    terms = terms_of(request.query)
    if not terms:
        return wire.SearchResult([], hasMore=False)
    if request.room is UNSET:
        rooms = list(Membership.objects.filter(user=actor.id).values_list("room", flat=True))
    else:
        rooms = [access.room_for(actor, request.room).pk]
    before = None if request.before is UNSET else int(request.before)
    found = newest(terms, rooms, before, request.limit + 1)
    if not found:
        return wire.SearchResult([], hasMore=False)
    # One that was deleted since the look into the index is no hit any more.
    some = f"id IN ({', '.join(['%s'] * len(found))}) AND deleted_at IS NULL"
    rows, has_more = lightest("-id", some, *found, at_most=request.limit, budget=page_bytes())
    slugs = dict(rows_of(Room, "id", "slug", id={row.room_id for row in rows}))
    page = presented([(slugs[row.room_id], row) for row in rows if row.room_id in slugs], page_bytes())
    hits = [
        wire.SearchHit(message, excerpt(rendered_or_written(message.html or "", message.content), terms))
        for message in page.messages
    ]
    return wire.SearchResult(hits, hasMore=has_more or page.lacks_newer)


def excerpt(text: str, terms: Sequence[Term]) -> str:
    """Return the surroundings of the first hit as safe HTML, the hits in <mark>."""
    line = " ".join(text.split())
    first, _end = next(hits_in(line, terms), (0, 0))
    start = max(0, first - _EXCERPT_CHARS // 3)
    piece = line[start : start + _EXCERPT_CHARS]
    marked, position = list[str](), 0
    # From the first hit on: before it nothing is found, and what lies behind the piece is of no interest.
    before, after = piece[: first - start], piece[first - start :]
    marked.append(escape(before))
    for begin, end in hits_in(after, terms):
        marked += [escape(after[position:begin]), f"<mark>{escape(after[begin:end])}</mark>"]
        position = end
    marked.append(escape(after[position:]))
    return ("…" if start else "") + "".join(marked) + ("…" if start + _EXCERPT_CHARS < len(line) else "")
