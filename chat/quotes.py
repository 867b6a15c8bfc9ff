"""Messages as others quote them: the beginnings of what people read, on one line."""

from collections.abc import Collection
from typing import Final, NamedTuple

from django.db.models import QuerySet
from django.db.models.functions import Substr

from chat.markdown.rendered_text import rendered_or_written
from chat.models import Kind, Message
from chat.protocol import wire

EXCERPT_CHARS: Final = 140
# So much of a message's HTML is read to be quoted: the rest is room for tags and white space, which excerpts leave out.
_QUOTED_CHARS: Final = 4000
# What stands for a message that is files alone where it is quoted.
ATTACHMENT: Final = "Attachment"


def excerpt_of(content: str) -> str:
    """Return the beginning of a message on one line."""
    line = " ".join(content.split())
    return line if len(line) <= EXCERPT_CHARS else line[: EXCERPT_CHARS - 1] + "…"


class Quoted(NamedTuple):
    """A message as far as a quote shows it."""

    pk: int
    seq: int
    author_id: int | None
    beginning: str
    kind: str
    shown_id: int | None
    is_deleted: bool

    @classmethod
    def of(cls, row: Message) -> "Quoted":
        """Return a row of `quotable`."""
        beginning = rendered_or_written(row.html_beginning, row.content_beginning)  # type: ignore[attr-defined]
        return cls(row.pk, row.seq, row.author_id, beginning, row.kind, row.shown_id, row.deleted_at is not None)


def quotable(messages: "QuerySet[Message]") -> "QuerySet[Message]":
    """Read the beginnings of messages: a page of quotes must not read all of the longest messages that there are."""
    html, content = _beginnings()
    return messages.defer("html", "content").annotate(html_beginning=html, content_beginning=content)


def _beginnings() -> tuple[Substr, Substr]:
    return Substr("html", 1, _QUOTED_CHARS), Substr("content", 1, _QUOTED_CHARS)


def quoted_messages(ids: Collection[int]) -> dict[int, Quoted]:
    if not ids:
        return {}
    found = Message.objects.filter(pk__in=ids).order_by()
    rows = found.values_list("pk", "seq", "author_id", *_beginnings(), "kind", "shown_id", "deleted_at")
    return {
        pk: Quoted(pk, seq, author_id, rendered_or_written(html, text), kind, shown_id, deleted_at is not None)
        for pk, seq, author_id, html, text, kind, shown_id, deleted_at in rows
    }


def present_reply_to(message: Quoted, author: wire.UserRef | None) -> wire.ReplyTo:
    """Return a message as it is quoted in another one."""
    excerpt = excerpt_of(message.beginning) or _excerpt_without_text(message)
    return wire.ReplyTo(str(message.pk), message.seq, author, excerpt, message.is_deleted)


def _excerpt_without_text(message: Quoted) -> str:
    """A message without a text has files; only tombstones and Claude's replies have neither at times."""
    is_persons = message.kind == Kind.TEXT and message.shown_id is None
    return ATTACHMENT if is_persons and not message.is_deleted else ""
