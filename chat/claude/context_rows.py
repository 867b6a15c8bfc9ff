"""Reading a room's messages for the model: by key, newest first, with what the transcript needs and nothing heavy."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import QuerySet

from accounts.names import CLAUDE
from chat.models import Attachment, Kind, Message, ReplyState

PAGE: Final = 100


class File(NamedTuple):
    id: int
    name: str
    content_type: str
    size: int


class Row(NamedTuple):
    """A message that lives, as it is stored.

    author: a user name, or None when the account is gone. state: None unless this is an answer of Claude's.
    context_from: of such an answer, where the context began that it was given. answers: the seq it replies to.
    prompt: of such an answer, the id of the message that it answers.
    """

    id: int
    seq: int
    content: str
    created_at: datetime
    author: str | None
    state: str | None
    context_from: int | None
    answers: int | None
    prompt: int | None = None
    files: tuple[File, ...] = ()

    @property
    def is_claudes(self) -> bool:
        return self.state is not None or self.author == CLAUDE

    @property
    def is_open(self) -> bool:
        """Whether this is an answer that is still to come, or coming."""
        return self.state is not None and ReplyState(self.state).is_open


_COLUMNS: Final = (
    *("pk", "seq", "content", "created_at"),
    *("author__username", "shown__state", "shown__context_from", "reply_to__seq", "shown__prompt"),
)


def living(room_id: int) -> "QuerySet[Message]":
    """Return what was said in a room: no notices, no tombstones."""
    return Message.objects.filter(room_id=room_id, kind=Kind.TEXT, deleted_at=None)


def rows_of(messages: "QuerySet[Message]") -> list[Row]:
    """Read messages with their files, in the order asked for: two queries, however many they are.

    As model instances with prefetched files, each would be in a cycle with its query set, and a room's whole context wait
    in memory for the next full garbage collection.
    """
    found = [Row(*columns) for columns in messages.values_list(*_COLUMNS)]
    if not found:
        return []
    files: defaultdict[int, list[File]] = defaultdict(list)
    attachments = Attachment.objects.filter(message_id__in=[row.id for row in found])
    for message_id, *facts in attachments.values_list("message_id", *File._fields):
        files[message_id].append(File._make(facts))
    return [row._replace(files=tuple(files[row.id])) if row.id in files else row for row in found]


def newest_first(room_id: int, upto_seq: int) -> Iterator[Row]:
    """Yield messages from a seq downwards; a page is read only when the one before is used up."""
    before = upto_seq + 1
    while True:
        page = rows_of(living(room_id).filter(seq__lt=before).order_by("-seq")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].seq
