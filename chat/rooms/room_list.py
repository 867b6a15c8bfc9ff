"""The rooms of a person, read by plain statements: with rows of the ORM the longest lists took thousands."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from msgspec import UNSET

from chat.paging import page_bytes
from chat.presenter import millis
from chat.protocol import requests, wire
from chat.protocol.frames import size_of
from chat.realtime.delivery.watchers import WATCHED_ROOMS
from chat.rooms.finding import LAST_NEWS, NameSearch, later_of, millis_of
from chat.rooms.list_pages import Cursor, Cut, Line, first_page, page_after
from chat.unread import COUNTS, URGENCY

_MINE: Final = "FROM chat_membership m JOIN chat_room r ON r.id = m.room_id"
_DRAFTS: Final = "LEFT JOIN chat_draft d ON d.room_id = m.room_id AND d.user_id = m.user_id AND d.content <> ''"
# A direct room is called after the other person.
_OTHERS: Final = """
    LEFT JOIN chat_membership o ON r.kind = 'direct' AND o.room_id = r.id AND o.user_id <> m.user_id
    LEFT JOIN accounts_user u ON u.id = o.user_id
"""
_NAME: Final = "coalesce(u.search_name, r.search_name)"
_DRAFTS_PART: Final = 4
_OF_USER: Final = "WHERE m.user_id = %s AND r.archived_at IS NULL"


class Listing(NamedTuple):
    """A page of rooms by id, where the next one begins, how many there are in all, and the slugs to watch."""

    rooms: list[tuple[int, wire.ListedRoom]]
    next: Cursor | None
    total: int
    slugs: list[str]


def of_user(user_id: int, request: requests.ListRooms) -> Listing:
    """Return the page of rooms that is asked for. Of direct rooms the members are still missing."""
    if request.rooms is not UNSET:
        rooms = some(user_id, request.rooms)
        return Listing(rooms, None, len(rooms), [room.slug for _, room in rooms])
    is_whole = not request.query and request.kinds is UNSET and request.after is UNSET
    if is_whole:
        # Most people are in fewer rooms than a page holds: then this statement is all it takes.
        rooms = _read(user_id, "ORDER BY m.id LIMIT %s", request.limit + 1)
        if len(rooms) <= request.limit:
            found = dict(rooms)
            lines = first_page([_line(*each) for each in rooms], request.limit).lines
            return Listing(
                [(line.id, found[line.id]) for line in lines], None, len(rooms), [line.slug for line in lines]
            )
    lines = lines_of(user_id, request.query)
    if request.kinds is not UNSET:
        lines = [line for line in lines if line.kind in request.kinds]
    cut = _cut(lines, request)
    listed = by_id(user_id, [line.id for line in cut.lines])
    watched = sorted(lines, key=lambda line: -line.active)[:WATCHED_ROOMS] if is_whole else cut.lines
    return Listing(listed, cut.next, len(lines), [line.slug for line in watched])


class Section(NamedTuple):
    """A part of the sidebar: the rooms shown by id, where the others begin, and how many rooms it has in all."""

    rooms: list[tuple[int, wire.ListedRoom]]
    next: Cursor | None
    total: int


def sections_of(
    user_id: int, kinds: Sequence[Collection[str]], *, whole: int, each: int, current: str
) -> list[Section]:
    """Return a section for each of these groups of kinds, its rooms by activity.

    With at most `whole` rooms all are shown. With more, a section has its `each` first ones; rooms with news are shown
    besides, `whole` of them at most, and the current one.
    """
    rooms = _read(user_id, "ORDER BY m.id LIMIT %s", whole + 1)
    if len(rooms) <= whole:
        return [_section(rooms, group, None, None) for group in kinds]
    lines = lines_of(user_id)
    parts = [[line for line in lines if line.kind in group] for group in kinds]
    cuts = [first_page(part, each) for part in parts]
    shown = {line.id for line in first_page(lines, whole).lines if line.urgency}
    shown |= {line.id for cut in cuts for line in cut.lines} | {line.id for line in lines if line.slug == current}
    found = by_id(user_id, list(shown))
    return [_section(found, *each) for each in zip(kinds, (cut.next for cut in cuts), map(len, parts), strict=True)]


def _section(
    rooms: list[tuple[int, wire.ListedRoom]], kinds: Collection[str], after: Cursor | None, total: int | None
) -> Section:
    mine = _by_activity([each for each in rooms if each[1].kind in kinds])
    count = len(mine) if total is None else total
    return Section(mine, after if len(mine) < count else None, count)


def _by_activity(rooms: list[tuple[int, wire.ListedRoom]]) -> list[tuple[int, wire.ListedRoom]]:
    return sorted(rooms, key=lambda each: (-(each[1].activeAt or 0), -each[0]))


def _line(room_id: int, room: wire.ListedRoom) -> Line:
    urgency = 2 if room.mentions else int(room.unread > 0 and not room.muted)
    return Line(room_id, room.slug, room.kind, room.activeAt or 0, urgency, 0)


def _cut(lines: Sequence[Line], request: requests.ListRooms) -> Cut:
    if request.after is UNSET and not request.query:
        return first_page(lines, request.limit)
    return page_after(lines, Cursor.read(request.after), request.limit)


def lines_of(user_id: int, query: str = "") -> list[Line]:
    """Return all rooms of a person, or those whose name holds every word of the query, in no order."""
    search = NameSearch(query, _NAME)
    statement = f"""
        SELECT r.id, r.slug, r.kind, {_active()}, {URGENCY}, {search.rank}
        {_MINE} {_OTHERS if search else ""} {_OF_USER} AND {search.condition}
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [*search.rank_parameters, user_id, *search.condition_parameters])
        return [Line(*row) for row in cursor.fetchall()]


