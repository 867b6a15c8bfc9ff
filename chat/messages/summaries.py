"""What Claude remembers of messages that it no longer sees, and when it must forget. All under the room's lock.

The rule: a stored summary was made of nothing but messages as they are now. An edit or a deletion calls `forget`, which
drops the whole summary if the message is in it: no one can tell which of its words came from there. An edit or deletion
that comes while a summary is being made is noticed by `keep`, which compares what was read with what is there.
"""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from chat.models import Kind, Message, Room, RoomSummary


def forget(room_id: int, seq: int) -> None:
    """Drop the room's summary if it covers this message, whose content changes or goes. Call under the room's lock."""
    covering = RoomSummary.objects.filter(room_id=room_id, upto_seq__gte=seq)
    covering.update(text="", upto_seq=0, updated_at=timezone.now())


@transaction.atomic
def keep(room_id: int, old: tuple[int, str], new: tuple[int, str], read: Mapping[int, str]) -> bool:
    """Put a new (upto_seq, text) in the place of the old one; return whether that was still right.

    read: the content of each message that was read for it, by id. Not the old upto_seq alone is compared: a summary that
    was forgotten and made again may have come to the same place, while the new text still builds on the forgotten one.
    """
    if Room.objects.select_for_update(no_key=True).filter(pk=room_id).first() is None:
        return False
    living = Message.objects.filter(room_id=room_id, pk__in=list(read), kind=Kind.TEXT, deleted_at=None)
    if dict(living.values_list("pk", "content")) != dict(read):
        return False
    RoomSummary.objects.get_or_create(room_id=room_id)
    same = RoomSummary.objects.filter(room_id=room_id, upto_seq=old[0], text=old[1])
    return bool(same.update(upto_seq=new[0], text=new[1], updated_at=timezone.now()))
