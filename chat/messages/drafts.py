"""Unsent text. The higher version wins, so that a late save from a sleeping tab cannot overwrite newer words."""

import time
from collections.abc import Collection
from typing import Final

from django.conf import settings
from django.db import transaction
from msgspec import UNSET

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.limits import quotas, rates
from chat.limits.rates import rated
from chat.models import Draft, Room
from chat.models.plain_sql import rows_of
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError, invalid
from chat.realtime.events import ephemeral, room_group, user_group
from chat.realtime.layer.publishing import publish_after_commit

# How far a version may run ahead: of the stored one for clients that count, of our clock for those that send the time.
_VERSIONS_AHEAD: Final = 1000
_MS_AHEAD: Final = 60_000


def of(room: Room, actor: Actor) -> wire.Draft | None:
    """Return the draft that the actor's tabs show in this room."""
    return of_people(room, [actor.id]).get(actor.id)


def of_people(room: Room, user_ids: Collection[int]) -> dict[int, wire.Draft]:
    """Return the drafts that these people's tabs show in this room, by user id."""
    if room.is_session:
        shared = rows_of(Draft, "content", "version", "saved_by", room=room.pk, user=None)
        return dict.fromkeys(user_ids, _shared(*shared[0])) if shared else {}
    found = rows_of(Draft, "user", "content", "version", room=room.pk, user=user_ids)
    return {user_id: wire.Draft(*draft) for user_id, *draft in found}


def _shared(content: str, version: int, saved_by: int | None) -> wire.Draft:
    """Return a session's draft. Of an empty one no one needs to know who emptied it, nor of an account that is gone."""
    writers = rows_of(User, "pk", "username", "display_name", pk=saved_by) if content and saved_by is not None else []
    user = wire.UserRef.of(*writers[0]) if writers else UNSET
    return wire.Draft(content, version, user)


def _owner(room: Room, actor: Actor) -> int | None:
    return None if room.is_session else actor.id


@rated(rates.SAVES)
@transaction.atomic
def save_draft(actor: Actor, request: requests.SaveDraft) -> wire.DraftFact:
    """Keep a draft. Raises CONFLICT, with what is stored, when its version is not newer, and VALIDATION_ERROR when it is so
    far ahead that other tabs could not go beyond it."""
    if settings.CONTENT_CHARS and len(request.content) > settings.CONTENT_CHARS:
        raise invalid("The text is too long.", "$.content")
    # The room's row lock makes the comparison of versions safe between processes.
    room, _membership = access.locked_room_of_member(actor, request.room)
    draft = Draft.objects.filter(room=room, user=_owner(room, actor)).first()
    if draft is None:
        draft = Draft(room=room, user_id=_owner(room, actor))
    if request.version <= draft.version:
        raise ProtocolError(
            ErrorCode.CONFLICT,
            "There is a newer draft.",
            details={"content": draft.content, "version": draft.version},
        )
    if request.version > _highest_version(draft.version):
        # The highest number that there is would be the last version of this draft, for everyone who shares it.
        raise invalid(f"The version is too far ahead. The stored one is {draft.version}: send the next.", "$.version")
    if request.content and not draft.content and not room.is_session:
        quotas.check_draft(actor)
    draft.content, draft.version, draft.saved_by_id = request.content, request.version, actor.id
    draft.save()
    fact = wire.DraftFact(room.slug, draft.content, draft.version, actor.ref)
    group = room_group(room.slug) if room.is_session else user_group(actor.id)
    publish_after_commit(ephemeral(group, "draft_updated", fact))
    return fact


def _highest_version(stored: int) -> int:
    return max(stored + _VERSIONS_AHEAD, int(time.time() * 1000) + _MS_AHEAD)
