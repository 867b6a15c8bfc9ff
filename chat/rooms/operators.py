"""What operators do to rooms and memberships without being in them: the room's own rules do not bind the admin site.

Each function is one transaction under the room's lock, with the same notices and events as the members' own actions.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from chat.access import Actor
from chat.messages.notices import add_notice
from chat.models import Kind, Membership, Room, RoomBan, RoomKind
from chat.models.room import CLAUDE_COLUMNS
from chat.protocol.errors import failed
from chat.protocol.room_settings import ClaudeOptions
from chat.rooms import archiving, bans, claude_settings, members, rooms


@transaction.atomic
def change_room(room_id: int, wanted: dict[str, Any], operator: Actor) -> None:
    """Change name, topic, kind or Claude's settings, whichever columns are wanted; tabs follow at once."""
    room = _locked(room_id)
    fields = {name: value for name, value in wanted.items() if getattr(room, name) != value}
    of_claude = {name: fields.pop(column) for name, column in CLAUDE_COLUMNS.items() if column in fields}
    if of_claude:
        claude_settings.change(room, ClaudeOptions(**of_claude))
        room.save(update_fields=[CLAUDE_COLUMNS[name] for name in of_claude])
    if not (fields or of_claude):
        return
    if "kind" in fields and {room.kind, fields["kind"]} - {RoomKind.OPEN, RoomKind.CLOSED}:
        raise failed("Only open and closed rooms can become each other.")
    if "name" in fields:
        add_notice(room, Kind.RENAME, operator.id, fields["name"])
    if "topic" in fields:
        add_notice(room, Kind.TOPIC, operator.id, fields["topic"])
    for name, value in fields.items():
        setattr(room, name, value)
    # These fields only: a whole row from a form opened a while ago would turn the room's counter back.
    room.save(update_fields=list(fields))
    rooms.tell(room)


@transaction.atomic
def archive_room(room_id: int, operator: Actor) -> None:
    """Make a room read-only. Idempotent."""
    archiving.archive(_locked(room_id), operator)


@transaction.atomic
def restore_room(room_id: int, operator: Actor) -> None:
    """Open an archived room again, also one that is about to be deleted. Idempotent."""
    archiving.restore(_locked(room_id), operator)


@transaction.atomic
def delete_room(room_id: int, operator: Actor) -> None:
    """Archive a room, and have it deleted after the usual delay. Raises REQUEST_FAILED for a direct room."""
    room = _locked(room_id)
    members.refuse_direct(room)
    archiving.delete_later(room, operator)


@transaction.atomic
def add_member(room_id: int, user_id: int, role: str, operator: Actor) -> Membership:
    """Make someone a member. Raises REQUEST_FAILED when they are one already, e.g. since the form was opened."""
    room = _locked(room_id)
    if Membership.objects.filter(room=room, user=user_id).exists():
        raise failed("They are a member of this room already.")
    return members.enter(room, user_id, operator, role)


@transaction.atomic
def set_role(membership: Membership, role: str) -> None:
    """Change a member's role, and tell the room and the member."""
    room = _locked(membership.room_id)
    current = Membership.objects.filter(pk=membership.pk).select_related("user").first()
    if current is not None:
        members.give_role(room, current, role)


@transaction.atomic
def remove_member(membership: Membership, operator: Actor) -> None:
    """End a membership and every subscription that rests on it. Idempotent: a second notice would be a lie."""
    members.expel(membership, operator)


@transaction.atomic
def ban(room_id: int, user_id: int, reason: str, ends_at: datetime | None, operator: Actor) -> RoomBan:
    """Keep a person out of a room, and end their membership. A second ban replaces the first."""
    room = _locked(room_id)
    members.refuse_direct(room)
    return bans.impose(room, User.objects.get(pk=user_id), operator, reason, ends_at)


def _locked(room_id: int) -> Room:
    return Room.objects.select_for_update(no_key=True).get(pk=room_id)
