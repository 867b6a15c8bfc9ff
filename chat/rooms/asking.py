"""Asking people before a stranger puts them into a room: whom, how often, and what is remembered of it.

Strangers share no closed room or session, and the other has not written in their direct room. Direct rooms themselves need
no asking: there is one for each two people at most.
"""

from collections.abc import Collection
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.limits import quotas
from chat.models import Kind, MemberInvitation, Membership, Message, Role, Room, RoomKind
from chat.models.member_invitation import DECLINED_FOR, InvitationState
from chat.presenter import present_invitation
from chat.protocol import wire
from chat.protocol.errors import failed
from chat.realtime.events import ephemeral, user_group
from chat.realtime.layer.publishing import publish_after_commit

PENDING_AT_MOST: Final = 100
FROM_ONE_PERSON_AT_MOST: Final = 3
_PRIVATE: Final = (RoomKind.CLOSED, RoomKind.SESSION)


# --- Whom to ask --------------------------------------------------------------------------------------------------


def to_be_asked(actor: Actor, people: Collection[int], room: Room | None = None) -> set[int]:
    """Return those of these people who are asked before they come into a room, which may be new."""
    when: str = settings.ASK_BEFORE_ADDING
    if not people or when == "never" or access.is_staff(actor):
        return set()
    if when == "always":
        return set(people)
    asked = set(people) - _known_to(actor, people)
    if room is not None:  # who has left it, or does not want to be in it, is not put back
        asked |= set(MemberInvitation.objects.filter(room=room, user__in=people).values_list("user", flat=True))
    return asked


def _known_to(actor: Actor, people: Collection[int]) -> set[int]:
    own = Membership.objects.filter(user=actor.id, room__kind__in=_PRIVATE).values("room")
    shared = Membership.objects.filter(user__in=people, room__in=own)
    known = set(shared.values_list("user", flat=True).distinct())
    keys = [Room.direct_key_of(actor.id, user_id) for user_id in people if user_id not in known]
    for direct in Room.objects.filter(direct_key__in=keys):
        other = direct.other_than(actor.id)
        # A direct room alone says nothing: anybody can begin one with anybody.
        if other is not None and Message.objects.filter(room=direct, author=other, kind=Kind.TEXT).exists():
            known.add(other)
    return known


def ask(room: Room, person: User, actor: Actor, role: str = Role.MEMBER) -> None:
    """Invite a person to a room that is locked, or new. Raises REQUEST_FAILED to who asks too much, or too soon."""
    quotas.lock_people([person.pk])
    own = MemberInvitation.objects.filter(room=room, user=person)
    if own.pending().exists():
        return
    declined = own.declined_lately().first()
    if declined is not None:
        day = (declined.at + DECLINED_FOR).strftime("%-d %B %Y")
        raise failed(f"@{person.username} declined an invitation to this room. You can ask again on {day}.")
    _check_number(person, actor)
    facts = {"invited_by_id": actor.id, "role": role, "state": InvitationState.PENDING, "at": timezone.now()}
    invitation, _is_new = MemberInvitation.objects.update_or_create(room=room, user=person, defaults=facts)
    news = wire.Notification("invited", room=room.slug, invitation=present_invitation(invitation, actor.ref))
    publish_after_commit(ephemeral(user_group(person.pk), "notification", news))


def _check_number(person: User, actor: Actor) -> None:
    to_them = MemberInvitation.objects.filter(user=person)
    mine = to_them.filter(invited_by=actor.id)
    if mine.pending().count() + mine.declined_lately().count() >= FROM_ONE_PERSON_AT_MOST:
        often = f"You have invited @{person.username} {FROM_ONE_PERSON_AT_MOST} times lately."
        raise failed(f"{often} Wait before you invite them again, or send them a link.")
    if to_them.pending().count() >= PENDING_AT_MOST:
        raise failed(
            f"@{person.username} has {PENDING_AT_MOST} invitations to accept or decline. Send them a link instead."
        )


def invitation_of(room: Room, person: User) -> MemberInvitation | None:
    """Return the invitation that waits for a person, if there is one."""
    return MemberInvitation.objects.filter(room=room, user=person, state=InvitationState.PENDING).first()


# --- What is remembered -------------------------------------------------------------------------------------------


def forget(room: Room, user_id: int) -> None:
    """The person is a member now: their tabs show no invitation any more."""
    withdraw(room, user_id)
    MemberInvitation.objects.filter(room=room, user=user_id).delete()


def withdraw(room: Room, user_id: int) -> None:
    """End an invitation that waits. What the person has said before counts on: they are asked again.

    Without its row, inviting and withdrawing, or banning and unbanning, would be a way around a person's refusal.
    """
    waiting = MemberInvitation.objects.filter(room=room, user=user_id, state=InvitationState.PENDING)
    # Compare and set: a refusal that the person gives in the same moment stays.
    if waiting.update(invited_by=None, state=InvitationState.LEFT, at=timezone.now()):
        tell_uninvited(user_id, room.slug)


def withdraw_all_by(maker_id: int, room: Room) -> None:
    """End the invitations of a person who may not invite any more."""
    theirs = MemberInvitation.objects.filter(room=room, invited_by=maker_id, state=InvitationState.PENDING)
    for user_id in theirs.values_list("user", flat=True):
        withdraw(room, user_id)


def remember_left(room: Room, user_id: int) -> None:
    """The person isn't in the room by their own will: from now on, only they can bring themselves in."""
    facts = {"invited_by": None, "state": InvitationState.LEFT, "at": timezone.now()}
    MemberInvitation.objects.update_or_create(room=room, user_id=user_id, defaults=facts)


def tell_uninvited(user_id: int, slug: str) -> None:
    publish_after_commit(ephemeral(user_group(user_id), "notification", wire.Notification("uninvited", room=slug)))
