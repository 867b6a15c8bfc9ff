"""Filling the full-text index: later than the table, so that storing a message costs nothing for it.

Migration 0016 makes the index. New messages are taken up by the writer when it is quiet, and before each search. Those that
were there when the index was made wait in a backlog, which the writer works off from the newest to the oldest.

SQLite gives ids in the order of its commits, so what is new there is known by one id. PostgreSQL does not: there a trigger
notes each new message down. What is edited or comes with an old id is noted down on both.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from chat.markdown import is_drawn_as_written
from chat.markdown.rendered_text import searched_text
from chat.realtime.database import after_the_round
from chat.search.folding import is_plain_ascii, words_for_index

# In one transaction: enough that its commit costs little beside them, and few enough to keep no writer waiting long.
_AT_ONCE: Final = 1_000
_CHARS_AT_ONCE: Final = 100_000
# PostgreSQL takes words of a megabyte together, each with the number of its part before it.
_WORDS_BYTES_AT_MOST: Final = 400_000

_NEW: Final = {
    "sqlite": """SELECT EXISTS (SELECT 1 FROM chat_message_words_due)
        OR last_id < (SELECT max(id) FROM chat_message) FROM chat_message_words_progress""",
    "postgresql": "SELECT EXISTS (SELECT 1 FROM chat_message_words_due)",
}
_BACKLOG: Final = "SELECT backlog_id FROM chat_message_words_progress"
# The writer, behind which posts wait, leaves to another process what that is at; a search waits, or it would miss that.
_LOCK: Final = {True: " FOR UPDATE", False: " FOR UPDATE SKIP LOCKED"}
# What is written to a note's message while it is taken up gets another note, so each is taken by its own number.
_NOTES: Final = f"SELECT id, message_id FROM chat_message_words_due ORDER BY id LIMIT {_AT_ONCE}"  # noqa: S608
# The last of the messages after an id that may be taken up together, summed up in SQL: nothing but this id is told.
_LAST_AFTER: Final = f"""
    SELECT coalesce(max(id) FILTER (WHERE chars <= {_CHARS_AT_ONCE}), min(id)) FROM (
        SELECT id, sum(length(content)) OVER (ORDER BY id) AS chars FROM (
            SELECT id, content FROM chat_message WHERE id > %s ORDER BY id LIMIT {_AT_ONCE}))
"""  # noqa: S608
_UP_TO: Final = f"SELECT id FROM chat_message WHERE id <= %s ORDER BY id DESC LIMIT {_AT_ONCE}"  # noqa: S608
_TEXTS: Final = """
    SELECT id, room_id, html, content FROM chat_message WHERE {} AND kind = 'text' AND deleted_at IS NULL ORDER BY id
