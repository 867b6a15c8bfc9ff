"""What the pages show and hand to their scripts: the reader's rooms, and one room with its people and newest messages.

Reads only. Everything comes through `access` and the use cases, so a page shows nothing that the socket would refuse.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db.models import Case, QuerySet, Sum, When
from django.urls import reverse
from msgspec import UNSET

from accounts import bans
from accounts.models import User
from accounts.names import CLAUDE
from accounts.search_name import words_of
from chat import access
from chat.access import Actor
from chat.messages import drafts, history
from chat.model_choice import is_demo
from chat.models import TOKEN_KINDS, Charge, Room, RoomKind
from chat.models.room import RoomQuerySet
from chat.pages import sidebar
from chat.pages.room_titles import title_of
from chat.presenter import present_room
from chat.protocol import requests, wire
from chat.rooms import accepting, member_list, rooms

PEOPLE_IN_PICKER: Final = 30
PEOPLE_TO_JUMP_TO: Final = 8


def shell(actor: Actor, user: User, current: str = "") -> dict[str, Any]:
    """Return what every page of the application needs: who reads it, and their rooms for the sidebar.

    The sidebar stands in the page once: its script reads the rooms from there. current: slug of the room that is open.
    """
    sections = sidebar.sections(actor, current)
    me = {"id": str(actor.id), "username": actor.username, "displayName": user.get_full_name()}
    facts: dict[str, Any] = {"me": me, "contentChars": settings.CONTENT_CHARS}
    facts["sidebar"] = {"whole": sidebar.WHOLE, "each": sidebar.EACH}
    facts["uploads"] = {"bytes": settings.UPLOAD_BYTES, "perMessage": settings.UPLOADS_PER_MESSAGE}
    facts["signInUrl"] = reverse("account_login")
    waiting = accepting.list_invitations(actor, requests.ListInvitations()).invitations
    facts["invitations"] = msgspec.to_builtins(waiting)
    return {
        "invitations": waiting,
        "has_more_invitations": len(waiting) > 3,
        "app_data": facts,
        "sections": sections,
        "room_count": sum(section["total"] for section in sections),
        "sidebar_is_cut": any(section["next"] for section in sections),
    }


def titles_among(actor: Actor, known: RoomQuerySet, slugs: Collection[str]) -> dict[str, str]:
    """Return what the reader calls those of these rooms that they may know of, archived ones too."""
    found = list(known.filter(slug__in=slugs)) if slugs else []
    people = rooms.people_of_direct_rooms([room.pk for room in found if room.kind == RoomKind.DIRECT])
    return {room.slug: title_of(present_room(room, people.get(room.pk)), actor) for room in found}


def room_facts(actor: Actor, room: Room, seq: int | None = None) -> dict[str, Any]:
    """Return what the room's page begins with. `seq` asks for the messages around it. Raises NOT_FOUND."""
    around: Any = UNSET if seq is None else seq
    shown = rooms.present(room)
    own = access.membership_in(actor, room)
    draft = drafts.of(room, actor)
    people = member_list.first(room)
    return {
        "room": msgspec.to_builtins(shown),
        "title": title_of(shown, actor),
        "role": None if own is None else own.role,
        "muted": own is not None and own.muted,
        "lastReadSeq": 0 if own is None else own.last_read_seq,
        "draft": None if draft is None else msgspec.to_builtins(draft),
        "people": people_facts(people.people),
        "peopleCount": people.total,
        "claude": claude_facts(),
        "usage": usage_of(room),
        "page": msgspec.to_builtins(history.page(actor, requests.GetMessages(room=room.slug, around=around))),
    }


def people_facts(people: list[member_list.Person]) -> list[dict[str, str]]:
    """Return members as the page's scripts take them."""
    return [
        {"id": each.user.id, "username": each.user.username, "displayName": each.display_name, "role": each.role}
        for each in people
    ]


def claude_facts() -> dict[str, Any]:
    """Return what the page says of who replies on this server: a demo, and if so, why."""
    return {"demo": is_demo(), "hasKey": bool(settings.ANTHROPIC_API_KEY)}


def usage_of(room: Room) -> dict[str, int]:
    """Return what Claude has used in a room so far: tokens, and millionths of a US dollar."""
    sums = Charge.objects.filter(room=room).aggregate(*map(Sum, (*TOKEN_KINDS, "cost_microusd")))
    return {
        "tokens": sum(sums[f"{kind}__sum"] or 0 for kind in TOKEN_KINDS),
        "cost": sums["cost_microusd__sum"] or 0,
    }


def search_facts(actor: Actor, found: wire.SearchResult) -> dict[str, Any]:
    """Return what the search page shows: each hit with what the reader calls its room."""
    titles = titles_among(actor, Room.objects.visible_to(actor.id), {hit.message.room for hit in found.hits})
    hits = [
        {**msgspec.to_builtins(hit), "room_title": titles.get(hit.message.room, hit.message.room)} for hit in found.hits
    ]
    return {"hits": hits, "hasMore": found.hasMore}


def people_like(query: str, *, besides: set[int], after: str = "") -> tuple[list[User], bool]:
    """Return a page of active people whose name holds the query, and whether there are more.

    after: the last user name of the page before. All people here may know all names.
    """
    found = _people_named(query).filter(username__gt=after).exclude(pk__in=besides)
    page = list(found.order_by("username")[: PEOPLE_IN_PICKER + 1])
    return page[:PEOPLE_IN_PICKER], len(page) > PEOPLE_IN_PICKER


def people_best_like(query: str, *, besides: int) -> list[User]:
    """Return some active people whose name holds the query: whose user name it is or begins with first."""
    name = query.lstrip("@").lower()
    fit = Case(When(username=name, then=0), When(username__startswith=name, then=1), default=2)
    return list(_people_named(query).exclude(pk=besides).order_by(fit, "username")[:PEOPLE_TO_JUMP_TO])


def _people_named(query: str) -> QuerySet[User]:
    found = User.objects.filter(bans.active()).exclude(username=CLAUDE)
    for word in words_of(query.lstrip("@")):
        found = found.filter(search_name__contains=word)
    return found
