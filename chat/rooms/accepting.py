"""The invitations that wait for a person, to be accepted or declined."""

from django.db import transaction
from django.utils import timezone

from chat.access import Actor
from chat.limits import quotas, rates
from chat.limits.rates import rated
from chat.models import MemberInvitation, Membership, Role, Room
from chat.models.member_invitation import InvitationState
from chat.presenter import present_invitation
from chat.protocol import requests, wire
from chat.protocol.errors import not_found
from chat.rooms import asking, members


def list_invitations(actor: Actor, request: requests.ListInvitations) -> wire.InvitationList:
    """Return the invitations that wait for the actor, newest first."""
    return wire.InvitationList([present_invitation(each) for each in pending_of(actor)])


def pending_of(actor: Actor) -> list[MemberInvitation]:
    found = MemberInvitation.objects.filter(user=actor.id).pending().select_related("room", "invited_by")
    return list(found.order_by("-at")[: asking.PENDING_AT_MOST])


def pending_in(room: Room) -> list[MemberInvitation]:
    """Return the people that a room has invited, for those who moderate it."""
    found = MemberInvitation.objects.filter(room=room).pending().select_related("user", "invited_by")
    return list(found.order_by("-at")[: asking.PENDING_AT_MOST])


@rated(rates.CHANGES)
@transaction.atomic
def accept_invitation(actor: Actor, request: requests.AcceptInvitation) -> wire.MembershipFact:
    """Make the actor a member of a room that has invited them. Raises NOT_FOUND when it has not, or not any more."""
    room = Room.objects.select_for_update(no_key=True).filter(slug=request.room).first()
    quotas.lock_people([actor.id])  # the other choice, made at the same time in another tab, has to wait
    invitation = None if room is None else MemberInvitation.objects.filter(room=room, user=actor.id).pending().first()
    if room is None or invitation is None:
        raise not_found("invitation")
    present = Membership.objects.filter(room=room, user=actor.id).first()
    role = invitation.role if present is None else present.role
    if present is None:
        inviter = Membership.objects.get(room=room, user=invitation.invited_by_id)
        role = min(Role(role), Role(inviter.role), key=lambda each: each.rank).value  # they may be less by now
        quotas.check_coming_in(room, [actor.id], actor)
        members.enter(room, actor.id, actor, role)
    return wire.MembershipFact(room.slug, actor.ref, role)


@rated(rates.CHANGES)
@transaction.atomic
def decline_invitation(actor: Actor, request: requests.DeclineInvitation) -> wire.MembershipFact:
    """Refuse an invitation: for a week the room can't ask again. Raises NOT_FOUND."""
    quotas.lock_people([actor.id])
    invitation = MemberInvitation.objects.filter(room__slug=request.room, user=actor.id).pending().first()
    if invitation is None:
        raise not_found("invitation")
    invitation.state, invitation.at = InvitationState.DECLINED, timezone.now()
    invitation.save(update_fields=["state", "at"])
    asking.tell_uninvited(actor.id, request.room)
    return wire.MembershipFact(request.room, actor.ref, None)
