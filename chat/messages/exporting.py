"""Export of a room: all its messages, in batches, so that a room of any size takes the memory of one batch."""

from typing import Final

from chat import access
from chat.access import Actor
from chat.models import Room
from chat.models.weights import lightest
from chat.presenter import present_messages
from chat.protocol import wire
from chat.protocol.errors import unauthorized

BATCH_ROWS: Final = 200
_BATCH_BYTES: Final = 500_000


def room_to_export(actor: Actor, slug: str) -> Room:
    """Return a room that the actor may export. Raises NOT_FOUND, or UNAUTHORIZED for those who do not moderate it."""
    room = access.room_for(actor, slug)
    own = access.membership_in(actor, room)
    if own is None or not access.may_moderate(own):
        raise unauthorized("Only the room's owners and moderators may export it.")
    return room


def batch(actor: Actor, slug: str, after: int, until: int) -> list[wire.Message]:
    """Return the next messages with after < `seq` <= until, in its order; none at the end. Raises as `room_to_export`:
    a person who loses the right while an export runs gets no further batch.
    """
    room = room_to_export(actor, slug)
    some = "room_id = %s AND seq > %s AND seq <= %s"
    rows, _has_more = lightest("seq", some, room.pk, after, until, at_most=BATCH_ROWS, budget=_BATCH_BYTES)
    return present_messages(room.slug, rows)
