"""What changed in a room since a cursor, read from the database: for tabs that come back, and for the hub.

Recovery needs nothing but the database. Rows come in the compacted form: each once, in its newest state.
"""

from typing import Final, NamedTuple

from django.conf import settings

from chat.models import Membership, Message, Room
from chat.models.weights import lightest
from chat.paging import page_bytes, presented
from chat.protocol import wire

NEWEST_PAGE: Final = 50
_SLUGS_AT_ONCE: Final = 5000


class Since(NamedTuple):
    """What changed in a room after a cursor, read in one moment.

    is_cut: whether something was left out because it did not fit into the bytes that it may have. bytes: of the messages.
    """

    room: Room
    messages: list[wire.Message]
    reset: bool
    has_more: bool
    is_cut: bool = False
    bytes: int = 0


class Missed(NamedTuple):
    """What the hub reads of a room: its `change` now, rows in order of `change`, and whether more follow them."""

    head: int
    messages: list[wire.Message]
    has_more: bool


def since(room: Room, after: int | None, epoch: str | None, budget: int | None = None) -> Since:
    """Return the rows changed after a cursor, each once in its newest state, in order of `change`.

    Without a cursor, the last page. With one that cannot be honoured (another epoch, from the future, too much
    changed, in rows or in bytes) the last page and `reset`. The room was read before, and rows beyond its `change` are left
    out, so that rows and cursor belong together even while others write.

    budget: bytes that the messages may have, PAGE_BYTES by default.
    """
    budget = page_bytes() if budget is None else budget
    if after is None:
        return _page_up_to(room, budget)
    honoured = epoch == room.epoch and after <= room.change
    if honoured and after == room.change:
        # Most tabs that come back have missed nothing: then there is nothing to look for.
        return Since(room, [], False, True)
    is_too_heavy = False
    if honoured:
        limit: int = settings.RECOVERY_ROWS
        rows, has_more = _changed(room, after, limit or None, budget)
        page = None if has_more else presented([(room.slug, row) for row in rows], budget)
        if page is not None and not page.lacks_newer:
            # A reply of Claude's that moves on meanwhile is read again, and then belongs to a later change: a client that
            # got it here would get that change twice, as it follows as an event.
            found = [message for message in page.messages if message.change <= room.change]
            return Since(room, found, False, True, bytes=page.bytes)
        is_too_heavy = page is not None or not 0 < limit <= len(rows)
    newest = _page_up_to(room, budget)
    return newest._replace(reset=True, is_cut=newest.is_cut or is_too_heavy)


def _page_up_to(room: Room, budget: int) -> Since:
    found, has_more = lightest("-seq", "room_id = %s", room.pk, at_most=NEWEST_PAGE, budget=budget)
    rows = [row for row in found[::-1] if row.seq <= room.change]
    page = presented([(room.slug, row) for row in rows], budget, anchor=-1)
    is_cut = page.lacks_older or (has_more and len(found) < NEWEST_PAGE)
    return Since(room, page.messages, False, has_more or page.lacks_older, is_cut, page.bytes)


def _changed(room: Room, after: int, limit: int | None, budget: int) -> tuple[list[Message], bool]:
    """Return the first rows changed after a cursor, at most so many and so heavy, and whether there are more."""
    some = "room_id = %s AND change > %s AND change <= %s"
    return lightest("change", some, room.pk, after, room.change, at_most=limit, budget=budget)


def changes_after(slug: str, after: int, limit: int | None) -> Missed | None:
    """Return what changed in a room after a cursor, as far as one page holds it, for the hub; None when it is gone."""
    room = Room.objects.filter(slug=slug).first()
    if room is None:
        return None
    rows, has_more = _changed(room, after, limit, page_bytes())
    page = presented([(slug, row) for row in rows], page_bytes())
    return Missed(room.change, page.messages, has_more or page.lacks_newer)


def heads(slugs: list[str]) -> dict[str, tuple[int, str]]:
    """Return `change` and `epoch` of rooms by slug: what the head check compares, mostly in one query."""
    found: dict[str, tuple[int, str]] = {}
    # In parts: with more parameters than a database takes, the head check of a crowded process would fail each time.
    for start in range(0, len(slugs), _SLUGS_AT_ONCE):
        some = Room.objects.filter(slug__in=slugs[start : start + _SLUGS_AT_ONCE])
        found |= {slug: (change, epoch) for slug, change, epoch in some.values_list("slug", "change", "epoch")}
    return found


def members_among(pairs: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return those of the (slug, user id) pairs that are memberships: the others may hear nothing more."""
    slugs, user_ids = {slug for slug, _ in pairs}, {user_id for _, user_id in pairs}
    found = Membership.objects.filter(room__slug__in=slugs, user__in=user_ids)
    return pairs & set(found.values_list("room__slug", "user_id"))
