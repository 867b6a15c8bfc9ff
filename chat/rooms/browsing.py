"""The open rooms that a person could join: found by name, a page at a time, the most recently active first."""

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count
from msgspec import UNSET

from chat.access import Actor
from chat.models import Membership, Room
from chat.presenter import room_fields
from chat.protocol import requests, wire
from chat.rooms.finding import LAST_NEWS, NameSearch, millis_of
from chat.rooms.list_pages import BEGINNING, Cursor


class _Page(NamedTuple):
    cursors: list[Cursor]
    total: int


def browse_rooms(actor: Actor, request: requests.BrowseRooms) -> wire.OpenRoomList:
    """Return a page of the open rooms that the actor is not in, those whose name matches best first."""
    page = _page(actor, request)
    shown = page.cursors[: request.limit]
    ids = [cursor.id for cursor in shown]
    rooms = Room.objects.in_bulk(ids)
    counts = dict(
        Membership.objects.filter(room__in=ids)
        .order_by()
        .values("room")
        .annotate(n=Count("pk"))
        .values_list("room", "n")
    )
    listed = [wire.OpenRoom(**room_fields(rooms[id_]), peopleCount=counts.get(id_, 0)) for id_ in ids if id_ in rooms]
    has_more = len(page.cursors) > len(shown)
    return wire.OpenRoomList(listed, has_more, page.total, next=str(shown[-1]) if has_more else UNSET)


def _page(actor: Actor, request: requests.BrowseRooms) -> _Page:
    """Return where the rooms of the page stand, and one more if there is more."""
    search = NameSearch(request.query, "r.search_name")
    after = Cursor.read(request.after) or BEGINNING
    joinable, parameters = _joinable(actor)
    found = f"FROM chat_room r WHERE r.id IN ({joinable}) AND {search.condition}"
    parameters += search.condition_parameters
    # The negative numbers put all three into one order, so that the place after the cursor is one comparison.
    page = f"""
        SELECT rank, active, id FROM (
            SELECT {search.rank} AS rank, {millis_of(LAST_NEWS)} AS active, r.id AS id {found}) AS found
        WHERE (rank, -active, -id) > (%s, %s, %s) ORDER BY rank, active DESC, id DESC LIMIT %s
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(page, [*search.rank_parameters, *parameters, *after.place, request.limit + 1])
        cursors = [Cursor(*row) for row in cursor.fetchall()]
        cursor.execute(f"SELECT count(*) {found}", parameters)
        (total,) = cursor.fetchone()
    return _Page(cursors, total)


def _joinable(actor: Actor) -> tuple[str, list[Any]]:
    """Return the SQL of the ids of the rooms that the actor could join, and its parameters."""
    rooms = Room.objects.open_to(actor.id).filter(archived_at=None).exclude(memberships__user=actor.id)
    statement, parameters = rooms.order_by().values("pk").query.sql_with_params()
    return statement, list(parameters)
