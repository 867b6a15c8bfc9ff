"""The full-text index: the newest messages that hold some words, at a price that depends on neither room nor table.

Migration 0005 makes the index. Beside a message's words it holds one for its room, which nobody can type. FTS5 reads
the newest first and stops after a page. PostgreSQL's GIN knows no order and hands over all that match, so there the
newest messages are looked through first, and then the index is asked for one part of the table after the other.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from chat.models import Message

# With more rooms the index is read through for all of them: naming each would take longer.
_ROOMS_NAMED: Final = 100
# So many are looked through before the index is asked: a word of every tenth message fills a page of 20 with them.
_LOOKED_THROUGH: Final = 300
_PART_BITS: Final = 15
_LAST_ID: Final = 2**63 - 1

_SQLITE_NEWEST: Final = """
    SELECT chat_message.id FROM chat_message_search CROSS JOIN chat_message
        ON chat_message.id = chat_message_search.rowid
    WHERE chat_message_search MATCH %(query)s AND chat_message_search.rowid < %(before)s
        AND room_id IN (SELECT value FROM json_each(%(rooms)s)) AND kind = 'text' AND deleted_at IS NULL
    ORDER BY chat_message_search.rowid DESC LIMIT %(limit)s
"""

# The words alone, and with room and part: the second is the index's expression, letter for letter, or it is not used.
_TEXT: Final = "to_tsvector('simple', translate({table}.content, './-:@+=~#', '         '))"
_INDEXED: Final = (
    "("
    + _TEXT.format(table="chat_message")
    + " || array_to_tsvector(ARRAY['#' || chat_message.room_id, '@' || (chat_message.id >> 15)]))"
)
_LOOK_THROUGH_ROOM: Final = f"""
    SELECT id FROM (
        SELECT id, content FROM chat_message
        WHERE room_id = %(room)s AND kind = 'text' AND deleted_at IS NULL AND (%(before)s = {_LAST_ID}
            OR seq < (SELECT seq FROM chat_message WHERE id = %(before)s AND room_id = %(room)s))
        ORDER BY seq DESC LIMIT {_LOOKED_THROUGH}) AS newest
    WHERE {_TEXT.format(table="newest")} @@ to_tsquery('simple', %(query)s) ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608
_LOOK_THROUGH_ALL: Final = f"""
    SELECT id FROM (
        SELECT * FROM chat_message WHERE id < %(before)s ORDER BY id DESC LIMIT {_LOOKED_THROUGH}) AS newest
    WHERE room_id = ANY(%(rooms)s) AND kind = 'text' AND deleted_at IS NULL
        AND {_TEXT.format(table="newest")} @@ to_tsquery('simple', %(query)s) ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608
# From the newest id that may be a hit to the oldest.
_RANGE_OF_ROOM: Final = """
    (SELECT id FROM chat_message WHERE room_id = %(room)s ORDER BY seq DESC LIMIT 1),
    (SELECT id FROM chat_message WHERE room_id = %(room)s ORDER BY seq LIMIT 1)
"""
_RANGE_OF_ALL: Final = "(SELECT max(id) FROM chat_message), 0"
# OFFSET 0 keeps what stands outside out of the index scan: the planner, which cannot know how many rows match, would
# rather walk back through the room and take each message apart. Three conditions, for as one query GIN would read the
# whole list of each word. The outer LIMIT ends the walk through the parts.
_POSTGRESQL_NEWEST: Final = f"""
    WITH range (newest, oldest) AS (SELECT {{range}})
    SELECT hit.id FROM range
    CROSS JOIN generate_series(
        least(newest, %(before)s - 1) >> {_PART_BITS}, oldest >> {_PART_BITS}, -1) AS part(number)
    CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT id, room_id, kind, deleted_at FROM chat_message
            WHERE {_INDEXED} @@ ('@' || part.number)::tsquery
                AND (%(named)s = '' OR {_INDEXED} @@ %(named)s::tsquery)
                AND {_INDEXED} @@ to_tsquery('simple', %(query)s)
            OFFSET 0) AS matching
        WHERE id < %(before)s AND room_id = ANY(%(rooms)s) AND kind = 'text' AND deleted_at IS NULL
        ORDER BY id DESC LIMIT %(limit)s) AS hit
    LIMIT %(limit)s
"""  # noqa: S608


def newest(words: list[str], rooms: Sequence[int], before: int | None, limit: int) -> list[int]:
    """Return the ids of up to `limit` messages of these rooms that hold every word, older than the id `before`.

    The newest, in no order. The last word may be unfinished.
    """
    if not rooms:
        return []
    asked: dict[str, Any] = {"before": _LAST_ID if before is None else before, "limit": limit}
    if connection.vendor == "sqlite":
        return _ids(_SQLITE_NEWEST, asked | {"query": _match(words, rooms), "rooms": json.dumps(list(rooms))})
    named = " | ".join(f"'#{room}'" for room in rooms) if len(rooms) <= _ROOMS_NAMED else ""
    asked |= {"query": _tsquery(words), "rooms": list(rooms), "room": rooms[0], "named": named}
    is_one = len(rooms) == 1
    found = _ids(_LOOK_THROUGH_ROOM if is_one else _LOOK_THROUGH_ALL, asked)
    if len(found) == limit:
        return found
    return _ids(_POSTGRESQL_NEWEST.format(range=_RANGE_OF_ROOM if is_one else _RANGE_OF_ALL), asked)


def matching(words: list[str]) -> "QuerySet[Message]":
    """Return all messages that hold every word, in any room: for operators, or to be narrowed by the caller."""
    if connection.vendor == "sqlite":
        ids = RawSQL("SELECT rowid FROM chat_message_search WHERE chat_message_search MATCH %s", (_match(words, ()),))
        return Message.objects.filter(pk__in=ids)
    found = RawSQL(f"{_INDEXED} @@ to_tsquery('simple', %s)", (_tsquery(words),))  # noqa: S611
    return Message.objects.alias(found=found).filter(found=True)


def _match(words: list[str], rooms: Sequence[int]) -> str:
    """Return the query for FTS5. Side by side, words without a letter are left out; an AND would find nothing."""
    query = " ".join(f'"{word}"' for word in words) + "*"
    if not 0 < len(rooms) <= _ROOMS_NAMED:
        return query
    named = " OR ".join(f'"\ue000{room}"' for room in rooms)
    return f"({query}) AND ({named})"


def _tsquery(words: list[str]) -> str:
    return " & ".join(words) + ":*"


def _ids(statement: str, asked: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return [row[0] for row in cursor.fetchall()]
