"""Leaving several rooms: which there are to leave, and how each one went."""

from typing import Final, NamedTuple

from django.core.paginator import Paginator
from django.db.models import Q

from accounts.search_name import words_of
from chat.access import Actor
from chat.models import Membership, RoomKind
from chat.protocol import frames, requests, wire
from chat.protocol.errors import ProtocolError
from chat.rooms import members

ROOMS_ON_PAGE: Final = 100


class Leavable(NamedTuple):
    """One page of the rooms that the actor may leave, by name."""

    memberships: list[Membership]
    number: int
    pages: int
    total: int


def leavable(actor: Actor, query: str, number: int) -> Leavable:
    """Return a page of the actor's memberships in rooms other than direct ones, whose name or slug holds the query."""
    found = Membership.objects.filter(user=actor.id, room__archived_at=None).exclude(room__kind=RoomKind.DIRECT)
    for word in words_of(query):
        found = found.filter(Q(room__search_name__contains=word) | Q(room__slug__contains=word))
    pages = Paginator(found.select_related("room").order_by("room__name", "pk"), ROOMS_ON_PAGE)
    page = pages.get_page(number)
    return Leavable(list(page.object_list), page.number, pages.num_pages, pages.count)


def leave(actor: Actor, slug: str) -> wire.Leaving:
    """End one membership, in a transaction of its own. A room that can't be left keeps no other from being left."""
    try:
        members.quit_room(actor, requests.QuitRoom(slug))
    except ProtocolError as error:
        return wire.Leaving(slug, left=False, error=frames.error_body(error))
    return wire.Leaving(slug, left=True)
