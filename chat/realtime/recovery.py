"""What changed in a room since a cursor, read from the database: for tabs that come back, and for the hub.

Recovery needs nothing but the database. Rows come in the compacted form: each once, in its newest state.
"""

from typing import Final, NamedTuple

from django.conf import settings

from chat.models import Membership, Message, Room
from chat.models.plain_sql import objects_of
from chat.presenter import present_messages
from chat.protocol import wire

NEWEST_PAGE: Final = 50


class Since(NamedTuple):
    """What changed in a room after a cursor, read in one moment."""

    room: Room
    messages: list[wire.Message]
    reset: bool
    has_more: bool


def since(room: Room, after: int | None, epoch: str | None) -> Since:
    """Return the rows changed after a cursor, each once in its newest state, in order of `change`.

    Without a cursor, the last page. With one that cannot be honoured (another epoch, from the future, too much
    changed) the last page and `reset`. The room was read before, and rows beyond its `change` are left out, so that
    rows and cursor belong together even while others write.
    """
    if after is None:
        messages, has_more = _page_up_to(room)
        return Since(room, messages, False, has_more)
    honoured = epoch == room.epoch and after <= room.change
    limit: int = settings.RECOVERY_ROWS
    # Most tabs that come back have missed nothing: then there is nothing to look for.
    rows = _changed(room, after, limit + 1 if limit else None) if honoured and after < room.change else []
    if not honoured or 0 < limit < len(rows):
        messages, has_more = _page_up_to(room)
        return Since(room, messages, True, has_more)
    # An answer of Claude's that moves on meanwhile is read again, and then belongs to a later change: whoever got it here
    # would get that change twice, as it follows as an event.
    found = [message for message in present_messages(room.slug, rows) if message.change <= room.change]
    return Since(room, found, False, True)


def _page_up_to(room: Room) -> tuple[list[wire.Message], bool]:
    found = objects_of(Message, "WHERE room_id = %s ORDER BY seq DESC LIMIT %s", room.pk, NEWEST_PAGE + 1)
    rows = [row for row in found[:NEWEST_PAGE][::-1] if row.seq <= room.change]
    return present_messages(room.slug, rows), len(found) > NEWEST_PAGE


def _changed(room: Room, after: int, limit: int | None) -> list[Message]:
    some = "WHERE room_id = %s AND change > %s AND change <= %s ORDER BY change"
    if limit is None:
        return objects_of(Message, some, room.pk, after, room.change)
    return objects_of(Message, f"{some} LIMIT %s", room.pk, after, room.change, limit)


def changes_after(slug: str, after: int, limit: int | None) -> tuple[int, list[wire.Message]] | None:
    """Return a room's `change` and the rows changed after a cursor, for the hub; None when the room is gone."""
    room = Room.objects.filter(slug=slug).first()
    if room is None:
        return None
    return room.change, present_messages(slug, _changed(room, after, limit))


def heads(slugs: list[str]) -> dict[str, tuple[int, str]]:
    """Return `change` and `epoch` of rooms by slug: the head check's one query."""
    found = Room.objects.filter(slug__in=slugs).values_list("slug", "change", "epoch")
    return {slug: (change, epoch) for slug, change, epoch in found}


def members_among(pairs: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return those of the (slug, user id) pairs that are memberships: the others may hear nothing more."""
    slugs, user_ids = {slug for slug, _ in pairs}, {user_id for _, user_id in pairs}
    found = Membership.objects.filter(room__slug__in=slugs, user__in=user_ids)
    return pairs & set(found.values_list("room__slug", "user_id"))
