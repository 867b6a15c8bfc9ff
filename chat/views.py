"""The pages: what they show, and the forms that work without a socket. Every write is an action."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from msgspec import UNSET

from accounts.models import User
from chat import access, page_data
from chat.access import Actor
from chat.actions import invitations, members, rooms
from chat.actions.search import search_messages
from chat.forms import AddMemberForm, CreateRoomForm, InvitationForm, RoomDetailsForm
from chat.models import Membership, Role, Room, RoomKind
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError, invalid

View = Callable[..., HttpResponseBase]
AnyRequest = TypeVar("AnyRequest", bound=requests.Request)

_HIGHEST_SEQ = 2**53 - 1


def page(view: View) -> View:
    """Wrap a page for people who are signed in; refusals of the layers below become 404 and 403."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except ProtocolError as error:
            if error.code == ErrorCode.NOT_FOUND:
                raise Http404(error.message) from error
            if error.code == ErrorCode.UNAUTHORIZED:
                raise PermissionDenied(error.message) from error
            raise

    # A page out of the browser's cache would show rooms to whoever signs in next.
    return never_cache(login_required(shown))


def _actor(request: HttpRequest) -> Actor:
    return Actor.of(cast("User", request.user))


def _show(request: HttpRequest, template: str, status: int = 200, **facts: Any) -> HttpResponse:
    shell = page_data.shell(_actor(request), cast("User", request.user))
    return render(request, template, {**shell, **facts}, status=status)


def _asked(kind: type[AnyRequest], **fields: Any) -> AnyRequest:
    """Build a request as the socket would, under the same limits. Raises VALIDATION_ERROR."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error), "$") from error


def _done(request: HttpRequest, act: Callable[[], object], success: str = "") -> bool:
    """Do what a form asks; tell the reader how it went. Refusals are sentences, not error pages."""
    try:
        act()
    except ProtocolError as error:
        messages.error(request, error.message)
        return False
    if success:
        messages.success(request, success)
    return True


def _tell_errors(request: HttpRequest, form: forms.BaseForm) -> None:
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, error)


@page
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    return _show(request, "chat/home.html", joinable=rooms.open_rooms_to_join(_actor(request)), go_to_last_room=True)


@page
@require_GET
def browse(request: HttpRequest) -> HttpResponseBase:
    """The same list, for those who ask for it: it never leads on to the last room."""
    return _show(request, "chat/home.html", joinable=rooms.open_rooms_to_join(_actor(request)))


@page
@require_GET
def room(request: HttpRequest, slug: str) -> HttpResponseBase:
    facts = _room_facts(request, slug)
    return _show(request, "chat/room.html", room_data=facts, active_room=slug)


@page
@require_GET
def room_data(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What the room's page embeds, for going to another room without loading a page."""
    return JsonResponse(_room_facts(request, slug))


def _room_facts(request: HttpRequest, slug: str) -> dict[str, Any]:
    actor = _actor(request)
    asked = request.GET.get("seq", "")
    seq = min(int(asked), _HIGHEST_SEQ) if asked.isascii() and asked.isdigit() and len(asked) < 20 else None
    return page_data.room_facts(actor, access.room_for(actor, slug), seq)


@page
@require_http_methods(["GET", "POST"])
def create_room(request: HttpRequest) -> HttpResponseBase:
    form = CreateRoomForm(request.POST or None, initial={"kind": request.GET.get("kind", RoomKind.OPEN)})
    if request.method == "POST" and form.is_valid():
        try:
            made = rooms.create_room(_actor(request), _asked(requests.CreateRoom, **form.cleaned_data))
            return redirect("room", made.room.slug)
        except ProtocolError as error:
            form.add_error("members" if error.code == ErrorCode.NOT_FOUND else None, error.message)
    return _show(request, "chat/create_room.html", status=422 if form.is_bound else 200, form=form)


@page
@require_http_methods(["GET", "POST"])
def new_direct(request: HttpRequest) -> HttpResponseBase:
    actor = _actor(request)
    if request.method == "POST":
        members_asked = [request.POST.get("user", "").lstrip("@").lower()]
        try:
            made = rooms.create_room(actor, _asked(requests.CreateRoom, kind="direct", members=members_asked))
            return redirect("room", made.room.slug)
        except ProtocolError as error:
            messages.error(request, error.message)
    query = request.GET.get("q", "").strip()[:60]
    found = page_data.people_like(query, besides={actor.id})
    return _show(request, "chat/new_direct.html", query=query, people=found)


@page
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponseBase:
    actor = _actor(request)
    shown = access.room_for(actor, slug)
    if request.method == "POST":
        if request.POST.get("do") == "quit":
            if _done(
                request,
                lambda: members.quit_room(actor, _asked(requests.QuitRoom, room=slug)),
                f"You left {shown.name}.",
            ):
                return redirect("browse")
        else:
            _change_membership(request, actor, shown)
        return redirect("room_people", slug)
    own = access.membership_in(actor, shown)
    listed = [(person, _may_change(own, person.role, shown)) for person in members.people(actor, slug)]
    return _show(
        request, "chat/people.html", **_room_facts_for_pages(actor, shown, own), people=listed, roles=Role.values
    )


