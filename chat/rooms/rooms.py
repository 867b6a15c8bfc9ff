"""Rooms: listing, creating, changing."""

import re
import secrets
import unicodedata
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from msgspec import UNSET, structs

from accounts.models import User
from accounts.names import CLAUDE
from chat import access
from chat.access import Actor
from chat.limits import quotas, rates
from chat.limits.rates import rated
from chat.messages.naming import NEW_SESSION
from chat.messages.notices import add_notice
from chat.models import Draft, Kind, Membership, Role, Room, RoomKind
from chat.models.room import CLAUDE_COLUMNS
from chat.presenter import present_room, user_ref
from chat.protocol import requests, wire
from chat.protocol.errors import failed, invalid, unauthorized
from chat.realtime.events import ephemeral, room_group, user_group
from chat.realtime.layer.publishing import publish_after_commit
from chat.rooms import asking, claude_settings, room_list

_SLUG_CHARS: Final = 50
_SLUG_TRIES: Final = 5
_SECRET_BYTES: Final = 4
_ALL_ROOMS: Final = requests.ListRooms()


def list_rooms(actor: Actor, request: requests.ListRooms = _ALL_ROOMS) -> wire.RoomList:
    """Return a page of the actor's rooms, with what is unread in them."""
    return listed_rooms(actor, request)[0]


def listed_rooms(actor: Actor, request: requests.ListRooms) -> tuple[wire.RoomList, list[str]]:
    """Return a page of the actor's rooms, and the slugs of those whose news their connection wants to hear.

    Two queries for most people, four for those with more rooms than a page holds.
    """
    found = room_list.of_user(actor.id, request)
    listed = with_people(found.rooms)
    if request == _ALL_ROOMS:  # as it was before there were pages
        listed.sort(key=lambda room: (room.name.casefold(), room.slug))
    cursor = UNSET if found.next is None else str(found.next)
    return wire.RoomList(listed, found.next is not None, found.total, next=cursor), found.slugs


def with_people(found: list[tuple[int, wire.ListedRoom]]) -> list[wire.ListedRoom]:
    """Return listed rooms, the direct ones with the people after whom they are called."""
    people = people_of_direct_rooms([room_id for room_id, room in found if room.kind == RoomKind.DIRECT])
    return [structs.replace(room, members=people[pk]) if pk in people else room for pk, room in found]


def people_of_direct_rooms(room_ids: list[int]) -> dict[int, list[wire.UserRef]]:
    """Return who is in each direct room, by the room's id: a direct room is called after them."""
    people: dict[int, list[wire.UserRef]] = {}
    if room_ids:
        for membership in Membership.objects.filter(room__in=room_ids).select_related("user").order_by("pk"):
            people.setdefault(membership.room_id, []).append(user_ref(membership.user))
    return people


def present(room: Room) -> wire.Room:
    if room.kind != RoomKind.DIRECT:
        return present_room(room)
    people = [row.user for row in Membership.objects.filter(room=room).select_related("user").order_by("pk")]
    shown = present_room(room, [user_ref(person) for person in people])
    return structs.replace(shown, unreachable=True) if any(person.is_gone for person in people) else shown


def create_room(actor: Actor, request: requests.CreateRoom) -> wire.RoomFact:
    """Create a room owned by the actor; for two people the direct room that they already have is returned.

    A session needs no name: it is called after its first prompt.
    """
    if request.kind != "direct":  # before each of the people is looked up
        rates.take(actor, rates.ROOMS)
        rates.take(actor, rates.MEMBERS, len(request.members))
    people = access.people_called(request.members)
    if any(person.username == CLAUDE for person in people):
        raise failed("Claude is no member of rooms. Write @claude in a room, or start a session.")
    if request.kind == "direct":
        return _direct_room(actor, people)
    others = [person for person in people if person.pk != actor.id]
    return _create(actor, request, others)


def new_session(actor: Actor) -> str:
    """Return the slug of a session in which nothing has happened: the newest one that the actor left so, or a new one.

    Each click would store a room otherwise, and fill the list with sessions that no one has written in.
    """
    untouched = Room.objects.filter(kind=RoomKind.SESSION, name=NEW_SESSION, change=0, archived_at=None, topic="")
    as_made = untouched.filter(**{CLAUDE_COLUMNS[name]: value for name, value in Room.claude_defaults().items()})
    own = as_made.filter(created_by=actor.id, memberships__user=actor.id, attachments=None)
    shared = Membership.objects.filter(room=OuterRef("pk")).exclude(user=actor.id)
    drafts = Draft.objects.filter(room=OuterRef("pk")).exclude(content="")
    found = own.exclude(Exists(shared)).exclude(Exists(drafts)).order_by("-pk").values_list("slug", flat=True).first()
    return found or create_room(actor, requests.CreateRoom(kind="session")).room.slug


@transaction.atomic
def _create(actor: Actor, request: requests.CreateRoom, others: list[User]) -> wire.RoomFact:
    name = request.name.strip() if request.name is not UNSET else ""
    slug = request.room if request.room is not UNSET else ""
    if not (name or slug) and request.kind != "session":
        raise invalid("Give the room a name.", "$.name")
    room = Room(kind=request.kind, name=name or slug or NEW_SESSION, topic=request.topic, created_by_id=actor.id)
    room.wants_title = not (name or slug)
    claude_settings.change(room, request.claude)
    quotas.lock_people([actor.id, *(person.pk for person in others)])  # all at once: one after the other may deadlock
    quotas.check_creating(actor)
    _insert(room, slug, actor)
    asked = asking.to_be_asked(actor, [person.pk for person in others])
    _fill(room, actor, [person for person in others if person.pk not in asked])
    invited = [person for person in others if person.pk in asked]
    for person in invited:
        asking.ask(room, person, actor)
    return wire.RoomFact(present_room(room), [user_ref(person) for person in invited] or UNSET)


