"""How far people have read."""

from django.db import transaction

from chat import access, unread
from chat.access import Actor
from chat.limits import rates
from chat.limits.rates import rated
from chat.protocol import requests, wire
from chat.realtime.events import ephemeral, user_group
from chat.realtime.layer.publishing import publish_after_commit


@rated(rates.SAVES)
@transaction.atomic
def mark_read(actor: Actor, request: requests.MarkRead) -> wire.ReadFact:
    """Move the actor's read cursor, also backwards; all their tabs hear it. Raises NOT_FOUND."""
    room, membership = access.locked_room_of_member(actor, request.room)
    membership.last_read_seq = min(request.seq, room.change)
    membership.save(update_fields=["last_read_seq"])
    count = unread.in_room(actor.id, room.pk, membership.last_read_seq)
    fact = wire.ReadFact(room.slug, membership.last_read_seq, count.unread, count.mentions)
    publish_after_commit(ephemeral(user_group(actor.id), "read_updated", fact))
    return fact