def _change_membership(request: HttpRequest, actor: Actor, shown: Room) -> None:
    form = AddMemberForm(request.POST)
    if not form.is_valid():
        _tell_errors(request, form)
        return
    user, role = form.cleaned_data["user"], form.cleaned_data["role"] or Role.MEMBER
    match request.POST.get("do"):
        case "add":
            _done(
                request,
                lambda: members.add_member(actor, _asked(requests.AddMember, room=shown.slug, user=user, role=role)),
                f"{user} is in {shown.name} now.",
            )
        case "remove":
            _done(
                request,
                lambda: members.remove_member(actor, _asked(requests.RemoveMember, room=shown.slug, user=user)),
                f"{user} is not in {shown.name} any more.",
            )
        case "role":
            _done(
                request,
                lambda: members.set_role(actor, _asked(requests.SetRole, room=shown.slug, user=user, role=role)),
                f"{user} is {role} now.",
            )


def _room_facts_for_pages(actor: Actor, shown: Room, own: Membership | None) -> dict[str, Any]:
    return {
        "room": shown,
        "room_title": page_data.title_of(rooms.present(shown), actor),
        "own": own,
        "moderates": own is not None and access.may_moderate(own),
        "owns": own is not None and own.role == Role.OWNER,
        "active_room": shown.slug,
        "is_direct": shown.kind == RoomKind.DIRECT,
    }


def _may_change(own: Membership | None, role: str, shown: Room) -> bool:
    if own is None or shown.kind == RoomKind.DIRECT or not access.may_moderate(own):
        return False
    return Role(own.role).rank >= Role(role).rank


@page
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, slug: str) -> HttpResponseBase:
    actor = _actor(request)
    shown = access.room_for(actor, slug)
    form = InvitationForm(request.POST or None)
    if request.method == "POST":
        revoked = request.POST.get("revoke", "")
        if revoked.isascii() and revoked.isdigit() and len(revoked) < 19:
            _done(request, lambda: invitations.revoke(actor, int(revoked)), "The link does not work any more.")
        elif form.is_valid():
            wanted = form.cleaned_data
            _done(
                request, lambda: invitations.create(actor, slug, wanted["days"], wanted["uses"]), "Here is your link."
            )
        else:
            _tell_errors(request, form)
        return redirect("room_invite", slug)
    own = access.membership_in(actor, shown)
    links = [
        (each, request.build_absolute_uri(reverse("invitation", args=[each.token])))
        for each in invitations.of_room(actor, slug)
    ]
    return _show(request, "chat/invite.html", **_room_facts_for_pages(actor, shown, own), links=links, form=form)


@page
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page behind an invitation link. It tells nothing of the room when the link is not good any more."""
    actor = _actor(request)
    if request.method == "POST":
        return redirect("room", invitations.accept(actor, token))
    found = invitations.look_up(token)
    if found is None:
        return render(request, "chat/invitation_over.html", status=404)
    if access.membership_in(actor, found.room) is not None:
        return redirect("room", found.room.slug)
    member_count = Membership.objects.filter(room=found.room).count()
    return render(
        request, "chat/invitation.html", {"invitation": found, "room": found.room, "member_count": member_count}
    )


@page
@require_http_methods(["GET", "POST"])
def details(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Name, topic and kind of a room, muting it, and archiving it."""
    actor = _actor(request)
    shown = access.room_for(actor, slug)
    own = access.membership_in(actor, shown)
    form = RoomDetailsForm(request.POST if request.POST.get("do") == "save" else None, instance=shown)
    if request.method == "POST":
        match request.POST.get("do"):
            case "mute":
                muted = request.POST.get("muted") == "1"
                _done(
                    request,
                    lambda: rooms.mute_room(actor, _asked(requests.MuteRoom, room=slug, muted=muted)),
                    "You will not be notified." if muted else "You will be notified again.",
                )
                return redirect("room_details", slug)
            case "archive":
                if _done(
                    request, lambda: rooms.archive_room(actor, _asked(requests.ArchiveRoom, room=slug)), "Archived."
                ):
                    return redirect("browse")
            case "save" if form.is_valid():
                wanted = {"room": slug, **{name: form.cleaned_data[name] for name in ("name", "topic")}}
                kind = form.cleaned_data["kind"] or UNSET
                if kind is not UNSET:
                    wanted["kind"] = kind
                if _done(request, lambda: rooms.update_room(actor, _asked(requests.UpdateRoom, **wanted)), "Saved."):
                    return redirect("room_details", slug)
    fresh = access.room_for(actor, slug)  # the form has written what was typed into its own copy
    facts = _room_facts_for_pages(actor, fresh, own)
    return _show(request, "chat/details.html", **facts, form=form)


@page
@require_GET
def search(request: HttpRequest) -> HttpResponseBase:
    actor = _actor(request)
    query, slug, before = (request.GET.get(name, "").strip() for name in ("q", "room", "before"))
    facts: dict[str, Any] = {"query": query, "searched_room": slug, "result": None, "problem": ""}
    if query:
        wanted = {"query": query[:200], "room": slug, "before": before}
        try:
            asked = _asked(requests.SearchMessages, **{name: value for name, value in wanted.items() if value})
            facts["result"] = msgspec.to_builtins(search_messages(actor, asked))
        except ProtocolError as error:
            facts["problem"] = error.message
    return _show(request, "chat/search.html", **facts)
