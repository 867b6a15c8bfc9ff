"""Opening a room in a tab: membership where the room is open to all, and everything that the tab needs to begin."""

from typing import NamedTuple

from django.db import transaction
from msgspec import UNSET, UnsetType

from chat import access
from chat.access import Actor
from chat.actions import drafts, members, replies, rooms
from chat.models import Membership, Room, RoomKind
from chat.protocol import requests, wire
from chat.protocol.errors import failed, not_found
from chat.realtime import recovery


class Opened(NamedTuple):
    """A `joined` answer, all but who is online."""

    room: wire.Room
    role: str
    last_read_seq: int
    messages: list[wire.Message]
    reset: bool
    has_more: bool
    draft: wire.Draft | UnsetType
    streams: list[wire.Keyframe]

    def joined(self, online: list[wire.OnlineUser]) -> wire.Joined:
        return wire.Joined(
            room=self.room,
            role=self.role,
            change=self.room.change,
            epoch=self.room.epoch,
            online=online,
            messages=self.messages,
            reset=self.reset,
            hasMore=self.has_more,
            lastReadSeq=self.last_read_seq,
            streams=self.streams,
            draft=self.draft,
        )


def open_room(actor: Actor, request: requests.JoinRoom) -> Opened:
    """Make the actor a member of an open room if need be, and read what their tab shows. Raises NOT_FOUND."""
    room, membership = access.room_of_member(actor, request.room) or _enter(actor, request.room)
    after = None if request.after is UNSET else request.after
    found = recovery.since(room, after, None if request.epoch is UNSET else request.epoch)
    draft = drafts.of(room, actor)
    return Opened(
        room=rooms.present(found.room),
        role=membership.role,
        last_read_seq=membership.last_read_seq,
        messages=found.messages,
        reset=found.reset,
        has_more=found.has_more,
        draft=UNSET if draft is None else draft,
        streams=replies.running_in(room),
    )


def _enter(actor: Actor, slug: str) -> tuple[Room, Membership]:
    access.room_for(actor, slug)  # refuses without a lock: who asks for what is not there must hold up nobody
    with transaction.atomic():
        return _enter_locked(actor, slug)


def _enter_locked(actor: Actor, slug: str) -> tuple[Room, Membership]:
    room, membership = access.locked_room_for(actor, slug)
    if membership is not None:  # another tab was quicker
        return room, membership
    if room.kind != RoomKind.OPEN:
        raise not_found("room")
    if room.archived_at is not None:
        raise failed("This room is archived.")
    membership = members.enter(room, actor.id, actor)
    return room, membership
