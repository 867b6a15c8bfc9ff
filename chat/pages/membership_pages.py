"""The pages about one's own memberships: accepting or declining invitations, and leaving several rooms together."""

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from msgspec import UNSET

from chat.access import Actor
from chat.pages.page import actor_of, asked, done, number_of, page, show
from chat.protocol import requests
from chat.rooms import accepting, leaving

_NAMED_AT_MOST: Final = 5


@page
@require_GET
def invitations(request: HttpRequest) -> HttpResponseBase:
    return show(request, "chat/invitations.html", asks=settings.ASK_BEFORE_ADDING)


@page
@require_POST
def accept_or_decline(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Join the room that invites the reader, or decline."""
    actor = actor_of(request)
    if request.POST.get("do") == "join":
        joined = done(request, lambda: accepting.accept_invitation(actor, asked(requests.AcceptInvitation, room=slug)))
        return redirect("room", slug) if joined else redirect("invitations")
    done(
        request,
        lambda: accepting.decline_invitation(actor, asked(requests.DeclineInvitation, room=slug)),
        "You declined the invitation.",
    )
    return redirect("invitations")


@page
@require_http_methods(["GET", "POST"])
def leave_rooms(request: HttpRequest) -> HttpResponseBase:
    """The reader's rooms, to choose those that they leave together."""
    actor = actor_of(request)
    if request.method == "POST":
        if chosen := request.POST.getlist("room"):
            _leave(request, actor, asked(requests.QuitRooms, rooms=chosen))
        else:
            messages.error(request, "Choose the rooms that you want to leave.")
        return redirect(request.get_full_path())
    query = request.GET.get("q", "").strip()[:60]
    found = leaving.leavable(actor, query, number_of(request.GET.get("page", "")))
    return show(request, "chat/leave_rooms.html", found=found, query=query)


def _leave(request: HttpRequest, actor: Actor, wanted: requests.QuitRooms) -> None:
    results = [leaving.leave(actor, slug) for slug in dict.fromkeys(wanted.rooms)]
    left = sum(each.left for each in results)
    if left:
        messages.success(request, f"You left {left} room{'' if left == 1 else 's'}.")
    kept = [(each.room, each.error.message) for each in results if each.error is not UNSET]
    for slug, why in kept[:_NAMED_AT_MOST]:
        messages.error(request, f"You are still in {slug}. {why}")
    if len(kept) > _NAMED_AT_MOST:
        messages.error(request, f"You are still in {len(kept) - _NAMED_AT_MOST} more rooms for such reasons.")
