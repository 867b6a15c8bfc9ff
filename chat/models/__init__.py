"""The rows: rooms, memberships, messages and what hangs on them. No rules and no events live here."""

from chat.models.announcement import Announcement
from chat.models.draft import Draft
from chat.models.invitation import Invitation
from chat.models.membership import Membership, Role
from chat.models.message import Kind, Mention, Message, Reaction
from chat.models.room import Room, RoomKind

__all__ = [
    "Announcement",
    "Draft",
    "Invitation",
    "Kind",
    "Membership",
    "Mention",
    "Message",
    "Reaction",
    "Role",
    "Room",
    "RoomKind",
]