"""
_ADD: Final = {
    "sqlite": "INSERT INTO chat_message_words (rowid, words) VALUES (%s, %s)",
    "postgresql": "INSERT INTO chat_message_words (id, room_id, words) VALUES (%s, %s, %s)",
}
_REMOVE: Final = {
    "sqlite": "DELETE FROM chat_message_words WHERE rowid IN (SELECT value FROM json_each(%s))",
    "postgresql": "DELETE FROM chat_message_words WHERE id = ANY(%s)",
}


class _Batch(NamedTuple):
    """Messages to be taken up, and the statement that marks them as done.

    ids: a range stands for those of them that exist, of which the index has nothing yet.
    """

    ids: list[int] | range
    done: str
    parameters: list[int]


def catch_up() -> None:
    """Have every new message in the index, and some of those that were there before it."""
    while is_behind():
        _some()
    if _value(_BACKLOG):
        _some()


def _some() -> None:
    if connection.vendor == "postgresql" or connection.in_atomic_block:
        catch_up_some(waits=True)
    else:
        # Within a transaction the lock was here already, and the writer's thread would wait for it.
        after_the_round(catch_up_some)


def is_behind() -> bool:
    """Whether a message is new to the index."""
    return bool(_value(_NEW[connection.vendor]))


def catch_up_some(*, waits: bool = False) -> bool:
    """Take up to 1,000 messages into the index, in a transaction of their own; return whether any may be left.

    On SQLite: on the writer's thread, or within a transaction that has the lock. waits: for another process that does it.
    """
    if is_behind():
        next_batch = _next_new
    elif _value(_BACKLOG):
        next_batch = _next_of_backlog
    else:
        return False
    with transaction.atomic():
        batch = next_batch("" if connection.vendor == "sqlite" else _LOCK[waits])
        if batch is not None:
            _take_up(batch)
    return batch is not None


def _next_new(lock: str) -> _Batch | None:
    notes = _rows(_NOTES + lock)
    if notes:
        some = _light(sorted({message_id for _, message_id in notes}))
        these = set(some)
        taken = [note for note, message_id in notes if message_id in these]
        return _Batch(some, _placed("DELETE FROM chat_message_words_due WHERE id IN ({})", taken), taken)
    if connection.vendor == "postgresql":
        return None
    before = _value("SELECT last_id FROM chat_message_words_progress")
    last = _value(_LAST_AFTER, [before])
    done = "UPDATE chat_message_words_progress SET last_id = %s"
    return _Batch(range(before + 1, last + 1), done, [last]) if last else None


def _next_of_backlog(lock: str) -> _Batch | None:
    found = _rows(_BACKLOG + lock)
    if not found:
        return None
    some = _light([row[0] for row in _rows(_UP_TO, found[0])])
    left = some[-1] - 1 if some else 0
    return _Batch(sorted(some), "UPDATE chat_message_words_progress SET backlog_id = %s", [left])


def _light(ids: list[int]) -> list[int]:
    """Return the first messages, as many as may be taken up together; always one."""
    sizes = (
        dict(_rows(_placed("SELECT id, length(content) FROM chat_message WHERE id IN ({})", ids), ids)) if ids else {}
    )
    chars = 0
    for number, each in enumerate(ids):
        chars += sizes.get(each, 0)
        if chars > _CHARS_AT_ONCE and number:
            return ids[:number]
    return ids


def _take_up(batch: _Batch) -> None:
    """Put the words of messages into the index, in place of those that it may have of them."""
    ids = batch.ids
    if isinstance(ids, range):
        rows = _rows(_TEXTS.format("id BETWEEN %s AND %s"), [ids[0], ids[-1]])
    else:
        rows = _rows(_placed(_TEXTS.format("id IN ({})"), ids), ids) if ids else []
    vendor = connection.vendor
    words = [_for_sqlite(*row) if vendor == "sqlite" else _for_postgresql(*row) for row in rows]
    with connection.cursor() as cursor:
        if isinstance(ids, list) and ids:
            cursor.execute(_REMOVE[vendor], [str(ids) if vendor == "sqlite" else ids])
        cursor.executemany(_ADD[vendor], words)
        cursor.execute(batch.done, batch.parameters)


def _for_sqlite(pk: int, room_id: int, html: str, content: str) -> tuple[int, str]:
    # Most messages by far, at a quarter of the price, and the writer's thread takes this time from posts: FTS5 finds their
    # words in the text as it stands.
    if is_drawn_as_written(html, content) and is_plain_ascii(content):
        words = f"{content} "
    else:
        words = words_for_index(searched_text(html, content), _WORDS_BYTES_AT_MOST)
    # U+E000, for private use, is in no token: a room's word can't be typed.
    return pk, f"{words}\ue000{room_id}"


def _for_postgresql(pk: int, room_id: int, html: str, content: str) -> tuple[int, int, str]:
    return pk, room_id, words_for_index(searched_text(html, content), _WORDS_BYTES_AT_MOST)


def _placed(statement: str, values: Sequence[Any]) -> str:
    return statement.format(", ".join(["%s"] * len(values)))


def _rows(statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _value(statement: str, parameters: Sequence[Any] = ()) -> Any:
    return _rows(statement, parameters)[0][0]
