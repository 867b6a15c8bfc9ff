"""What is unread: other people's messages after the read cursor, counted to a hundred, so that counting stays cheap."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.db import connection

from chat.models import Mention, Message

COUNT_AT_MOST: Final = 100


class Count(NamedTuple):
    unread: int
    mentions: int


class Counted(NamedTuple):
    """A person's counts of a room, and the room's change at which they were counted."""

    user_id: int
    last_read_seq: int
    change: int
    counts: Count


# Two columns for a statement that reads memberships as m and rooms as r. The inner LIMIT is what bounds the work: a plain
# count would read a whole neglected room for every page shown. Nothing is looked for where nothing is new.
COUNTS: Final = """
    CASE WHEN r.change <= m.last_read_seq THEN 0 ELSE
        (SELECT count(*) FROM (
            SELECT 1 FROM chat_message
            WHERE room_id = m.room_id AND seq > m.last_read_seq AND kind = 'text' AND deleted_at IS NULL
                AND (author_id IS NULL OR author_id <> m.user_id)
            LIMIT 100) AS unread) END,
    CASE WHEN r.change <= m.last_read_seq THEN 0 ELSE
        (SELECT count(*) FROM (
            SELECT 1 FROM chat_mention JOIN chat_message ON chat_message.id = chat_mention.message_id
            WHERE chat_mention.user_id = m.user_id AND chat_mention.room_id = m.room_id
                AND chat_mention.seq > m.last_read_seq AND chat_message.deleted_at IS NULL
            LIMIT 100) AS mentioned) END
"""

# A column for the same statement: 2 where I am mentioned, 1 where a room that is not muted has news, else 0. It stops at
# the first message, so that it may be asked of all rooms of a person.
URGENCY: Final = """
    CASE WHEN r.change <= m.last_read_seq THEN 0
        WHEN EXISTS (
            SELECT 1 FROM chat_mention JOIN chat_message ON chat_message.id = chat_mention.message_id
            WHERE chat_mention.user_id = m.user_id AND chat_mention.room_id = m.room_id
                AND chat_mention.seq > m.last_read_seq AND chat_message.deleted_at IS NULL) THEN 2
        WHEN m.muted THEN 0
        WHEN EXISTS (
            SELECT 1 FROM chat_message
            WHERE room_id = m.room_id AND seq > m.last_read_seq AND kind = 'text' AND deleted_at IS NULL
                AND (author_id IS NULL OR author_id <> m.user_id)) THEN 1
        ELSE 0 END
"""


def in_room(user_id: int, room_id: int, last_read_seq: int) -> Count:
    """Return the counts of one room."""
    unread = Message.objects.filter(room=room_id, seq__gt=last_read_seq, kind="text", deleted_at=None)
    mentions = Mention.objects.filter(user=user_id, room=room_id, seq__gt=last_read_seq, message__deleted_at=None)
    return Count(
        len(unread.exclude(author=user_id).values_list("pk")[:COUNT_AT_MOST]),
        len(mentions.values_list("pk")[:COUNT_AT_MOST]),
    )


def of_people(slug: str, user_ids: Sequence[int], seq: int) -> list[Counted]:
    """Return the counts of a room for those of these people who haven't read as far as a message, by one statement."""
    statement = f"""
        SELECT m.user_id, m.last_read_seq, r.change, {COUNTS}
        FROM chat_membership m JOIN chat_room r ON r.id = m.room_id
        WHERE r.slug = %s AND m.last_read_seq < %s AND m.user_id IN ({", ".join(["%s"] * len(user_ids))})
    """  # noqa: S608 - names and marks of our own
    with connection.cursor() as cursor:
        cursor.execute(statement, [slug, seq, *user_ids])
        return [Counted(user, last, change, Count(*counts)) for user, last, change, *counts in cursor.fetchall()]
