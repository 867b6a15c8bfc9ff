"""Reading a room's messages for the model: by key, newest first, with what the transcript needs and nothing heavy."""

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from chat.models import Kind, Message

PAGE: Final = 100


def messages_of(room_id: int, among: "QuerySet[Message] | None" = None) -> "QuerySet[Message]":
    """Return the living messages of a room, or those among others: two queries, however many are read."""
    return (
        (Message.objects.all() if among is None else among)
        .filter(room_id=room_id, kind=Kind.TEXT, deleted_at=None)
        .select_related("author", "shown", "reply_to")
        .prefetch_related("attachments")
        .only(
            *("seq", "kind", "content", "created_at", "deleted_at", "author__username"),
            *("shown__state", "shown__context_from", "reply_to__seq"),
        )
    )


def newest_first(room_id: int, upto_seq: int) -> Iterator[Message]:
    """Yield messages from a seq downwards; a page is read only when the one before is used up."""
    before = upto_seq + 1
    while True:
        page = list(messages_of(room_id).filter(seq__lt=before).order_by("-seq")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].seq
