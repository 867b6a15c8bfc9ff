"""The reader's rooms beside every page: as many as someone looks through, however many there are."""

from typing import Any, Final

from chat.access import Actor
from chat.pages.room_titles import title_of, username_of
from chat.protocol import wire
from chat.rooms import room_list, rooms

# With so many rooms all are shown.
WHOLE: Final = 100
# With more, so many of each section, beside the rooms with news: of these at most WHOLE.
EACH: Final = 30
SECTIONS: Final = (
    ("sessions", "Sessions", ("session",)),
    ("rooms", "Rooms", ("open", "closed")),
    ("direct", "Direct messages", ("direct",)),
)


def sections(actor: Actor, current: str = "") -> list[dict[str, Any]]:
    """Return the sidebar's sections. current: slug of the room that is open, which is always shown."""
    kinds = [kinds for _key, _title, kinds in SECTIONS]
    found = room_list.sections_of(actor.id, kinds, whole=WHOLE, each=EACH, current=current)
    listed = {room.slug: room for room in rooms.with_people([pair for section in found for pair in section.rooms])}
    return [
        {
            "key": key,
            "title": title,
            "rooms": [entry(listed[room.slug], actor) for _, room in section.rooms],
            "next": "" if section.next is None else str(section.next),
            "total": section.total,
        }
        for (key, title, _kinds), section in zip(SECTIONS, found, strict=True)
    ]


def entry(room: wire.ListedRoom, actor: Actor) -> dict[str, Any]:
    """Return a room as templates show it in a list."""
    return {
        "slug": room.slug,
        "title": title_of(room, actor),
        "username": username_of(room, actor),
        "mark": username_of(room, actor) or room.name,
        "kind": room.kind,
        "unread": room.unread,
        "mentions": room.mentions,
        "muted": room.muted,
        "topic": room.topic,
        "active_at": room.activeAt,
        "last_read_seq": room.lastReadSeq,
        "has_draft": bool(room.draft and room.draft.content) or room.hasDraft is True,
    }
