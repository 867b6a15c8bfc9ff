"""Membership: joining, leaving, adding, removing and roles. Losing it ends every tab's subscription at once."""

import structlog
from django.db import transaction
from msgspec import UNSET, structs

from accounts.bans import end_in_words
from accounts.models import User
from accounts.names import CLAUDE
from chat import access
from chat.access import Actor
from chat.limits import quotas, rates
from chat.limits.rates import rated
from chat.messages import reply_rows
from chat.messages.notices import add_notice, by_whom
from chat.models import Invitation, Kind, Membership, Role, Room, RoomKind
from chat.presenter import user_ref
from chat.protocol import requests, wire
from chat.protocol.errors import failed, not_found, unauthorized
from chat.realtime.events import ephemeral, room_group, user_group
from chat.realtime.layer.publishing import control, publish_after_commit
from chat.rooms import asking

log = structlog.get_logger(__name__)


def enter(room: Room, user_id: int, by: Actor, role: str = Role.MEMBER) -> Membership:
    """Make a person a member of a locked room, with notice and events. They have read what was there before them.

    Every way into a room that exists leads through here. Raises UNAUTHORIZED to the banned, REQUEST_FAILED to others.
    """
    _refuse_banned(room, user_id, by)
    asking.forget(room, user_id)
    notice = add_notice(room, Kind.JOIN, user_id, by_whom(by, user_id))
    membership = Membership.objects.create(room=room, user_id=user_id, role=role, last_read_seq=notice.seq)
    _tell(room, membership.user, role)
    return membership


def _refuse_banned(room: Room, user_id: int, by: Actor) -> None:
    ban = access.ban_of(user_id, room)
    if ban is not None and by.id == user_id:
        raise unauthorized(ban.sentence)
    if ban is not None:
        raise failed(f"@{ban.user.username} is banned from this room{end_in_words(ban.ends_at)}. Lift the ban first.")


@rated(rates.MEMBERS)
@transaction.atomic
def add_member(actor: Actor, request: requests.AddMember) -> wire.MembershipFact:
    """Make a person a member, or ask a stranger first. Raises UNAUTHORIZED for people who don't moderate the room."""
    room, own = access.locked_room_of_member(actor, request.room)
    refuse_direct(room)
    access.check_writable(room)
    _need_rank(own, Role(request.role), "add members")
    person = access.person_called(request.user)
    if person.username == CLAUDE:
        raise failed("Claude is no member of rooms. Write @claude in a room, or start a session.")
    present = Membership.objects.filter(room=room, user=person).first()
    if present is not None:
        return _fact(room, person, present.role)
    if asking.to_be_asked(actor, [person.pk], room):
        _refuse_banned(room, person.pk, actor)
        asking.ask(room, person, actor, request.role)
        return structs.replace(_fact(room, person, None), pending=True)
    quotas.check_coming_in(room, [person.pk], actor)
    enter(room, person.pk, actor, request.role)
    return _fact(room, person, request.role)


@rated(rates.CHANGES)
@transaction.atomic
def remove_member(actor: Actor, request: requests.RemoveMember) -> wire.MembershipFact:
    """End a membership, or take an invitation back. Raises UNAUTHORIZED, or NOT_FOUND for a person who has neither."""
    room, own = access.locked_room_of_member(actor, request.room)
    refuse_direct(room)
    person = access.account_called(request.user)
    invited = asking.invitation_of(room, person)
    if invited is not None:
        _need_rank(own, Role(invited.role), "take this invitation back")
        asking.withdraw(room, person.pk)
        return _fact(room, person, None)
    target = _member(room, person)
    if target.pk != own.pk:
        _need_rank(own, Role(target.role), "remove this member")
    _leave(room, target, actor)
    return _fact(room, person, None)


@transaction.atomic
def quit_room(actor: Actor, request: requests.QuitRoom) -> wire.MembershipFact:
    """End the actor's own membership."""
    room, own = access.locked_room_of_member(actor, request.room)
    refuse_direct(room)
    _leave(room, own, actor)
    return _fact(room, own.user, None)


@rated(rates.CHANGES)
@transaction.atomic
def set_role(actor: Actor, request: requests.SetRole) -> wire.MembershipFact:
    """Change a member's role. No one gives or takes a role above their own."""
    room, own = access.locked_room_of_member(actor, request.room)
    refuse_direct(room)
    person = access.account_called(request.user)
    target = _member(room, person)
    role = Role(request.role)
    _need_rank(own, max(role, Role(target.role), key=lambda each: each.rank), "change this role")
    if target.role == Role.OWNER and role != Role.OWNER:
        _keep_an_owner(room, target)
    give_role(room, target, role)
    return _fact(room, person, role)


