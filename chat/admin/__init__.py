"""The administration of rooms, of what is said in them, and of the open connections.

Nothing here writes rows by itself: what open tabs must hear of goes through `chat.actions`, so that they hear of it.
"""

from chat.admin import (
    announcements,
    attachments,
    bans,
    connections,
    invitations,
    memberships,
    messages,
    replies,
    rooms,
    spending,
)

__all__ = [
    "announcements",
    "attachments",
    "bans",
    "connections",
    "invitations",
    "memberships",
    "messages",
    "replies",
    "rooms",
    "spending",
]
