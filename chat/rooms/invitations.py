"""Invitation links: anyone who has one, and is signed in, may join. A link is good as long as its maker may invite."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from chat import access
from chat.access import Actor
from chat.limits import quotas, rates
from chat.limits.rates import rated
from chat.models import Invitation, Membership, Room
from chat.protocol.errors import ErrorCode, ProtocolError, not_found, unauthorized
from chat.rooms import members


@rated(rates.INVITATIONS)
@transaction.atomic
def create(actor: Actor, slug: str, days: int, uses: int | None) -> Invitation:
    """Make a link that is good for some days and, if given, a number of uses. Raises UNAUTHORIZED, REQUEST_FAILED."""
    room, membership = access.locked_room_of_member(actor, slug)
    if not access.may_moderate(membership):
        raise unauthorized("Only the room's owners and moderators may invite.")
    members.refuse_direct(room)
    access.check_writable(room)
    quotas.check_link(actor, room)
    return Invitation.objects.create(
        room=room, created_by_id=actor.id, expires_at=timezone.now() + timedelta(days=days), uses_left=uses
    )


def look_up(token: str) -> Invitation | None:
    """Return the invitation behind a link while it is good."""
    return Invitation.objects.good().select_related("room", "created_by").filter(token=token).first()


@rated(rates.CHANGES)
@transaction.atomic
def accept(actor: Actor, token: str) -> str:
    """Bring the actor into the room; return its slug. Raises NOT_FOUND when the link is not good any more."""
    invitation = look_up(token)
    if invitation is None:
        raise not_found("invitation")
    room = Room.objects.select_for_update(no_key=True).get(pk=invitation.room_id)
    if look_up(token) is None:  # it ended while we waited for the room, with its maker's rights perhaps
        raise not_found("invitation")
    if Membership.objects.filter(room=room, user=actor.id).exists():
        return room.slug
    quotas.check_coming_in(room, [actor.id], actor)
    if invitation.uses_left is not None:
        # Compare and set: the last use of a link goes to one of two people who click in the same moment.
        taken = Invitation.objects.filter(pk=invitation.pk, uses_left__gt=0).update(uses_left=F("uses_left") - 1)
        if not taken:
            raise not_found("invitation")
    members.enter(room, actor.id, actor)
    return room.slug


@transaction.atomic
def revoke(actor: Actor, invitation_id: int) -> None:
    """End a link. Raises NOT_FOUND, UNAUTHORIZED."""
    invitation = Invitation.objects.select_related("room").filter(pk=invitation_id).first()
    if invitation is None:
        raise not_found("invitation")
    try:
        _room, membership = access.locked_room_of_member(actor, invitation.room.slug)
    except ProtocolError as error:
        if error.code != ErrorCode.NOT_FOUND:
            raise
        # As it is, the error names the room, which this actor may not know of.
        raise not_found("invitation") from error
    if not access.may_moderate(membership):
        raise unauthorized("Only the room's owners and moderators may end an invitation.")
    invitation.delete()


def of_room(actor: Actor, slug: str) -> list[Invitation]:
    """Return a room's links that are still good, for those who moderate it."""
    room = access.room_for(actor, slug)
    membership = access.membership_in(actor, room)
    if membership is None or not access.may_moderate(membership):
        return []
    return list(Invitation.objects.good().filter(room=room).select_related("created_by"))
