"""The end of a room: archived, restored, and deleted after a delay in which it can be restored.

Members and operators use the same steps here; `owned` is the only difference. What a deletion takes away is gone from the
database a few messages at a time: one statement for a large room would hold up everyone else's messages.
"""

from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from chat import access
from chat.access import Actor
from chat.files import attachments
from chat.limits import quotas, rates
from chat.limits.rates import rated
from chat.messages.notices import add_notice
from chat.models import Attachment, Kind, Membership, Message, Role, Room, RoomKind
from chat.protocol import requests, wire
from chat.protocol.errors import failed, unauthorized
from chat.realtime.events import ephemeral, user_group
from chat.realtime.layer.publishing import control, publish_after_commit
from chat.rooms.rooms import tell

log = structlog.get_logger(__name__)

_MESSAGES_AT_ONCE: Final = 200


@rated(rates.CHANGES)
@transaction.atomic
def archive_room(actor: Actor, request: requests.ArchiveRoom) -> wire.RoomFact:
    """Make a room read-only. Raises UNAUTHORIZED for those who do not own it."""
    return archive(_owned(actor, request.room, "archive"), actor)


@rated(rates.CHANGES)
@transaction.atomic
def restore_room(actor: Actor, request: requests.RestoreRoom) -> wire.RoomFact:
    """Open an archived room again, also one that is about to be deleted. Raises UNAUTHORIZED, REQUEST_FAILED."""
    room = _owned(actor, request.room, "restore")
    if room.archived_at is not None and room.created_by_id == actor.id:
        # Archived rooms aren't counted: archiving and restoring must not lead past the quota.
        quotas.check_creating(actor)
    return restore(room, actor)


@rated(rates.CHANGES)
@transaction.atomic
def delete_room(actor: Actor, request: requests.DeleteRoom) -> wire.RoomFact:
    """Archive a room, and delete it with everything in it after ROOM_DELETION_DAYS. Raises UNAUTHORIZED."""
    return delete_later(_owned(actor, request.room, "delete"), actor)


def _owned(actor: Actor, slug: str, what: str) -> Room:
    room, membership = access.locked_room_of_member(actor, slug)
    if membership.role != Role.OWNER:
        raise unauthorized(f"Only the room's owners may {what} it.")
    if room.kind == RoomKind.DIRECT:  # there is no other room in which these two could write to each other
        raise failed(f"A direct room can't be {what}d. You can mute it.")
    return room


def archive(room: Room, by: Actor) -> wire.RoomFact:
    """Make a locked room read-only. Idempotent."""
    if room.archived_at is None:
        room.archived_at = timezone.now()
        add_notice(room, Kind.ARCHIVE, by.id)
        room.save(update_fields=["archived_at"])
    return tell(room)


def restore(room: Room, by: Actor) -> wire.RoomFact:
    """Open a locked room again; it returns to its members' lists. Idempotent."""
    if room.archived_at is not None:
        room.archived_at = room.deletes_at = None
        add_notice(room, Kind.RESTORE, by.id)
        room.save(update_fields=["archived_at", "deletes_at"])
        back = wire.Notification("added", room=room.slug)
        members = Membership.objects.filter(room=room).values_list("user", flat=True)
        publish_after_commit(*(ephemeral(user_group(user_id), "notification", back) for user_id in members))
    return tell(room)


def delete_later(room: Room, by: Actor) -> wire.RoomFact:
    """Archive a locked room and note when it is to be deleted. Asked again, the first date stays."""
    if room.deletes_at is None:
        room.deletes_at = timezone.now() + timedelta(days=settings.ROOM_DELETION_DAYS)
        room.save(update_fields=["deletes_at"])
    return archive(room, by)


def delete_some() -> bool:
    """Delete a part of a room whose time has come; return whether there may be more. Several processes may do so."""
    room = Room.objects.filter(deletes_at__lte=timezone.now()).order_by("deletes_at").first()
    if room is None:
        return False
    if not _close(room.pk):
        return True  # restored in this moment
    attachments.drop_some(room)
    ids = list(Message.objects.filter(room=room).order_by("pk").values_list("pk", flat=True)[:_MESSAGES_AT_ONCE])
    with transaction.atomic():
        Message.objects.filter(pk__in=ids).delete()
    if not ids and not Attachment.objects.filter(room=room).exists():
        room.delete()
        log.info("room.deleted", room=room.slug)
    return True


@transaction.atomic
def _close(room_id: int) -> bool:
    """End every membership of a room that is to be deleted now, so that no one meets a room of which a part is gone."""
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id, deletes_at__lte=timezone.now()).first()
    if room is None:
        return False
    if room.kind == RoomKind.OPEN:
        room.kind = RoomKind.CLOSED
        room.save(update_fields=["kind"])
    members = list(Membership.objects.filter(room=room).values_list("user", flat=True))
    Membership.objects.filter(room=room).delete()
    told = f"This room was deleted on {date_format(timezone.now(), 'j F Y')}."
    gone = wire.Notification("removed", room=room.slug, text=told)
    for user_id in members:
        publish_after_commit(ephemeral(user_group(user_id), "notification", gone))
        control("access", user_id, room.slug)
    return True
