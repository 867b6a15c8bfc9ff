"""A file as the source of a block of a call.

What is sent of a file is made once and kept where making it takes long, so each call sends the same bytes and finds them
in the cache.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import structlog

from chat.claude.reading import transcript
from chat.claude.reading.files import Named
from chat.files import document_work, for_models, legible, model_pictures, picture_work
from chat.files.legible import Illegible
from chat.files.text_files import decoded
from chat.lifetime import Threads, part
from chat.models import Attachment
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_GONE: Final = "[This file has been deleted.]"
_DAMAGED: Final = "[This file can't be shown: it is damaged.]"
_NOT_NOW: Final = "[This file can't be shown right now.]"
_BLANK: Final = "[This file holds no text.]"


class _Storage(Threads):
    """It may be slow. Few at a time, so that many replies don't hold many files."""

    at_most = 4
    name = "files for models"


class Left(Exception):
    """There is nothing to show. The text is for the model."""


def owner_of(row: Attachment) -> tuple[str, int | None]:
    """Return whose turn it is when a child process works for a model: rooms take turns."""
    return "model", row.room_id


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that reads or writes files."""
    return await part(_Storage).run(lambda: function(*args, **kwargs))


class Bytes(NamedTuple):
    """A picture or a PDF as a model gets it."""

    media_type: str
    data: bytes

    async def in_base64(self) -> dict[str, Any]:
        data = await in_thread(lambda: b64encode(self.data).decode())
        return {"type": "base64", "media_type": self.media_type, "data": data}


async def of(row: Attachment, name: Named) -> Bytes | dict[str, Any]:
    """Return a file, or the pages of it that are named; of a text, the source of its block. Raises Left."""
    try:
        if row.is_picture:
            return await _of_picture(row)
        if legible.is_pdf(row.content_type):
            return await _of_pdf(row, name)
        return await _of_text(row)
    except FileNotFoundError as error:  # its message was deleted in this moment
        raise Left(_GONE) from error
    except (picture_work.NotMade, Illegible, document_work.NotNow) as failure:
        is_lasting = isinstance(failure, Illegible) or getattr(failure, "by_chance", True) is False
        raise Left(_DAMAGED if is_lasting else _NOT_NOW) from failure
    except OSError as error:
        log.warning("file.not_read_for_model", attachment=row.pk, error=type(error).__name__, errno=error.errno)
        raise Left(_NOT_NOW) from error


async def _of_text(row: Attachment) -> dict[str, Any]:
    text = transcript.clean(await text_of(row))
    if not text:
        raise Left(_BLANK)
    return {"type": "text", "media_type": legible.TEXT, "data": text}


async def text_of(row: Attachment) -> str:
    """Return all the text of a text or office file. Raises Illegible, NotNow or OSError."""
    if not legible.is_office(row.content_type):
        return await in_thread(_decoded, row)
    data = await in_thread(for_models.kept, row)
    if data is None:
        file = await in_thread(for_models.original, row)
        try:
            data = await document_work.office_text(file, owner_of(row), row.content_type)
        finally:
            file.close()
        await keep(row.pk, data)
    return data.decode(errors="replace")


def _decoded(row: Attachment) -> str:
    with for_models.original(row) as file:
        return decoded(file, row.content_type)


async def _of_pdf(row: Attachment, name: Named) -> Bytes:
    if not name.first:
        return Bytes(legible.PDF, await in_thread(for_models.whole, row))
    file = await in_thread(for_models.original, row)
    try:
        data = await document_work.some_pages(file, owner_of(row), name.first, name.last)
    finally:
        file.close()
    return Bytes(legible.PDF, data)


async def _of_picture(row: Attachment) -> Bytes:
    data = await in_thread(for_models.kept, row)
    if data is None:
        data = await _made(row)
    return Bytes(model_pictures.type_of(data), data)


async def _made(row: Attachment) -> bytes:
    file = await in_thread(for_models.original, row)
    try:
        data = await picture_work.for_model(file, owner_of(row))
    finally:
        file.close()
    await keep(row.pk, data)
    return data


async def keep(pk: int, data: bytes) -> None:
    """Keep what was made of a file. Where that fails, it is made again for the next call."""
    try:
        name = await in_database(for_models.name_for, pk)
        if name:
            await in_thread(for_models.keep, name, data)
            await in_database(for_models.drop_if_gone, pk, name)
    except (OSError, ProtocolError) as error:
        log.warning("file.not_kept_for_model", attachment=pk, error=type(error).__name__)
