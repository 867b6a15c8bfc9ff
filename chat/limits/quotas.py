"""How much one person or room may have: counted in the database, in the transaction that adds to it.

The row of the person who is counted is locked first, so that requests at the same time can't all pass. Order of locks: a
room, then people by id. The admin site and commands are not bound by any of this.
"""

from collections.abc import Collection

from django.conf import settings
from django.db.models import Count, Sum

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.models import Attachment, Draft, Invitation, Membership, Room, RoomKind
from chat.protocol.errors import ProtocolError, failed


def lock_people(user_ids: Collection[int]) -> None:
    """Lock people's rows, but not their keys, until the transaction ends: rows that point to them may still be stored."""
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    list(locked.values_list("pk", flat=True))


def check_creating(actor: Actor) -> None:
    """Raise REQUEST_FAILED when the actor has created as many rooms and sessions as one person may keep."""
    most: int = settings.ROOMS_CREATED_PER_USER
    if not most:
        return
    lock_people([actor.id])
    kept = Room.objects.filter(created_by=actor.id, archived_at=None).exclude(kind=RoomKind.DIRECT)
    if kept.count() >= most and not access.is_staff(actor):
        raise failed(f"You have created {most:,} rooms and sessions, the most you can keep. Archive one first.")


def check_coming_in(room: Room, people: Collection[int], actor: Actor) -> None:
    """Raise REQUEST_FAILED when the room has no place for so many more, or one of them is in too many rooms.

    The room is locked, or new.
    """
    most: int = settings.MEMBERS_PER_ROOM
    if most and room.kind != RoomKind.DIRECT and Membership.objects.filter(room=room).count() + len(people) > most:
        raise failed(f"A room can have {most:,} members. Remove some first, or open another room.")
    if not settings.ROOMS_PER_USER:
        return
    lock_people(people)
    counted = Membership.objects.filter(user__in=people, room__archived_at=None).values("user", "user__username")
    full = counted.annotate(rooms=Count("pk")).filter(rooms__gte=settings.ROOMS_PER_USER).order_by("user").first()
    if full is not None:
        raise _in_too_many(actor, full["user"], full["user__username"])


def _in_too_many(actor: Actor, user_id: int, username: str) -> ProtocolError:
    most: int = settings.ROOMS_PER_USER
    if user_id == actor.id:
        return failed(f"You are in {most:,} rooms, the most one person can be in. Leave or archive some first.")
    return failed(f"@{username} is in {most:,} rooms, the most one person can be in, and has to leave some first.")


def check_link(actor: Actor, room: Room) -> None:
    """Raise REQUEST_FAILED when the locked room, or the actor, has as many open invitation links as there may be."""
    good = Invitation.objects.good()
    if 0 < settings.INVITATIONS_PER_ROOM <= good.filter(room=room).count():
        raise failed(
            f"This room has {settings.INVITATIONS_PER_ROOM:,} invitation links, the most there can be. End one."
        )
    if not settings.INVITATIONS_PER_USER:
        return
    lock_people([actor.id])
    if good.filter(created_by=actor.id).count() >= settings.INVITATIONS_PER_USER and not access.is_staff(actor):
        raise failed(f"You have {settings.INVITATIONS_PER_USER:,} invitation links, the most there can be. End one.")


def check_draft(actor: Actor) -> None:
    """Raise REQUEST_FAILED when the actor has as many unsent drafts as one person may keep."""
    most: int = settings.DRAFTS_PER_USER
    if not most:
        return
    lock_people([actor.id])
    if Draft.objects.filter(user=actor.id).exclude(content="").count() >= most:
        raise failed(f"You have {most:,} unsent drafts, the most there can be. Send or clear one first.")


def check_storing(actor: Actor, size: int) -> None:
    """Raise REQUEST_FAILED when a file of so many bytes would be more than one person may store."""
    most: int = settings.UPLOADED_BYTES_PER_USER
    if not most:
        return
    lock_people([actor.id])
    stored = Attachment.objects.filter(uploader=actor.id).aggregate(bytes=Sum("size"))["bytes"] or 0
    if stored + size > most:
        raise failed(f"Your files may have {most:,} bytes together. Delete messages with files that aren't needed.")
