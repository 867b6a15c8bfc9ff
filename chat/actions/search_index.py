"""The full-text index: the newest messages that hold some words, at a price that depends on neither room nor table.

Migrations 0005, 0006 and 0009 make the index. Beside a message's words it holds one for its room, which nobody can type.
FTS5 reads the newest first and stops after a page; it is filled later than the table, and caught up before each search,
for filling it with each message would make every commit dearer. PostgreSQL's GIN knows no order and hands over all that
match, so there the newest messages are looked through first, and then the index is asked for one part of the table after
the other: each part has words of its own.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from chat.models import Message
from chat.models.deadline import TookTooLong, rows_within
from chat.protocol.errors import failed
from chat.realtime.database import after_the_round

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

# In one transaction: enough that its commit costs little beside them, and few enough to keep no writer waiting long.
_CAUGHT_UP_AT_ONCE: Final = 500
_IS_BEHIND: Final = "SELECT last_id < (SELECT max(id) FROM chat_message) FROM chat_message_search_progress"
_NEXT: Final = f"""
    SELECT last_id, max(id), count(id) FROM chat_message_search_progress LEFT JOIN (
        SELECT id FROM chat_message WHERE id > (SELECT last_id FROM chat_message_search_progress)
        ORDER BY id LIMIT {_CAUGHT_UP_AT_ONCE})
"""  # noqa: S608
_TAKE_UP: Final = """
    INSERT INTO chat_message_search(rowid, words)
    SELECT id, content || ' ' || char(57344) || room_id FROM chat_message
    WHERE id > %(after)s AND id <= %(last)s ORDER BY id
"""
_SQLITE_NEWEST: Final = """
    SELECT chat_message.id FROM chat_message_search CROSS JOIN chat_message
        ON chat_message.id = chat_message_search.rowid
    WHERE chat_message_search MATCH %(query)s AND chat_message_search.rowid < %(before)s
        AND room_id IN (SELECT value FROM json_each(%(rooms)s)) AND kind = 'text' AND deleted_at IS NULL
    ORDER BY chat_message_search.rowid DESC LIMIT %(limit)s
"""

# The words alone, and those of the index with their part: its expression, letter for letter, or it is not used.
_TEXT: Final = "to_tsvector('simple', translate({table}.content, './-:@+=~#', '         '))"
_INDEXED: Final = f"""(
    replace(' ' || strip({_TEXT.format(table="chat_message")})::text,
        ' ''', ' ''' || (chat_message.id >> {_PART_BITS}) || ':')::tsvector
    || array_to_tsvector(ARRAY[(chat_message.id >> {_PART_BITS}) || '#' || chat_message.room_id]))"""
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
_LOOK_THROUGH_THESE: Final = f"""
    SELECT id FROM chat_message
    WHERE id = ANY(%(ids)s) AND {_TEXT.format(table="chat_message")} @@ to_tsquery('simple', %(query)s)
    ORDER BY id DESC LIMIT %(limit)s
"""  # noqa: S608
# From the newest id that may be a hit to the oldest.
_RANGE_OF_ROOM: Final = """
    (SELECT id FROM chat_message WHERE room_id = %(room)s ORDER BY seq DESC LIMIT 1),
    (SELECT id FROM chat_message WHERE room_id = %(room)s ORDER BY seq LIMIT 1)
"""
_RANGE_OF_ALL: Final = "(SELECT max(id) FROM chat_message), 0"
# The words that are asked for, and which of them is unfinished. One word may be several to the parser ("snake_case").
_ASKED: Final = """
    SELECT lexeme, CASE WHEN number = %(unfinished)s THEN ':*' ELSE '' END AS ending
    FROM unnest(%(words)s::text[]) WITH ORDINALITY AS word(text, number), unnest(to_tsvector('simple', word.text))
"""
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
# whole list of each word. The outer LIMIT ends the walk through the parts. The text itself is looked at last: the index
# does not know whether the words of "snake_case" stand side by side.
_POSTGRESQL_NEWEST: Final = f"""
    WITH range (newest, oldest) AS (SELECT {{range}}), asked AS ({_ASKED}),
    part AS (SELECT {_WORDS_OF_PART}, {{rooms_of_part}} FROM range CROSS JOIN {_PARTS} AS number)
    SELECT hit.id FROM part CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT id FROM (
                SELECT id, room_id, kind, deleted_at FROM chat_message
                WHERE {_INDEXED} @@ part.words AND {{in_rooms}} OFFSET 0) AS matching
            WHERE id < %(before)s AND room_id = ANY(%(rooms)s) AND kind = 'text' AND deleted_at IS NULL
            ORDER BY id DESC OFFSET 0) AS newest
        WHERE (SELECT {_TEXT.format(table="chat_message")} @@ to_tsquery('simple', %(query)s)
            FROM chat_message WHERE chat_message.id = newest.id)
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
        SELECT id FROM chat_message
        WHERE {_INDEXED} @@ part.words AND {_TEXT.format(table="chat_message")} @@ to_tsquery('simple', %(query)s)) AS hit
