"""Reading a room's messages for the model: by key, newest first, with what the transcript needs and nothing heavy."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import F, QuerySet

from accounts.names import CLAUDE
from chat.claude.reading.files import COLUMNS, File
from chat.models import Attachment, Finding, Kind, Message, Reply, ReplyState

PAGE: Final = 100
# They are chosen from again with each reply.
_FILES_AT_MOST: Final = 1_000


class Use(NamedTuple):
    """A use of a tool, by the reply of a message. round: uses of the same one were asked for together.

    at: where in the reply's text; until: where in it the results came.
    content: what it brought; empty where that is forgotten, None where it is not read.
    """

    id: int
    message: int
    round: tuple[int, int]
    at: int
    until: int
    name: str
    input: dict[str, Any]
    is_error: bool
    tokens: int
    content: str | None = None


class Row(NamedTuple):
    """A message that lives, as it is stored.

    author: a user name, or None when the account is gone. state: None unless this is a reply of Claude's.
    context_from: of such a reply, where the context began that it was given. replies_to: a message's seq.
    prompt: of such a reply, the id of the message that asked for it.
    """

    id: int
    seq: int
    content: str
    created_at: datetime
    author: str | None
    state: str | None
    context_from: int | None
    replies_to: int | None
    prompt: int | None = None
    files: tuple[File, ...] = ()
    uses: tuple[Use, ...] = ()

    @property
    def is_claudes(self) -> bool:
        return self.state is not None or self.author == CLAUDE

    @property
    def is_open(self) -> bool:
        """Whether this is a reply that is still to come, or coming."""
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
    for message_id, *facts in attachments.values_list("message_id", *COLUMNS):
        files[message_id].append(File(*facts))
    return [row._replace(files=tuple(files[row.id])) if row.id in files else row for row in found]


def newest_files(room_id: int, upto_seq: int) -> list[tuple[int, File]]:
    """Return the files of a room up to a seq, each with the id of its message, oldest first: of very many, the newest."""
    living_ones = Attachment.objects.filter(
        message__room=room_id, message__kind=Kind.TEXT, message__deleted_at=None, message__seq__lte=upto_seq
    )
    newest_first = living_ones.order_by("-message__seq", "-position", "-pk").values_list("message_id", *COLUMNS)
    return [(message_id, File(*facts)) for message_id, *facts in reversed(newest_first[:_FILES_AT_MOST])]


def uses_of(reply: Reply, names: list[str]) -> list[Use]:
    """Return how the replies of a room up to this one have used tools that still may be used, without what they found."""
    if not names:
        return []
    found = Finding.objects.filter(
        reply__room=reply.room_id,
        reply__message__seq__lte=reply.message.seq,
        reply__message__shown=F("reply_id"),
        name__in=names,
    )
    columns = ("pk", "reply__message", "attempt", "round", "at", "until", "name", "input", "is_error", "tokens")
    rows = found.order_by("reply__message__seq", "pk").values_list(*columns)
    return [Use(pk, message, (attempt, round_), *rest) for pk, message, attempt, round_, *rest in rows]


def contents_of(uses: "list[int]") -> dict[int, str]:
    """Return what uses of tools have brought, by their ids."""
    return dict(Finding.objects.filter(pk__in=uses).values_list("pk", "content")) if uses else {}


def newest_first(room_id: int, upto_seq: int) -> Iterator[Row]:
    """Yield messages from a seq downwards; a page is read only when the one before is used up."""
    before = upto_seq + 1
    while True:
        page = rows_of(living(room_id).filter(seq__lt=before).order_by("-seq")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].seq
