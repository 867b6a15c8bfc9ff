"""What the operators tell everyone, a room or a person."""

from msgspec import UNSET

from chat.models import Announcement
from chat.protocol import wire
from chat.realtime.events import GLOBAL_GROUP, Event, ephemeral, room_group, user_group
from chat.realtime.layer.publishing import publish_after_commit


def announce(announcement: Announcement) -> None:
    """Store an announcement; every tab that it is for hears it, of a process that missed the event within seconds."""
    announcement.save(force_insert=announcement.pk is None)
    publish_after_commit(event_of(announcement))


def event_of(announcement: Announcement) -> Event:
    """Return the event that tells of an announcement; `once`, because the poll finds what the event told."""
    slug = announcement.room.slug if announcement.room is not None else UNSET
    fact = wire.Notification("announcement", room=slug, id=str(announcement.pk), text=announcement.text)
    if slug is not UNSET:
        group = room_group(slug)
    else:
        group = GLOBAL_GROUP if announcement.user_id is None else user_group(announcement.user_id)
    return ephemeral(group, "notification", fact, once=f"announcement:{announcement.pk}")


def newest_id() -> int:
    return Announcement.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def after(announcement_id: int) -> list[tuple[int, Event]]:
    """Return the announcements made since, for processes that did not hear of them."""
    found = Announcement.objects.filter(pk__gt=announcement_id).select_related("room").order_by("pk")[:100]
    return [(announcement.pk, event_of(announcement)) for announcement in found]
