"""Looks at files of a room before a reply's context is chosen: how many pages they have, and how much text.

Each is looked at once. A budget counts files before they are read, so what no one has looked at isn't shown.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import IO, Any, Final, TypeVar

import structlog
from django.db.models import Q

from chat.claude.reading import tokens
from chat.claude.reading.files import PAGE_TEXT_TOKENS
from chat.claude.run.sources import in_thread, owner_of, text_of
from chat.files import document_work, for_models, legible
from chat.files.legible import Illegible, Why
from chat.files.text_files import decoded
from chat.files.uploads import ANYTHING, Upload
from chat.models import Attachment
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

T = TypeVar("T")

# For one reply. Older ones hardly have room in it.
_LOOKED_AT: Final = 20
_MOST_TOKENS: Final = 2**31 - 1
_HAVE_TEXT: Final = Q(content_type__startswith=legible.TEXT) | Q(content_type__in=legible.OFFICE)
# Of what was uploaded before Parley knew office files and all encodings, no one has looked for these.
# The text of an office file is kept for the tool that reads it, too.
_UNKNOWN: Final = Q(Q(content_type__in=(legible.PDF, ANYTHING)) | _HAVE_TEXT, text_tokens=None) | Q(
    content_type__in=legible.OFFICE, for_model=""
)


async def look_at_files(room_id: int, upto_seq: int) -> None:
    """Find out what is not known of the newest files. What can't be found out now is tried again for the next reply."""
    for row in await in_database(_unknown, room_id, upto_seq):
        try:
            await _look_at(row)
        except document_work.NotNow:
            log.info("file.not_looked_at", attachment=row.pk)
        except (OSError, ProtocolError) as error:
            log.warning("file.not_looked_at", attachment=row.pk, error=type(error).__name__)


def _unknown(room_id: int, upto_seq: int) -> list[Attachment]:
    of_living = Attachment.objects.filter(
        _UNKNOWN,
        room=room_id,
        message__room=room_id,
        message__deleted_at=None,
        message__seq__lte=upto_seq,
        unreadable="",
    )
    return list(of_living.filter(size__lte=legible.MOST_BYTES).order_by("-message__seq", "position")[:_LOOKED_AT])


async def _look_at(row: Attachment) -> None:
    try:
        facts = await _found_out(row)
    except Illegible as found:
        facts = {"content_type": row.content_type, "unreadable": str(found.why)}
    await in_database(lambda: Attachment.objects.filter(pk=row.pk).update(**facts))


async def _found_out(row: Attachment) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if row.content_type == ANYTHING:
        kind = await _asked(row, document_work.kind_of)
        if kind is None:
            return {"unreadable": str(Why.KIND)}
        facts["content_type"] = row.content_type = kind
    return facts | (await _of_pdf(row) if legible.is_pdf(row.content_type) else _facts_of_text(await text_of(row)))


async def _of_pdf(row: Attachment) -> dict[str, Any]:
    """Return how many pages a PDF has, and what their text counts. Pages that could not be read count as those that were."""
    pages = await _asked(row, document_work.pages_of) if row.pages is None else row.pages
    try:
        texts = await _asked(row, document_work.page_texts)
    except Illegible:  # its pages may be shown all the same
        texts = []
    return {"pages": pages, **_facts_of_pages(pages, texts)}


def _facts_of_pages(pages: int, texts: list[str]) -> dict[str, Any]:
    read = [tokens.estimate(text) for text in texts]
    usual = max(PAGE_TEXT_TOKENS, -(-sum(read) // max(len(read), 1)))
    rest = max(pages - len(read), 0) * usual
    return {"text_tokens": min(sum(read) + rest, _MOST_TOKENS), "densest_page": max(read, default=0)}


async def measured(upload: Upload, owner: Hashable) -> Upload:
    """Return an upload with what it counts, so that its price is known before it is posted."""
    if upload.size > legible.MOST_BYTES or upload.unreadable or upload.width is not None:
        return upload
    try:
        if upload.pages is not None:
            texts = await document_work.page_texts(upload.file, owner)
            return upload._replace(**_facts_of_pages(upload.pages, texts))
        if legible.is_office(upload.content_type):
            text = (await document_work.office_text(upload.file, owner, upload.content_type)).decode(errors="replace")
        elif legible.is_text(upload.content_type):
            text = await in_thread(decoded, upload.file, upload.content_type)
        else:
            return upload
    except (Illegible, document_work.NotNow):  # said when a reply needs it
        return upload
    return upload._replace(text_tokens=min(tokens.estimate(text), _MOST_TOKENS) if text.strip() else None)


async def _asked(row: Attachment, ask: Callable[[IO[bytes], Hashable], Awaitable[T]]) -> T:
    """Return what a child process finds out about a file."""
    file = await in_thread(for_models.original, row)
    try:
        return await ask(file, owner_of(row))
    finally:
        file.close()


def _facts_of_text(text: str) -> dict[str, Any]:
    """Return what is kept of a text: what it counts, or that there is none."""
    if not text.strip():
        return {"unreadable": str(Why.EMPTY)}
    return {"text_tokens": min(tokens.estimate(text), _MOST_TOKENS)}
