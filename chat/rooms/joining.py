"""Opening a room in a tab: membership where the room is open to all, and everything that the tab needs to begin."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from django.db import transaction
from msgspec import UNSET, UnsetType

from chat import access
from chat.access import Actor
from chat.limits import quotas, rates
from chat.messages import drafts, replies
from chat.models import Membership, Room, RoomKind
from chat.protocol import requests, wire
from chat.protocol.errors import ProtocolError, not_found
from chat.realtime.delivery import recovery
from chat.rooms import members, rooms


class Opened(NamedTuple):
    """A `joined` response, all but who is online."""

    room: wire.Room
    role: str
    last_read_seq: int
    messages: list[wire.Message]
    reset: bool
    has_more: bool
    draft: wire.Draft | UnsetType
    streams: list[wire.Keyframe]

    def joined(self, online: list[wire.OnlineUser], online_count: int) -> wire.Joined:
        return wire.Joined(
            room=self.room,
            role=self.role,
            change=self.room.change,
            epoch=self.room.epoch,
            online=online,
            onlineCount=online_count,
            messages=self.messages,
            reset=self.reset,
            hasMore=self.has_more,
            lastReadSeq=self.last_read_seq,
            streams=self.streams,
            draft=self.draft,
        )


class Asked(NamedTuple):
    """Who wants to open which room, and from which position."""

    actor: Actor
    request: requests.JoinRoom


def open_room(actor: Actor, request: requests.JoinRoom) -> Opened:
    """Make the actor a member of an open room if need be, and read what their tab shows. Raises NOT_FOUND."""
    (result,) = open_rooms([Asked(actor, request)])
    if isinstance(result, ProtocolError):
        raise result
    return result


def open_rooms(asked: Sequence[Asked]) -> list[Opened | ProtocolError]:
    """Do as `open_room` for many tabs; return a result for each, in their order.

    After a restart all tabs come back within seconds, many into one room and from one position. What does not differ
    between them is read once.
    """
    by_room: dict[str, list[int]] = {}
    for number, each in enumerate(asked):
        by_room.setdefault(each.request.room, []).append(number)
    results: dict[int, Opened | ProtocolError] = {}
    for slug, numbers in by_room.items():
        visit = _Visit(slug, {asked[number].actor.id for number in numbers})
        for number in numbers:
            results[number] = visit.open(*asked[number])
    return [results[number] for number in range(len(asked))]


class _Visit:
    """A room that some people open at the same time."""

    def __init__(self, slug: str, user_ids: set[int]) -> None:
        self._slug = slug
        self._user_ids = user_ids
        self._members = access.room_of_members(slug, user_ids)
        self._moments: dict[int, _Moment] = {}

    def open(self, actor: Actor, request: requests.JoinRoom) -> Opened | ProtocolError:
        try:
            room, membership = self._members.get(actor.id) or _enter(actor, self._slug)
        except ProtocolError as error:
            return error
        # Entering changes the room.
        if room.change not in self._moments:
            self._moments[room.change] = _Moment(room, self._user_ids)
        return self._moments[room.change].open(membership, request)


class _Moment:
    """A room as it was at one change. All is read after the room; first what changed, for that changes again soonest."""

    def __init__(self, room: Room, user_ids: set[int]) -> None:
        self._room = room
        self._user_ids = user_ids
        self._found: dict[tuple[int | None, str | None], recovery.Since] = {}

    def open(self, membership: Membership, request: requests.JoinRoom) -> Opened:
        found = self._since(
            None if request.after is UNSET else request.after, None if request.epoch is UNSET else request.epoch
        )
        return Opened(
            room=self._shown,
            role=membership.role,
            last_read_seq=membership.last_read_seq,
            messages=found.messages,
            reset=found.reset,
            has_more=found.has_more,
            draft=self._drafts.get(membership.user_id, UNSET),
            streams=self._streams,
        )

    @cached_property
    def _shown(self) -> wire.Room:
        return rooms.present(self._room)

    @cached_property
    def _drafts(self) -> dict[int, wire.Draft]:
        return drafts.of_people(self._room, self._user_ids)

    @cached_property
    def _streams(self) -> list[wire.Keyframe]:
        return replies.running_in(self._room)

    def _since(self, *position: Any) -> recovery.Since:
        if position not in self._found:
            self._found[position] = recovery.since(self._room, *position)
        return self._found[position]


def _enter(actor: Actor, slug: str) -> tuple[Room, Membership]:
    rates.take(actor, rates.CHANGES)  # a notice that all members hear
    access.room_for(actor, slug)  # refuses without a lock: who asks for what is not there must hold up no one
    with transaction.atomic():
        return _enter_locked(actor, slug)


def _enter_locked(actor: Actor, slug: str) -> tuple[Room, Membership]:
    room, membership = access.locked_room_for(actor, slug)
    if membership is not None:  # another tab was quicker
        return room, membership
    if room.kind != RoomKind.OPEN:
        raise not_found("room")
    access.check_writable(room)
    quotas.check_coming_in(room, [actor.id], actor)
    membership = members.enter(room, actor.id, actor)
    return room, membership