def give_role(room: Room, membership: Membership, role: str) -> None:
    """Change the role of a member of a locked room, whatever the rules say. What rests on a lost right ends."""
    was_owner = membership.role == Role.OWNER
    membership.role = role
    membership.save(update_fields=["role"])
    if not access.may_moderate(membership):
        _revoke_invitations(room, membership.user_id)
    _tell(room, membership.user, role)
    if was_owner:
        keep_owner(room, rather_not=membership.pk)


def expel(membership: Membership, by: Actor) -> None:
    """End a membership on the operators' word: the room's own rules do not bind the admin site. Idempotent."""
    with transaction.atomic():
        room = Room.objects.select_for_update(no_key=True).get(pk=membership.room_id)
        # Looked at again under the lock: of two removals at once only one may write a notice.
        if Membership.objects.filter(pk=membership.pk).exists():
            end(room, membership, by)


def _leave(room: Room, membership: Membership, by: Actor) -> None:
    if membership.role == Role.OWNER:
        _keep_an_owner(room, membership)
    end(room, membership, by)
    if membership.user_id == by.id:
        asking.remember_left(room, by.id)


def end(room: Room, membership: Membership, by: Actor, told: str = "") -> None:
    """End a membership of a locked room. told: what the person reads beside the fact, if it was a ban."""
    user = membership.user
    add_notice(room, Kind.LEAVE, user.pk, by_whom(by, user.pk))
    membership.delete()
    _revoke_invitations(room, user.pk)
    reply_rows.withdraw_waiting(room, user.pk, by.id)
    _tell(room, user, None, told)
    control("access", user.pk, room.slug)
    if membership.role == Role.OWNER:
        keep_owner(room)


def _revoke_invitations(room: Room, maker_id: int) -> None:
    """Invitations aren't good any more without their maker's rights; gone, they can't become so again with a new role."""
    Invitation.objects.filter(room=room, created_by=maker_id).delete()
    asking.withdraw_all_by(maker_id, room)


def _tell(room: Room, user: User, role: str | None, told: str = "") -> None:
    """The room hears of the member; the member's own tabs hear it in their own group, joined or not."""
    fact = _fact(room, user, role)
    news = wire.Notification("removed" if role is None else "added", room=room.slug, text=told or UNSET)
    publish_after_commit(
        ephemeral(room_group(room.slug), "member_updated", fact), ephemeral(user_group(user.pk), "notification", news)
    )


def _fact(room: Room, user: User, role: str | None) -> wire.MembershipFact:
    return wire.MembershipFact(room.slug, user_ref(user), role)


def _member(room: Room, person: User) -> Membership:
    membership = Membership.objects.filter(room=room, user=person).select_related("user").first()
    if membership is None:
        raise not_found("member", access.name_typed(person.username))
    return membership


def _need_rank(own: Membership, over: Role, what: str) -> None:
    if not access.may_moderate(own) or Role(own.role).rank < over.rank:
        raise unauthorized(f"You may not {what}.")


def _keep_an_owner(room: Room, leaving: Membership) -> None:
    """A room without an owner could never be changed again; the last one in may leave an empty room.

    Only people who may use Parley count: a deactivated owner changes nothing.
    """
    others = Membership.objects.active().filter(room=room).exclude(pk=leaving.pk)
    if others.exists() and not others.filter(role=Role.OWNER).exists():
        raise failed("Make someone else an owner first.")


def keep_owner(room: Room, rather_not: int | None = None) -> None:
    """Make the highest, then longest-standing active member the owner of a locked room whose owners are all gone.

    Members can't get here (`_keep_an_owner`); operators can, and so can deactivations, bans and deleted accounts. An owner
    who is banned for a while comes back, and stays the owner until then.

    rather_not: the membership that has just been made less; it is taken only if there is no other.
    """
    here = Membership.objects.filter(room=room)
    if room.kind == RoomKind.DIRECT or here.lasting().filter(role=Role.OWNER).exists():
        return
    present = list(here.active().select_related("user").order_by("joined_at", "pk"))
    if present:
        chosen = max(
            present, key=lambda each: (each.pk != rather_not, Role(each.role).rank)
        )  # the first of the highest
        give_role(room, chosen, Role.OWNER)
        add_notice(room, Kind.OWNER, chosen.user_id)
        log.info("room.owner_succeeded", room=room.slug, user=chosen.user_id)


def refuse_direct(room: Room) -> None:
    if room.kind == RoomKind.DIRECT:
        raise failed("A direct room always has the same two people.")
