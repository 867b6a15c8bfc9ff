"""The pages: rooms, direct messages and search. Every write is an action."""

from typing import Any, Final

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from msgspec import UNSET

from accounts.names import CLAUDE
from chat import access
from chat.model_choice import is_demo
from chat.models import Room, RoomKind
from chat.pages import page_data, sidebar
from chat.pages.forms import ClaudeForm, CreateRoomForm
from chat.pages.page import actor_of, asked, cursor_of, page, query_of, show
from chat.presenter import user_ref
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import browsing, rooms
from chat.search.search import search_messages

_HIGHEST_SEQ: Final = 2**53 - 1
_MY_ROOMS_ON_A_PAGE: Final = 50


@page
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    return show(request, "chat/home.html", **_joinable(request), go_to_last_room=True)


@page
@require_GET
def browse(request: HttpRequest) -> HttpResponseBase:
    """The same list, for those who ask for it: it never leads on to the last room."""
    return show(request, "chat/home.html", **_joinable(request))


def _joinable(request: HttpRequest) -> dict[str, Any]:
    """Return a page of the open rooms that the reader could join, found by name when they look for one."""
    query, after = query_of(request), cursor_of(request)
    found = browsing.browse_rooms(actor_of(request), requests.BrowseRooms(query=query, after=after))
    return {"query": query, "joinable": found, "is_first_page": after is UNSET}


@page
@require_GET
def last_room(request: HttpRequest) -> HttpResponseBase:
    """Lead on to the room that this browser had open last, if its reader may still read it."""
    slug = request.GET.get("room", "")
    try:
        return redirect("room", access.room_for(actor_of(request), slug).slug)
    except ProtocolError:
        return redirect("browse")


@page
@require_GET
def my_rooms(request: HttpRequest) -> HttpResponseBase:
    """All rooms of the reader, a page at a time: the sidebar shows the first of them."""
    actor, query, after = actor_of(request), query_of(request), cursor_of(request)
    chosen = next((each for each in sidebar.SECTIONS if each[0] == request.GET.get("kind")), None)
    kinds: Any = UNSET if chosen is None else list(chosen[2])
    found = rooms.list_rooms(
        actor, requests.ListRooms(query=query, kinds=kinds, after=after, limit=_MY_ROOMS_ON_A_PAGE)
    )
    facts: dict[str, Any] = {
        "query": query,
        "found": found,
        "entries": [sidebar.entry(room, actor) for room in found.rooms],
        "kind": "" if chosen is None else chosen[0],
        "is_first_page": after is UNSET,
    }
    return show(request, "chat/my_rooms.html", **facts)


@page
@require_GET
def room(request: HttpRequest, slug: str) -> HttpResponseBase:
    facts = _room_facts(request, slug)
    return show(request, "chat/room.html", room_data=facts, active_room=slug)


@page
@require_GET
def room_data(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What the room's page embeds, for going to another room without loading a page."""
    return JsonResponse(_room_facts(request, slug))


@page
@require_GET
def room_usage(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What Claude has used in a room so far, for the page to show after each reply."""
    return JsonResponse(page_data.usage_of(access.room_for(actor_of(request), slug)))


def _room_facts(request: HttpRequest, slug: str) -> dict[str, Any]:
    actor = actor_of(request)
    wanted = request.GET.get("seq", "")
    seq = min(int(wanted), _HIGHEST_SEQ) if wanted.isascii() and wanted.isdigit() and len(wanted) < 20 else None
    return page_data.room_facts(actor, access.room_for(actor, slug), seq)


@page
@require_http_methods(["GET", "POST"])
def create_room(request: HttpRequest) -> HttpResponseBase:
    typed = request.POST if request.method == "POST" else None
    form = CreateRoomForm(typed, initial={"kind": request.GET.get("kind", RoomKind.OPEN)})
    claude = ClaudeForm(typed, Room(kind=RoomKind.SESSION))
    if form.is_bound and form.is_valid() and claude.is_valid():
        asked_for = form.asked
        # Who posts nothing of Claude's settings has not unchecked the switch, either.
        if asked_for["kind"] == RoomKind.SESSION and claude.is_filled_in:
            asked_for["claude"] = claude.asked
        try:
            made = rooms.create_room(actor_of(request), asked(requests.CreateRoom, **asked_for))
            if made.invited is not UNSET:
                return _tell_invited(request, made.room, made.invited)
            return redirect("room", made.room.slug)
        except ProtocolError as error:
            form.add_error("members" if error.code == ErrorCode.NOT_FOUND else None, error.message)
    status = 422 if form.is_bound else 200
    return show(request, "chat/create_room.html", status=status, form=form, claude=claude, is_demo=is_demo())


def _tell_invited(request: HttpRequest, room: wire.Room, invited: list[wire.UserRef]) -> HttpResponseBase:
    """Lead to the room's people, who are fewer than was asked for, and say why."""
    names = ", ".join(f"@{person.username}" for person in invited)
    messages.success(request, f"The room is there. Invited, and members once they accept: {names}.")
    return redirect("room_people", room.slug)


@page
@require_http_methods(["GET", "POST"])
def new_session(request: HttpRequest) -> HttpResponseBase:
    """One click: a session without a name, which its first prompt will give it."""
    if request.method == "GET":
        return redirect(f"{reverse('create_room')}?kind={RoomKind.SESSION}")
    return redirect("room", rooms.new_session(actor_of(request)))


@page
@require_http_methods(["GET", "POST"])
def new_direct(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    if request.method == "POST":
        wanted = request.POST.get("user", "").lstrip("@").lower()
        if wanted == CLAUDE:
            return new_session(request)
        try:
            made = rooms.create_room(actor, asked(requests.CreateRoom, kind="direct", members=[wanted]))
            return redirect("room", made.room.slug)
        except ProtocolError as error:
            messages.error(request, error.message)
    query = request.GET.get("q", "").strip()[:60]
    after = request.GET.get("after", "")[:32]
    found, has_more = page_data.people_like(query, besides={actor.id}, after=after)
    facts: dict[str, Any] = {"query": query, "people": found, "has_more": has_more, "after": after}
    offers_claude = not after and query.lower().lstrip("@") in CLAUDE
    return show(request, "chat/new_direct.html", **facts, offers_claude=offers_claude)


@page
@require_GET
def people_like(request: HttpRequest) -> HttpResponseBase:
    """People whose name holds `q`, for going to one by a few letters: the best fit first."""
    query = request.GET.get("q", "").strip()[:60]
    found = page_data.people_best_like(query, besides=actor_of(request).id) if query else []
    return JsonResponse({"people": [msgspec.to_builtins(user_ref(person)) for person in found]})


@page
@require_GET
def search(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    query, slug, before = (request.GET.get(name, "").strip() for name in ("q", "room", "before"))
    facts: dict[str, Any] = {"query": query, "searched_room": slug, "result": None, "problem": ""}
    facts["searched_title"] = page_data.titles_among(actor, Room.objects.visible_to(actor.id), {slug}).get(slug, "")
    if query:
        wanted = {"query": query[:200], "room": slug, "before": before}
        try:
            question = asked(requests.SearchMessages, **{name: value for name, value in wanted.items() if value})
            facts["result"] = page_data.search_facts(actor, search_messages(actor, question))
        except ProtocolError as error:
            facts["problem"] = error.message
    return show(request, "chat/search.html", **facts)
