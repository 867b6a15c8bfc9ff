"""The list of somebody's rooms, read by one statement: no row of the ORM's, of which the longest list took thousands."""

from datetime import UTC, datetime
from typing import Final

from django.db import connection
from msgspec import UNSET

from chat.actions.unread import COUNTS
from chat.presenter import millis
from chat.protocol import wire

_ROOMS_OF_USER: Final = f"""
    SELECT r.id, r.slug, r.name, r.kind, r.topic, r.change, r.epoch, r.created_at, r.last_message_at,
        m.role, m.last_read_seq, m.muted, d.content, d.version, {COUNTS}
    FROM chat_membership m JOIN chat_room r ON r.id = m.room_id
    LEFT JOIN chat_draft d ON d.room_id = m.room_id AND d.user_id = m.user_id AND d.content <> ''
    WHERE m.user_id = %s AND r.archived_at IS NULL ORDER BY r.name
"""  # noqa: S608


def of_user(user_id: int) -> list[tuple[int, wire.ListedRoom]]:
    """Return the rooms that are not archived, by name, each with its id. Of direct rooms the members are still missing."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOMS_OF_USER, [user_id])
        rows = cursor.fetchall()
    return [
        (
            room_id,
            wire.ListedRoom(
                slug=slug,
                name=name,
                kind=kind,
                topic=topic,
                change=change,
                epoch=epoch,
                createdAt=_millis(created_at),
                lastMessageAt=UNSET if last_message_at is None else _millis(last_message_at),
                role=role,
                unread=unread,
                mentions=mentions,
                lastReadSeq=last_read_seq,
                muted=bool(muted),
                draft=UNSET if draft is None else wire.Draft(draft, version),
            ),
        )
        for (
            room_id, slug, name, kind, topic, change, epoch, created_at, last_message_at,
            role, last_read_seq, muted, draft, version, unread, mentions,
        ) in rows
    ]  # fmt: skip


def _millis(moment: datetime) -> int:
    """SQLite's driver gives times without a zone: they are in UTC."""
    return millis(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
