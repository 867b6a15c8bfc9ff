"""The only way to get a room or message *for a user*: the permission is part of the query.

What does not exist and what one may not see raise the same NOT_FOUND.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db.models import Q

from accounts import bans
from accounts.models import User
from accounts.visible import without_unseen
from chat.models import Attachment, Membership, Message, Role, Room, RoomBan, RoomKind
from chat.models.plain_sql import pairs_of
from chat.protocol import wire
from chat.protocol.errors import ProtocolError, failed, not_found, unauthorized
from chat.shown_names import isolated

if TYPE_CHECKING:
    from accounts.credentials import Credential


JOIN_FIRST: Final = "Join the room first."


class Actor(NamedTuple):
    """The person who asks: all that an action needs to know of a user, so that a request costs no query for them."""

    id: int
    username: str
    display_name: str = ""

    @classmethod
    def of(cls, user: User) -> "Actor":
        return cls(user.pk, user.username, user.display_name)

    @classmethod
    def by(cls, credential: "Credential") -> "Actor":
        return cls(credential.user_id, credential.username, credential.display_name)

    @property
    def ref(self) -> wire.UserRef:
        return wire.UserRef.of(*self)


def room_for(actor: Actor, slug: str) -> Room:
    """Return a room that the actor may read. Raises NOT_FOUND, or UNAUTHORIZED in an open room that has banned them."""
    found = room_of_member(actor, slug)
    room = Room.objects.open_to(actor.id).filter(slug=slug).first() if found is None else found[0]
    if room is None:
        raise _why_closed_to(actor.id, Room.objects.filter(slug=slug).first())
    return room


def ban_of(user_id: int, room: Room) -> RoomBan | None:
    """Return the ban that keeps a person out of a room now."""
    return RoomBan.objects.in_force().filter(room=room, user=user_id).first()


def refuse_stranger(user_id: int, room: Room) -> ProtocolError:
    """Return the refusal for a person who isn't a member, where a member would have been let in."""
    if room.kind != RoomKind.OPEN:
        return not_found("room")
    return _why_closed_to(user_id, room, unless_banned=join_first())


def _why_closed_to(user_id: int, room: Room | None, unless_banned: ProtocolError | None = None) -> ProtocolError:
    """A ban is only told of open rooms: that any other room exists is a secret."""
    ban = ban_of(user_id, room) if room is not None and room.kind == RoomKind.OPEN else None
    return unauthorized(ban.sentence) if ban is not None else unless_banned or not_found("room")


def membership_in(actor: Actor, room: Room) -> Membership | None:
    return Membership.objects.filter(room=room, user_id=actor.id).first()


def room_of_member(actor: Actor, slug: str) -> tuple[Room, Membership] | None:
    """Return a room and the actor's membership in it; None when they are not a member."""
    return room_of_members(slug, [actor.id]).get(actor.id)


def room_of_members(slug: str, user_ids: Collection[int]) -> dict[int, tuple[Room, Membership]]:
    """Return a room, read in one moment, with the memberships of those of these users who are members."""
    some = f"WHERE slug = %s AND user_id IN ({', '.join(['%s'] * len(user_ids))})"
    found = pairs_of(Room, Membership, "room", some, slug, *user_ids)
    return {membership.user_id: (room, membership) for room, membership in found}


def locked_room_for(actor: Actor, slug: str) -> tuple[Room, Membership | None]:
    """Return a visible room with its row locked, and the actor's membership. Call inside a transaction.

    The lock comes before the look at the membership: a removal that commits while we wait for it is then seen. The key
    is never locked, here and wherever a room is: who has changed a reply twice checks its foreign key to the room, and we
    may want that reply (PostgreSQL calls it a deadlock after a second, and refuses one of the two).
    """
    room = Room.objects.select_for_update(no_key=True).filter(slug=slug).first()
    membership = membership_in(actor, room) if room is not None else None
    if room is None or (membership is None and room.kind != RoomKind.OPEN):
        raise not_found("room")
    ban = ban_of(actor.id, room) if membership is None else None
    if ban is not None:
        raise unauthorized(ban.sentence)
    return room, membership


def archived() -> ProtocolError:
    """Return the refusal of any change in an archived room."""
    return failed("This room is archived.")


def check_writable(room: Room) -> None:
    """Raise REQUEST_FAILED where nothing may be changed any more."""
    if room.archived_at is not None:
        raise archived()


def join_first() -> ProtocolError:
    """Return the refusal of what only members of an open room may do."""
    return unauthorized(JOIN_FIRST)


