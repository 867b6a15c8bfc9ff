"""The full-text index: the newest messages that hold some words, at a price that depends on neither room nor table.

Migration 0016 makes the index, `filling` fills it, and `folding` says which words a message has. Beside them it holds one
for its room, which no one can type. FTS5 reads the newest first and stops after a page. PostgreSQL's GIN knows no order and
hands over all that match, so there the newest messages are looked through first, and then the index is asked for one part
of the table after the other: each part has words of its own.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from chat.models import Message
from chat.models.deadline import TookTooLong, rows_within
from chat.protocol.errors import failed
from chat.search.filling import catch_up
from chat.search.folding import Term

# For each statement of a search.
_STATEMENT_SECONDS: Final = 2.0
# With more rooms the index is read through for all of them: naming each would take longer.
_ROOMS_NAMED: Final = 100
# So many are looked through before the index is asked: a word of every tenth message fills a page of 20 with them.
_LOOKED_THROUGH: Final = 300
# More than these hold the finished words: then the unfinished one is looked up as well.
_HELD_AT_MOST: Final = 100
_PART_BITS: Final = 15
_ALL_PARTS: Final = 2**48
_LAST_ID: Final = 2**63 - 1
_PARAMETER: Final = re.compile(r"%\((\w+)\)s")

_SQLITE_NEWEST: Final = """
    SELECT chat_message.id FROM chat_message_words CROSS JOIN chat_message
        ON chat_message.id = chat_message_words.rowid
    WHERE chat_message_words MATCH %(query)s AND chat_message_words.rowid < %(before)s
        AND room_id IN (SELECT value FROM json_each(%(rooms)s)) AND kind = 'text' AND deleted_at IS NULL
    ORDER BY chat_message_words.rowid DESC LIMIT %(limit)s
"""

# The words with their part: the index's expression, letter for letter, or it is not used.
_INDEXED: Final = f"""(
    array_to_tsvector(string_to_array((chat_message_words.id >> {_PART_BITS}) || '#' || chat_message_words.room_id
        || replace(chat_message_words.words, ' ', ' ' || (chat_message_words.id >> {_PART_BITS}) || ':'), ' ')))"""
# Whether a row holds what is asked: words, and words side by side.
_HOLDS: Final = """
    NOT EXISTS (SELECT 1 FROM unnest(%(phrases)s::text[]) AS phrase WHERE strpos({table}.words, phrase) = 0)"""
_LOOK_THROUGH_ROOM: Final = f"""
    SELECT newest.id FROM (
        SELECT id FROM chat_message
        WHERE room_id = %(room)s AND kind = 'text' AND deleted_at IS NULL AND (%(before)s = {_LAST_ID}
            OR seq < (SELECT seq FROM chat_message WHERE id = %(before)s AND room_id = %(room)s))
        ORDER BY seq DESC LIMIT {_LOOKED_THROUGH}) AS newest
    JOIN chat_message_words ON chat_message_words.id = newest.id
    WHERE {_HOLDS.format(table="chat_message_words")} ORDER BY newest.id DESC LIMIT %(limit)s
"""  # noqa: S608
_LOOK_THROUGH_ALL: Final = f"""
    SELECT newest.id FROM (
        SELECT * FROM chat_message WHERE id < %(before)s ORDER BY id DESC LIMIT {_LOOKED_THROUGH}) AS newest
    JOIN chat_message_words ON chat_message_words.id = newest.id
    WHERE newest.room_id = ANY(%(rooms)s) AND kind = 'text' AND deleted_at IS NULL
        AND {_HOLDS.format(table="chat_message_words")} ORDER BY newest.id DESC LIMIT %(limit)s
"""  # noqa: S608
_LOOK_THROUGH_THESE: Final = f"""
    SELECT id FROM chat_message_words
    WHERE id = ANY(%(ids)s) AND {_HOLDS.format(table="chat_message_words")} ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608