def some(user_id: int, slugs: Collection[str]) -> list[tuple[int, wire.ListedRoom]]:
    """Return those of these rooms that the person is in and that are not archived, by activity."""
    if not slugs:
        return []
    return _by_activity(_read(user_id, f"AND r.slug IN ({_marks(slugs)})", *slugs))


def by_id(user_id: int, room_ids: Sequence[int]) -> list[tuple[int, wire.ListedRoom]]:
    """Return these rooms of the person in this order. One that they have left meanwhile is missing."""
    if not room_ids:
        return []
    found = dict(_read(user_id, f"AND r.id IN ({_marks(room_ids)})", *room_ids))
    return [(room_id, found[room_id]) for room_id in room_ids if room_id in found]


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _active() -> str:
    return millis_of(later_of(LAST_NEWS, "m.joined_at"))


class _Drafts:
    """The drafts of one list: in full as long as they fit into a part of a page's bytes, then only that they are there.

    200 of them, of 80 KB each, would be a response of 16 MB.
    """

    def __init__(self) -> None:
        self._left = page_bytes() // _DRAFTS_PART

    def shown(self, content: str | None, version: int) -> dict[str, Any]:
        """Return the fields of a room that tell of its draft."""
        if content is None:
            return {}
        draft = wire.Draft(content, version)
        size = size_of(draft)
        if size > self._left:
            return {"hasDraft": True}
        self._left -= size
        return {"draft": draft}


def _read(user_id: int, rest: str, *parameters: Any) -> list[tuple[int, wire.ListedRoom]]:
    """Return rooms with their counts. rest: the end of the statement, a text of ours with %s for each parameter."""
    statement = f"""
        SELECT r.id, r.slug, r.name, r.kind, r.topic, r.change, r.epoch, r.created_at, r.last_message_at, {_active()},
            m.role, m.last_read_seq, m.muted, d.content, d.version, {COUNTS}
        {_MINE} {_DRAFTS} {_OF_USER} {rest}
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [user_id, *parameters])
        rows = cursor.fetchall()
    drafts = _Drafts()
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
                activeAt=active,
                **drafts.shown(draft, version),
            ),
        )
        for (
            room_id, slug, name, kind, topic, change, epoch, created_at, last_message_at, active,
            role, last_read_seq, muted, draft, version, unread, mentions,
        ) in rows
    ]  # fmt: skip


def _millis(moment: datetime) -> int:
    """SQLite's driver gives times without a zone: they are in UTC."""
    return millis(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
