"""Durable changes of a room: taking the next `change`, and the notices that tell of joins, renames and the like."""

from datetime import datetime

from django.utils import timezone

from chat.access import Actor
from chat.models import Kind, Message, Room
from chat.presenter import present_message
from chat.realtime.events import durable
from chat.realtime.layer.publishing import publish_after_commit


def take_change(room: Room) -> int:
    """Return the room's next `change`. The room's row must be locked in the current transaction."""
    room.change += 1
    Room.objects.filter(pk=room.pk).update(change=room.change)
    return room.change


def add_notice(room: Room, kind: Kind, author_id: int, content: str = "", at: datetime | None = None) -> Message:
    """Store a notice in a locked room and publish it after commit."""
    change = take_change(room)
    notice = Message.objects.create(
        room=room,
        seq=change,
        change=change,
        kind=kind,
        author_id=author_id,
        content=content,
        created_at=at or timezone.now(),
    )
    publish_after_commit(durable(present_message(room.slug, notice)))
    return notice


def by_whom(actor: Actor, person_id: int) -> str:
    """Return what a join or leave notice says about who did it: nothing when people did it themselves."""
    return "" if actor.id == person_id else actor.username