# From the newest id that may be a hit to the oldest.
_RANGE_OF_ROOM: Final = """
    (SELECT id FROM chat_message WHERE room_id = %(room)s ORDER BY seq DESC LIMIT 1),
    (SELECT id FROM chat_message WHERE room_id = %(room)s ORDER BY seq LIMIT 1)
"""
_RANGE_OF_ALL: Final = "(SELECT max(id) FROM chat_message), 0"
# The words that are asked for, and after which of them more may follow.
_ASKED: Final = "SELECT * FROM unnest(%(words)s::text[], %(endings)s::text[]) AS word(lexeme, ending)"
# The number of the newest part, and with all others or but a few. Without a message it is NULL, and there are none:
# `least` would leave the NULL out and take the highest number that there is.
_NEWEST_PART: Final = f"(CASE WHEN newest >= %(before)s THEN %(before)s - 1 ELSE newest END >> {_PART_BITS})"
_PARTS: Final = f"""
    generate_series({_NEWEST_PART}, greatest(oldest >> {_PART_BITS}, {_NEWEST_PART} - %(parts)s + 1), -1)"""
_WORDS_OF_PART: Final = """
    (SELECT string_agg(format('''%%s:%%s''%%s', number, lexeme, ending), ' & ') FROM asked)::tsquery AS words
"""
_ROOMS_OF_PART: Final = """
    (SELECT string_agg(format('''%%s#%%s''', number, room), ' | ')
        FROM unnest(%(rooms)s::bigint[]) AS room)::tsquery AS rooms
"""
# OFFSET 0 keeps what stands outside out of the index scan: the planner, which cannot know how many rows match, would
# rather walk back through the room and take each message apart. Two conditions, for as one query GIN would read the
# whole list of each word. The outer LIMIT ends the walk through the parts. The row itself is looked at last: the index
# does not know whether words stand side by side.
_POSTGRESQL_NEWEST: Final = f"""
    WITH range (newest, oldest) AS (SELECT {{range}}), asked AS ({_ASKED}),
    part AS (SELECT {_WORDS_OF_PART}, {{rooms_of_part}} FROM range CROSS JOIN {_PARTS} AS number)
    SELECT hit.id FROM part CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT chat_message.id FROM (
                SELECT id FROM chat_message_words
                WHERE {_INDEXED} @@ part.words AND {{in_rooms}} OFFSET 0) AS matching
            JOIN chat_message ON chat_message.id = matching.id
            WHERE chat_message.id < %(before)s AND room_id = ANY(%(rooms)s) AND kind = 'text' AND deleted_at IS NULL
            ORDER BY chat_message.id DESC OFFSET 0) AS newest
        WHERE (SELECT {_HOLDS.format(table="chat_message_words")}
            FROM chat_message_words WHERE chat_message_words.id = newest.id)
        LIMIT %(limit)s) AS hit
    LIMIT %(limit)s
"""  # noqa: S608
_IN_NAMED_ROOMS: Final = {"rooms_of_part": _ROOMS_OF_PART, "in_rooms": f"{_INDEXED} @@ part.rooms"}
_IN_ANY_ROOM: Final = {"rooms_of_part": "NULL AS rooms", "in_rooms": "TRUE"}
_POSTGRESQL_ALL: Final = f"""
    WITH asked AS ({_ASKED}),
    part AS (
        SELECT {_WORDS_OF_PART} FROM generate_series(0, (SELECT max(id) >> {_PART_BITS} FROM chat_message)) AS number)
    SELECT hit.id FROM part CROSS JOIN LATERAL (
        SELECT id FROM chat_message_words
        WHERE {_INDEXED} @@ part.words AND {_HOLDS.format(table="chat_message_words")}) AS hit
"""  # noqa: S608


