"""Keeps an owner in every room: when the last one is gone, another member becomes the owner.

A person can lose their access in many ways: on the admin site, by a command, in a shell, with their account. So this
listens to the loss, not to its ways. A loss that no signal tells of (`queryset.update()`, a process that died in between) is
found later.
"""

from functools import partial
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.revocation import access_lost
from chat.models import Membership, Role, Room, RoomKind
from chat.rooms import members

log = structlog.get_logger(__name__)

_ROOMS_AT_ONCE: Final = 50


def watch() -> None:
    access_lost.connect(_hand_on, dispatch_uid="chat.succession")


def _hand_on(user_id: int, **_: Any) -> None:
    """Look at the rooms that a person owns once they are gone. One transaction for each: many locks would hold up many."""
    owned = Membership.objects.filter(user=user_id, role=Role.OWNER).exclude(room__kind=RoomKind.DIRECT)
    for room_id in owned.values_list("room", flat=True):
        transaction.on_commit(partial(keep_owner_of, room_id), robust=True)


@transaction.atomic
def keep_owner_of(room_id: int) -> None:
    """Give a room an owner if it has none. Idempotent."""
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id).first()
    if room is not None:
        members.keep_owner(room)


def keep_owners() -> bool:
    """Give owners to some of the rooms that lack one; return whether there may be more."""
    here = Membership.objects.filter(room=OuterRef("pk"))
    lacking = Room.objects.exclude(kind=RoomKind.DIRECT).filter(
        ~Exists(here.lasting().filter(role=Role.OWNER)), Exists(here.active())
    )
    found = list(lacking.order_by("pk").values_list("pk", flat=True)[:_ROOMS_AT_ONCE])
    for room_id in found:
        keep_owner_of(room_id)
    return len(found) == _ROOMS_AT_ONCE
