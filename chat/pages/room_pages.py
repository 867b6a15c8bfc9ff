"""The pages about one room: its people, invitations to it, its settings. Every write is an action."""

from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.bans import end_in_words
from chat import access
from chat.access import Actor
from chat.claude.tools.registry import TOOLS
from chat.model_choice import is_demo, model_of
from chat.models import Membership, Role, Room, RoomKind
from chat.pages import page_data
from chat.pages.forms import AddMemberForm, BanPersonForm, ClaudeForm, InvitationForm, RoomDetailsForm
from chat.pages.page import actor_of, asked, done, number_of, page, show, tell_errors
from chat.pages.room_titles import title_of
from chat.protocol import requests, wire
from chat.protocol.errors import ProtocolError, unauthorized
from chat.rooms import accepting, archiving, bans, invitations, member_list, members, rooms

_BANS_ON_A_PAGE: Final = 50


@page
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponseBase:
    actor = actor_of(request)
    shown = access.room_for(actor, slug)
    refused: BanPersonForm | None = None
    if request.method == "POST":
        if request.POST.get("do") == "quit":
            if done(
                request,
                lambda: members.quit_room(actor, asked(requests.QuitRoom, room=slug)),
                f"You left {shown.name}.",
            ):
                return redirect("browse")
        elif request.POST.get("do") == "ban":
            refused = _ban(request, actor, shown)
        else:
            _change_membership(request, actor, shown)
        if refused is None:
            return redirect("room_people", slug)
    own = access.membership_in(actor, shown)
    query = request.GET.get("q", "").strip()[:60]
    found = member_list.page(actor, slug, query, number_of(request.GET.get("page", "")))
    facts = _facts_of(actor, shown, own) | _bans_of(request, actor, shown, own, refused)
    listed = [
        (person, _may_change(own, person.role, shown), _may_ban(own, person.role, shown)) for person in found.people
    ]
    if refused is not None and "ban_form" not in facts:  # the right to ban ended meanwhile
        tell_errors(request, refused)
    facts["invited"] = accepting.pending_in(shown) if facts["moderates"] else []
    return show(request, "chat/people.html", **facts, people=listed, found=found, query=query, roles=Role.values)


def _bans_of(
    request: HttpRequest, actor: Actor, shown: Room, own: Membership | None, refused: BanPersonForm | None
) -> dict[str, Any]:
    """Return what the page shows of bans: the banned, and a form: the refused one, or one for the person in `?ban=`."""
    if own is None or shown.kind == RoomKind.DIRECT or not access.may_moderate(own):
        return {}
    before = number_of(request.GET.get("bans", ""), digits=18)
    banned, has_more = bans.of_room(actor, shown.slug, None if before == 1 else before, _BANS_ON_A_PAGE)
    form = refused or BanPersonForm(initial={"user": request.GET.get("ban", "")[:33]})
    form.focus()
    return {"ban_form": form, "banned": banned, "older_bans": banned[-1].pk if has_more else None}