def newest(terms: Sequence[Term], rooms: Sequence[int], before: int | None, limit: int) -> list[int]:
    """Return the ids of up to `limit` messages of these rooms that hold every term, older than the id `before`.

    The newest, in no order. Raises REQUEST_FAILED when it takes too long.
    """
    if not rooms:
        return []
    catch_up()
    asked: dict[str, Any] = {"before": _LAST_ID if before is None else before, "limit": limit}
    if connection.vendor == "sqlite":
        return _ids(_SQLITE_NEWEST, asked | {"query": _match(terms, rooms), "rooms": json.dumps(list(rooms))})
    asked |= {"rooms": list(rooms), "room": rooms[0], "parts": _ALL_PARTS, **_asked_for(terms)}
    found = _ids(_LOOK_THROUGH_ROOM if len(rooms) == 1 else _LOOK_THROUGH_ALL, asked)
    if len(found) == limit:
        return found
    finished = [term for term in terms if not term.is_open]
    by_finished = _by_finished_terms(finished, asked) if 0 < len(finished) < len(terms) else None
    return _ids(_walk(rooms), asked) if by_finished is None else by_finished


def _by_finished_terms(finished: Sequence[Term], asked: dict[str, Any]) -> list[int] | None:
    """Return what `newest` does, the unfinished terms looked up in one part only; None where that says too little.

    In each part GIN reads all that begins with an unfinished word, however rare the words before it are.
    """
    found = _ids(_walk(asked["rooms"]), asked | {"parts": 1})
    if len(found) == asked["limit"]:
        return found
    held = _ids(_walk(asked["rooms"]), asked | _asked_for(finished) | {"limit": _HELD_AT_MOST})
    found = _ids(_LOOK_THROUGH_THESE, asked | {"ids": held})
    return found if len(held) < _HELD_AT_MOST or len(found) == asked["limit"] else None


def _walk(rooms: Sequence[int]) -> str:
    """Return the statement that asks the index for one part after the other."""
    where = _IN_NAMED_ROOMS if len(rooms) <= _ROOMS_NAMED else _IN_ANY_ROOM
    return _POSTGRESQL_NEWEST.format(range=_RANGE_OF_ROOM if len(rooms) == 1 else _RANGE_OF_ALL, **where)


def _asked_for(terms: Sequence[Term]) -> dict[str, Any]:
    """Return the words for PostgreSQL's index, and the phrases that a row must hold."""
    words = {(token, "") for term in terms for token in term.tokens[: len(term.tokens) - term.is_open]}
    words |= {(term.tokens[-1], ":*") for term in terms if term.is_open}
    tokens, endings = zip(*sorted(words), strict=True)
    return {"words": list(tokens), "endings": list(endings), "phrases": [term.phrase for term in terms]}


def matching(terms: Sequence[Term]) -> "QuerySet[Message]":
    """Return all messages that hold every term, in any room: for operators."""
    catch_up()
    if connection.vendor == "sqlite":
        ids = RawSQL("SELECT rowid FROM chat_message_words WHERE chat_message_words MATCH %s", (_match(terms, ()),))
        return Message.objects.filter(pk__in=ids)
    # The ORM's own parameters have no names.
    asked = _asked_for(terms)
    names = _PARAMETER.findall(_POSTGRESQL_ALL)
    found = RawSQL(_PARAMETER.sub("%s", _POSTGRESQL_ALL), [asked[name] for name in names])  # noqa: S611
    return Message.objects.filter(pk__in=found)


def _match(terms: Sequence[Term], rooms: Sequence[int]) -> str:
    """Return the query for FTS5."""
    query = " AND ".join(f'"{" ".join(term.tokens)}"{"*" if term.is_open else ""}' for term in terms)
    if not 0 < len(rooms) <= _ROOMS_NAMED:
        return query
    named = " OR ".join(f'"\ue000{room}"' for room in rooms)
    return f"({query}) AND ({named})"


def _ids(statement: str, asked: dict[str, Any]) -> list[int]:
    try:
        return [row[0] for row in rows_within(_STATEMENT_SECONDS, statement, asked)]
    except TookTooLong as error:
        raise failed("This search takes too long. Use more specific words.") from error
