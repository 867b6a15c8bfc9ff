"""The administration of rooms, of what is said in them, and of the open connections.

Nothing here writes rows on its own: changes that open tabs must learn of go through the use cases, which tell them.
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