@page
@require_GET
def people_like(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Members of whose name a word begins with `q`, for completing names in rooms with too many to send them all."""
    typed = request.GET.get("q", "").strip()[:33]
    return JsonResponse({"people": page_data.people_facts(member_list.like(actor_of(request), slug, typed))})


def _ban(request: HttpRequest, actor: Actor, shown: Room) -> BanPersonForm | None:
    """Ban a person. Returns the form if that was refused, with what was typed and why."""
    form = BanPersonForm(request.POST)
    if not form.is_valid():
        return form
    wanted = form.asked
    try:
        bans.ban_member(actor, asked(requests.BanMember, room=shown.slug, **wanted))
    except ProtocolError as error:
        form.add_error("user", error.message)
        return form
    messages.success(request, f"@{wanted['user']} is banned from {shown.name}{end_in_words(form.ends_at)}.")
    return None


def _change_membership(request: HttpRequest, actor: Actor, shown: Room) -> None:
    form = AddMemberForm(request.POST)
    if not form.is_valid():
        tell_errors(request, form)
        return
    user, role = form.cleaned_data["user"], form.cleaned_data["role"] or Role.MEMBER
    match request.POST.get("do"):
        case "add":
            _add(request, actor, shown, asked(requests.AddMember, room=shown.slug, user=user, role=role))
        case "remove":
            done(
                request,
                lambda: members.remove_member(actor, asked(requests.RemoveMember, room=shown.slug, user=user)),
                f"@{user} is not in {shown.name} any more.",
            )
        case "withdraw":
            done(
                request,
                lambda: members.remove_member(actor, asked(requests.RemoveMember, room=shown.slug, user=user)),
                f"The invitation of @{user} is withdrawn.",
            )
        case "unban":
            done(
                request,
                lambda: bans.unban_member(actor, asked(requests.UnbanMember, room=shown.slug, user=user)),
                f"@{user} may come back to {shown.name}.",
            )
        case "role":
            done(
                request,
                lambda: members.set_role(actor, asked(requests.SetRole, room=shown.slug, user=user, role=role)),
                f"@{user} is {role} now.",
            )


def _add(request: HttpRequest, actor: Actor, shown: Room, wanted: requests.AddMember) -> None:
    added: list[wire.MembershipFact] = []
    if not done(request, lambda: added.append(members.add_member(actor, wanted))):
        return
    name = f"@{added[0].user.username}"
    if added[0].pending is True:
        messages.success(request, f"{name} has an invitation now, and is in {shown.name} once they accept it.")
    else:
        messages.success(request, f"{name} is in {shown.name} now.")


def _facts_of(actor: Actor, shown: Room, own: Membership | None) -> dict[str, Any]:
    return {
        "room": shown,
        "room_title": title_of(rooms.present(shown), actor),
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


def _may_ban(own: Membership | None, role: str, shown: Room) -> bool:
    return _may_change(own, role, shown) and own is not None and Role(own.role).rank > Role(role).rank


@page
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, slug: str) -> HttpResponseBase:
    actor = actor_of(request)
    shown = access.room_for(actor, slug)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        revoked = request.POST.get("revoke", "")
        if revoked.isascii() and revoked.isdigit() and len(revoked) < 19:
            done(request, lambda: invitations.revoke(actor, int(revoked)), "The link does not work any more.")
        elif form.is_valid():
            wanted = form.cleaned_data
            done(request, lambda: invitations.create(actor, slug, wanted["days"], wanted["uses"]), "Here is your link.")
        else:
            tell_errors(request, form)
        return redirect("room_invite", slug)
    own = access.membership_in(actor, shown)
    links = [
        (each, request.build_absolute_uri(reverse("invitation", args=[each.token])))
        for each in invitations.of_room(actor, slug)
    ]
    return show(request, "chat/invite.html", **_facts_of(actor, shown, own), links=links, form=form)


@page
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page behind an invitation link. It tells nothing of the room when the link is not good any more."""
    actor = actor_of(request)
    if request.method == "POST":
        return redirect("room", invitations.accept(actor, token))
    found = invitations.look_up(token)
    if found is None:
        return render(request, "chat/invitation_over.html", status=404)
    if access.membership_in(actor, found.room) is not None:
        return redirect("room", found.room.slug)
    ban = access.ban_of(actor.id, found.room)
    if ban is not None:  # the page tells what the room is called now, and what it is about
        raise unauthorized(ban.sentence)
    member_count = Membership.objects.filter(room=found.room).count()
    return render(
        request, "chat/invitation.html", {"invitation": found, "room": found.room, "member_count": member_count}
    )


@page
@require_http_methods(["GET", "POST"])
def details(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Name, topic and kind of a room, muting it, archiving, restoring and deleting it."""
    actor = actor_of(request)
    shown = access.room_for(actor, slug)
    own = access.membership_in(actor, shown)
    form = RoomDetailsForm(instance=shown)
    facts = _facts_of(actor, shown, own)
    claude = ClaudeForm(None, shown, may_change=facts["moderates"])
    match request.POST.get("do"):
        case "mute":
            muted = request.POST.get("muted") == "1"
            said = "You will not be notified." if muted else "You will be notified again."
            done(request, lambda: rooms.mute_room(actor, asked(requests.MuteRoom, room=slug, muted=muted)), said)
            return redirect("room_details", slug)
        case "archive":
            said = "Archived. You can restore this room here."
            done(request, lambda: archiving.archive_room(actor, asked(requests.ArchiveRoom, room=slug)), said)
            return redirect("room_details", slug)
        case "restore":
            said = "Restored. Members can write here again."
            done(request, lambda: archiving.restore_room(actor, asked(requests.RestoreRoom, room=slug)), said)
            return redirect("room_details", slug)
        case "delete":
            said = "Archived. Until the room is deleted, you can restore it here."
            done(request, lambda: archiving.delete_room(actor, asked(requests.DeleteRoom, room=slug)), said)
            return redirect("room_details", slug)
        case "save":
            # Its own copy of the room: the form writes what was typed into it, valid or not.
            form = RoomDetailsForm(request.POST, instance=access.room_for(actor, slug))
            if form.is_valid() and _save_details(request, actor, slug, form.cleaned_data):
                return redirect("room_details", slug)
        case "claude":
            claude = ClaudeForm(request.POST, shown)
            if claude.is_valid() and _save(request, actor, slug, claude=claude.asked):
                return redirect("room_details", slug)
            tell_errors(request, claude)
    chosen_tools = [tool.label for tool in TOOLS.values() if tool.name in shown.claude_tools]
    claude_facts: dict[str, Any] = {
        "claude": claude,
        "model": model_of(shown),
        "is_demo": is_demo(),
        "chosen_tools": chosen_tools,
        "deletion_days": settings.ROOM_DELETION_DAYS,
    }
    return show(request, "chat/details.html", **facts, **claude_facts, form=form)


def _save_details(request: HttpRequest, actor: Actor, slug: str, typed: dict[str, str]) -> bool:
    wanted = {name: typed[name] for name in ("name", "topic", "kind") if typed[name] or name == "topic"}
    return _save(request, actor, slug, **wanted)


def _save(request: HttpRequest, actor: Actor, slug: str, **wanted: Any) -> bool:
    return done(request, lambda: rooms.update_room(actor, asked(requests.UpdateRoom, room=slug, **wanted)), "Saved.")
