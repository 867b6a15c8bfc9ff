"""The rows that Claude may read: one room's words, without tombstones and notices."""

from django.db.models import QuerySet

from chat.models import Kind, Message


def messages_of(room_id: int) -> "QuerySet[Message]":
    """Return a room's messages with what the transcript needs of them, and without what is heavy: two queries a page."""
    return (
        Message.objects.filter(room_id=room_id, kind=Kind.TEXT, deleted_at=None)
        .select_related("author", "shown", "reply_to")
        .prefetch_related("attachments")
        .only(
            *("seq", "kind", "content", "created_at", "deleted_at", "author__username"),
            *("shown__state", "shown__context_from", "reply_to__seq"),
        )
    )