def _direct_room(actor: Actor, people: list[User]) -> wire.RoomFact:
    others = [person for person in people if person.pk != actor.id]
    if len(others) != 1:
        raise invalid("A direct room has exactly one other person.", "$.members")
    other = others[0]
    key = Room.direct_key_of(actor.id, other.pk)
    room = Room.objects.filter(direct_key=key).first()
    if room is None:
        rates.take(actor, rates.ROOMS)
        # Not made of the two ids: a slug that can be guessed could be taken by someone in their way.
        slug = f"direct-{secrets.token_hex(8)}"
        name = f"{actor.username}, {other.username}"
        try:
            with transaction.atomic():
                room = Room.objects.create(
                    slug=slug, name=name[:80], kind=RoomKind.DIRECT, direct_key=key, created_by_id=actor.id
                )
                _fill(room, actor, [other])
        except IntegrityError:  # both wrote to each other in the same moment
            room = Room.objects.get(direct_key=key)
    return wire.RoomFact(present(room))


def _fill(room: Room, actor: Actor, people: list[User]) -> None:
    quotas.check_coming_in(room, [actor.id, *(person.pk for person in people)], actor)
    members = [Membership(room=room, user_id=actor.id, role=Role.OWNER)]
    role = Role.OWNER if room.kind == RoomKind.DIRECT else Role.MEMBER
    members += [Membership(room=room, user=person, role=role) for person in people]
    Membership.objects.bulk_create(members)
    added = wire.Notification("added", room=room.slug)
    publish_after_commit(*(ephemeral(user_group(member.user_id), "notification", added) for member in members))


def _insert(room: Room, asked: str, actor: Actor) -> Room:
    """Insert under the slug that was asked for, or under one made from the name.

    A slug that a room of other people occupies gets an ending, as a taken name does: a refusal would tell that the room
    exists. Raises REQUEST_FAILED when a room that the actor can see has the slug.
    """
    for attempt in range(_SLUG_TRIES):
        room.slug = asked if asked and attempt == 0 else _made_slug(room, asked, distinct=attempt > 0)
        try:
            with transaction.atomic():
                room.save(force_insert=True)
            return room
        except IntegrityError:
            if asked and attempt == 0 and Room.objects.visible_to(actor.id).filter(slug=asked).exists():
                break
    raise failed("There is already a room with this address. Choose another one.")


def _made_slug(room: Room, asked: str, *, distinct: bool) -> str:
    if not asked and room.kind == RoomKind.OPEN:
        return slug_from(room.name, distinct=distinct)
    # A new session's name is about to change: the next one should not be told from it by a number.
    base = asked or ("session" if room.name == NEW_SESSION else slug_from(room.name))
    # A slug that can be worked out from a name would tell another person who asks for it that the room exists.
    return f"{base[: _SLUG_CHARS - 2 * _SECRET_BYTES - 1].rstrip('-')}-{secrets.token_hex(_SECRET_BYTES)}"


def slug_from(name: str, *, distinct: bool = False) -> str:
    """Make a slug of a name; `distinct` adds a random ending for a name that is taken."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[: _SLUG_CHARS - 6].strip("-")
    if distinct or not slug:
        slug = f"{slug or 'room'}-{secrets.token_hex(2)}"
    return slug


@rated(rates.CHANGES)
@transaction.atomic
def update_room(actor: Actor, request: requests.UpdateRoom) -> wire.RoomFact:
    """Change name, topic, kind or Claude's settings. Raises UNAUTHORIZED for those who do not moderate the room."""
    room, membership = access.locked_room_of_member(actor, request.room)
    if not access.may_moderate(membership):
        raise unauthorized("Only the room's owners and moderators may change it.")
    if room.kind == RoomKind.DIRECT:
        raise failed("A direct room cannot be changed.")
    access.check_writable(room)
    if request.name is not UNSET and request.name.strip() != room.name:
        room.name = request.name.strip()
        if not room.name:
            raise invalid("Give the room a name.", "$.name")
        add_notice(room, Kind.RENAME, actor.id, room.name)
    if request.topic is not UNSET and request.topic.strip() != room.topic:
        room.topic = request.topic.strip()
        add_notice(room, Kind.TOPIC, actor.id, room.topic)
    if request.kind is not UNSET and request.kind != room.kind:
        if room.is_session:
            raise failed("A session stays a session.")
        room.kind = request.kind
    claude_settings.change(room, request.claude)
    room.save(update_fields=["name", "topic", "kind", *CLAUDE_COLUMNS.values()])
    return tell(room)


@rated(rates.SAVES)
@transaction.atomic
def mute_room(actor: Actor, request: requests.MuteRoom) -> wire.MutedFact:
    """Turn the actor's own notifications from a room off or on; all their tabs hear it."""
    _room, membership = access.locked_room_of_member(actor, request.room)
    membership.muted = request.muted
    membership.save(update_fields=["muted"])
    news = wire.Notification("muted", room=request.room, muted=request.muted)
    publish_after_commit(ephemeral(user_group(actor.id), "notification", news))
    return wire.MutedFact(request.room, request.muted)


def tell(room: Room) -> wire.RoomFact:
    """Tell those who have joined a room what it is like now."""
    fact = wire.RoomFact(present(room))
    publish_after_commit(ephemeral(room_group(room.slug), "room_updated", fact))
    return fact
