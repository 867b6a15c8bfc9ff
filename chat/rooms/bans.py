"""Bans from a room: by its moderators, with a reason and an end. A ban ends at its end, with nothing to lift it.

What a ban keeps its person from is decided where rooms are looked up (`RoomQuerySet.open_to`, `access`) and where
memberships begin (`members.enter`), so no page and no request can forget to ask.
"""

from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone
from msgspec import UNSET, UnsetType

from accounts.bans import LONGEST
from accounts.models import User
from accounts.names import CLAUDE
from chat import access
from chat.access import Actor
from chat.limits import rates
from chat.limits.rates import rated
from chat.models import Membership, Role, Room, RoomBan
from chat.presenter import present_ban, user_ref
from chat.protocol import requests, wire
from chat.protocol.errors import failed, invalid, not_found, unauthorized
from chat.rooms import asking, members


@rated(rates.CHANGES)
@transaction.atomic
def ban_member(actor: Actor, request: requests.BanMember) -> wire.BanFact:
    """Keep a person out of a room, member or not; a second ban replaces the first. Raises UNAUTHORIZED, REQUEST_FAILED."""
    ends_at = _end_of(request.until)
    room, own = access.locked_room_of_member(actor, request.room)
    members.refuse_direct(room)
    _need_moderator(own)
    person = access.account_called(request.user)
    if person.pk == actor.id:
        raise failed("You can't ban yourself. You can leave the room.")
    held = Membership.objects.filter(room=room, user=person).first() or asking.invitation_of(room, person)
    if held is not None and Role(held.role).rank >= Role(own.role).rank:
        raise unauthorized("You can only ban people whose role is below yours.")
    return wire.BanFact(room.slug, present_ban(impose(room, person, actor, request.reason, ends_at)))


@rated(rates.CHANGES)
@transaction.atomic
def unban_member(actor: Actor, request: requests.UnbanMember) -> wire.MembershipFact:
    """Let a banned person come back. They aren't a member again by that. Raises UNAUTHORIZED, or NOT_FOUND."""
    room, own = access.locked_room_of_member(actor, request.room)
    _need_moderator(own)
    person = access.account_called(request.user)
    lifted, _by_model = RoomBan.objects.in_force().filter(room=room, user=person).delete()
    if not lifted:
        raise not_found("ban", access.name_typed(person.username))
    return wire.MembershipFact(room.slug, user_ref(person), None)


def list_bans(actor: Actor, request: requests.ListBans) -> wire.BanList:
    """Return a page of the bans in force, newest first. Raises UNAUTHORIZED for people who don't moderate the room."""
    before = None if request.before is UNSET else int(request.before)
    rows, has_more = of_room(actor, request.room, before, request.limit)
    return wire.BanList(request.room, [present_ban(row) for row in rows], has_more)


def of_room(actor: Actor, slug: str, before: int | None, limit: int) -> tuple[list[RoomBan], bool]:
    """Return a page of a room's bans in force, newest first, and whether there are older ones. Raises as `list_bans`."""
    room = access.room_for(actor, slug)
    own = access.membership_in(actor, room)
    if own is None:
        raise access.refuse_stranger(actor.id, room)
    _need_moderator(own)
    found = RoomBan.objects.in_force().filter(room=room).select_related("user", "created_by").order_by("-pk")
    rows = list((found if before is None else found.filter(pk__lt=before))[: limit + 1])
    return rows[:limit], len(rows) > limit


def impose(room: Room, person: User, by: Actor, reason: str, ends_at: datetime | None) -> RoomBan:
    """Ban a person from a locked room, and end their membership, whatever the roles: callers compare those."""
    if person.username == CLAUDE:
        raise failed("Claude can't be banned. Owners can turn it off in the room's settings.")
    facts = {
        "reason": " ".join(reason.split()),
        "created_by_id": by.id,
        "created_at": timezone.now(),
        "ends_at": ends_at,
    }
    asking.withdraw(room, person.pk)
    ban, _is_new = RoomBan.objects.update_or_create(room=room, user=person, defaults=facts)
    membership = Membership.objects.filter(room=room, user=person).select_related("user").first()
    if membership is not None:
        members.end(room, membership, by, told=ban.sentence)
    return ban


def _need_moderator(own: Membership) -> None:
    if not access.may_moderate(own):
        raise unauthorized("Only the room's owners and moderators may ban people.")


def _end_of(until: int | UnsetType) -> datetime | None:
    if until is UNSET:
        return None
    now = timezone.now()
    if not now.timestamp() * 1000 < until < (now + LONGEST).timestamp() * 1000:
        raise invalid("A ban ends within the next ten years, or has no end.", "$.until")
    return datetime.fromtimestamp(until / 1000, UTC)