"""  # noqa: S608


def catch_up() -> None:
    """Have every message that is stored in the index. On PostgreSQL each is from the beginning."""
    is_more = _is_behind()
    while is_more:
        # Within a transaction the lock is here already, and the writer's thread would wait for it.
        is_more = catch_up_some() if connection.in_atomic_block else after_the_round(catch_up_some)


def _is_behind() -> bool:
    if connection.vendor != "sqlite":
        return False
    with connection.cursor() as cursor:
        cursor.execute(_IS_BEHIND)
        return bool(cursor.fetchone()[0])


def catch_up_some() -> bool:
    """Take up to 500 messages into the index, in a transaction of their own; return whether any may be left.

    On the writer's thread, or within a transaction that has the lock.
    """
    if not _is_behind():
        return False
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(_NEXT)
        after, last, count = cursor.fetchone()
        if count:  # else another process was quicker
            cursor.execute(_TAKE_UP, {"after": after, "last": last})
            cursor.execute("UPDATE chat_message_search_progress SET last_id = %s", (last,))
    return bool(count == _CAUGHT_UP_AT_ONCE)


def newest(words: list[str], rooms: Sequence[int], before: int | None, limit: int) -> list[int]:
    """Return the ids of up to `limit` messages of these rooms that hold every word, older than the id `before`.

    The newest, in no order. The last word may be unfinished. Raises REQUEST_FAILED when it takes too long.
    """
    if not rooms:
        return []
    asked: dict[str, Any] = {"before": _LAST_ID if before is None else before, "limit": limit}
    if connection.vendor == "sqlite":
        catch_up()
        return _ids(_SQLITE_NEWEST, asked | {"query": _match(words, rooms), "rooms": json.dumps(list(rooms))})
    asked |= {"rooms": list(rooms), "room": rooms[0], "parts": _ALL_PARTS}
    found = _ids(_LOOK_THROUGH_ROOM if len(rooms) == 1 else _LOOK_THROUGH_ALL, asked | _unfinished(words))
    if len(found) == limit:
        return found
    by_finished = _by_finished_words(words, asked) if len(words) > 1 else None
    return _ids(_walk(rooms), asked | _unfinished(words)) if by_finished is None else by_finished


def _by_finished_words(words: list[str], asked: dict[str, Any]) -> list[int] | None:
    """Return what `newest` does, the unfinished word looked up in one part only; None where that says too little.

    In each part GIN reads all that begins with an unfinished word, however rare the words before it are.
    """
    found = _ids(_walk(asked["rooms"]), asked | _unfinished(words) | {"parts": 1})
    if len(found) == asked["limit"]:
        return found
    finished = {"words": words[:-1], "unfinished": 0, "query": " & ".join(words[:-1]), "limit": _HELD_AT_MOST}
    held = _ids(_walk(asked["rooms"]), asked | finished)
    found = _ids(_LOOK_THROUGH_THESE, asked | _unfinished(words) | {"ids": held})
    return found if len(held) < _HELD_AT_MOST or len(found) == asked["limit"] else None


def _walk(rooms: Sequence[int]) -> str:
    """Return the statement that asks the index for one part after the other."""
    where = _IN_NAMED_ROOMS if len(rooms) <= _ROOMS_NAMED else _IN_ANY_ROOM
    return _POSTGRESQL_NEWEST.format(range=_RANGE_OF_ROOM if len(rooms) == 1 else _RANGE_OF_ALL, **where)


def _unfinished(words: list[str]) -> dict[str, Any]:
    return {"words": words, "unfinished": len(words), "query": " & ".join(words) + ":*"}


def matching(words: list[str]) -> "QuerySet[Message]":
    """Return all messages that hold every word, in any room: for operators."""
    if connection.vendor == "sqlite":
        catch_up()
        ids = RawSQL("SELECT rowid FROM chat_message_search WHERE chat_message_search MATCH %s", (_match(words, ()),))
        return Message.objects.filter(pk__in=ids)
    # The ORM's own parameters have no names.
    asked = _unfinished(words)
    names = _PARAMETER.findall(_POSTGRESQL_ALL)
    found = RawSQL(_PARAMETER.sub("%s", _POSTGRESQL_ALL), [asked[name] for name in names])  # noqa: S611
    return Message.objects.filter(pk__in=found)


def _match(words: list[str], rooms: Sequence[int]) -> str:
    """Return the query for FTS5. Side by side, words without a letter are left out; an AND would find nothing."""
    query = " ".join(f'"{word}"' for word in words) + "*"
    if not 0 < len(rooms) <= _ROOMS_NAMED:
        return query
    named = " OR ".join(f'"\ue000{room}"' for room in rooms)
    return f"({query}) AND ({named})"


def _ids(statement: str, asked: dict[str, Any]) -> list[int]:
    try:
        return [row[0] for row in rows_within(_STATEMENT_SECONDS, statement, asked)]
    except TookTooLong as error:
        raise failed("This search takes too long. Use more specific words.") from error
