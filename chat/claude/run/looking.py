"""Looks at files of a room before a reply's context is chosen: how many pages they have, and how much text.

Each is looked at once. A budget counts files before they are read, so what no one has looked at isn't shown.
"""

from typing import Final

import structlog
from django.db.models import Q

from chat.claude.reading import tokens
from chat.claude.run.sources import in_thread, owner_of, text_of
from chat.files import document_work, for_models, legible
from chat.files.legible import Illegible, Why
from chat.models import Attachment
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

# For one reply. Older ones hardly have room in it.
_LOOKED_AT: Final = 20
_MOST_TOKENS: Final = 2**31 - 1
_HAVE_TEXT: Final = Q(content_type__startswith=legible.TEXT) | Q(content_type__in=legible.OFFICE)
_UNKNOWN: Final = Q(content_type=legible.PDF, pages=None) | Q(_HAVE_TEXT, text_tokens=None)


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
        facts = await _of_pdf(row) if legible.is_pdf(row.content_type) else _facts_of_text(await text_of(row))
    except Illegible as found:
        facts = {"unreadable": str(found.why)}
    await in_database(lambda: Attachment.objects.filter(pk=row.pk).update(**facts))


async def _of_pdf(row: Attachment) -> dict[str, int | str]:
    file = await in_thread(for_models.original, row)
    try:
        return {"pages": await document_work.pages_of(file, owner_of(row))}
    finally:
        file.close()


def _facts_of_text(text: str) -> dict[str, int | str]:
    """Return what is kept of a text: what it counts, or that there is none."""
    if not text.strip():
        return {"unreadable": str(Why.EMPTY)}
    return {"text_tokens": min(tokens.estimate(text), _MOST_TOKENS)}
