"""What the reader calls a room. static/chat/js/pages/people/names.js says the same in the browser."""

from msgspec import UNSET

from chat.access import Actor
from chat.models import RoomKind
from chat.protocol import wire
from chat.shown_names import shown_name


def title_of(room: wire.Room, actor: Actor) -> str:
    """Return what the reader calls a room: a direct room is called after the other person."""
    if room.kind != RoomKind.DIRECT or room.members is UNSET:
        return room.name
    return ", ".join(shown_name(person) for person in others_in(room, actor)) or room.name


def username_of(room: wire.Room, actor: Actor) -> str:
    """Return the user name of the other person of a direct room; of other rooms, and without one, nothing."""
    return next((person.username for person in others_in(room, actor)), "")


def others_in(room: wire.Room, actor: Actor) -> list[wire.UserRef]:
    members = [] if room.kind != RoomKind.DIRECT or room.members is UNSET else room.members
    return [person for person in members if person.id != str(actor.id)]