def locked_room_of_member(actor: Actor, slug: str) -> tuple[Room, Membership]:
    """Return a room that the actor is a member of, locked. Raises NOT_FOUND, or UNAUTHORIZED in an open room."""
    room, membership = locked_room_for(actor, slug)
    if membership is None:
        raise join_first()
    return room, membership


def locked_message_for(actor: Actor, message_id: str) -> tuple[Room, Membership, Message]:
    """Return a message in a room of the actor's, the room's row locked. Raises NOT_FOUND or UNAUTHORIZED."""
    slug = Room.objects.filter(messages=int(message_id)).values_list("slug", flat=True).first()
    if slug is None:
        raise not_found("message")
    try:
        room, membership = locked_room_for(actor, slug)
    except ProtocolError as error:  # it would name the room, which this actor may not know of
        raise not_found("message") from error
    if membership is None:
        raise join_first()
    message = Message.objects.filter(pk=int(message_id), room=room).first()
    if message is None:
        raise not_found("message")
    return room, membership, message


def attachment_for(actor: Actor, public_id: str) -> Attachment:
    """Return a file of a room that the actor may read; as long as it is not posted, only of their own."""
    readable = Attachment.objects.filter(public_id=public_id, room__in=Room.objects.visible_to(actor.id))
    found = readable.filter(Q(message__isnull=False) | Q(uploader=actor.id)).first()
    if found is None:
        raise not_found("attachment")
    return found


def is_staff(actor: Actor) -> bool:
    """Whether the actor runs this installation. Costs a query: ask when it matters."""
    return User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), bans.active(), pk=actor.id).exists()


# What people may do to a message, by what they have to do with it; docs/protocol.md has the same table. Each right is tied
# to what does not change hands, never to the last person who pressed a button: any member can become that.
_MAY: Final[dict[str, frozenset[str]]] = {
    "edit": frozenset({"author"}),
    "delete": frozenset({"author", "asker", "moderator"}),
    "stop": frozenset({"member"}),
    "retry": frozenset({"member"}),
    "continue": frozenset({"member"}),
    "show version": frozenset({"member"}),
    "restore prompt": frozenset({"asker"}),
}


def may(what: str, actor: Actor, membership: Membership, message: Message) -> bool:
    """Whether a member of its room may do this to a message. `asker`: the author of the prompt that it replies to.

    Both people of a direct room own it, and neither moderates what the other writes.
    """
    allowed = _MAY[what]
    return (
        "member" in allowed
        or ("author" in allowed and message.author_id == actor.id)
        or ("moderator" in allowed and may_moderate(membership) and membership.room.kind != RoomKind.DIRECT)
        or ("asker" in allowed and _asker_of(message) == actor.id)
    )


def _asker_of(message: Message) -> int | None:
    """Return who wrote the prompt of Claude's reply; None when that account is gone, and for other messages."""
    prompt = None if message.shown is None else message.shown.prompt
    return None if prompt is None else prompt.author_id


def may_moderate(membership: Membership) -> bool:
    return Role(membership.role).rank >= Role.MODERATOR.rank


def person_called(key: str) -> User:
    """Return the active user with this id or username. Raises NOT_FOUND."""
    user = account_called(key)
    if not user.may_enter:
        raise not_found("person", name_typed(key))
    return user


def people_called(keys: Sequence[str]) -> list[User]:
    """Return the active users with these ids or usernames, each once. Raises NOT_FOUND, which names all that are missing."""
    found: dict[int, User] = {}
    missing: list[str] = []
    for key in keys:
        try:
            user = person_called(key)
        except ProtocolError:
            missing.append(name_typed(key))
        else:
            found[user.pk] = user
    if missing:
        raise not_found("person" if len(missing) == 1 else "people", *missing)
    return list(found.values())


def name_typed(key: str) -> str:
    """Return an id or a username as a sentence may repeat it: nothing in it turns the rest of the sentence around."""
    shown = isolated(without_unseen(key))
    return shown if key.isascii() and key.isdigit() else f"@{shown}"


def account_called(key: str) -> User:
    """Return the user with this id or username, active or not: what is taken from people can be taken from all.

    Raises NOT_FOUND.
    """
    wanted = {"pk": int(key)} if key.isascii() and key.isdigit() and len(key) < 19 else {"username": key.lower()}
    user = User.objects.filter(**wanted).first()
    if user is None:
        raise not_found("person", name_typed(key))
    return user
