"""Documents read on a server: in a process with a deadline, in turns of people."""

import json
import os
import tempfile
from collections.abc import Hashable
from typing import IO, Any, Final

import structlog

from chat.bounded import pool
from chat.bounded.child import Status
from chat.files.legible import MOST_BYTES, PAGE_END, Illegible, Why, is_pdf
from chat.files.office import may_be_office
from chat.files.on_disk import on_disk
from chat.files.uploads import ANYTHING, Upload, type_of
from chat.lifetime import Threads, part

log = structlog.get_logger(__name__)

# Of processor time: enough for a hundred pages that are only counted or copied, or for a long text.
_SECONDS: Final = 10.0
_WALL_SECONDS: Final = 60.0
# Someone waits for the reply; how dense the rest is, the first pages tell.
_TEXT_SECONDS: Final = 2.0
_HEAD_BYTES: Final = 8


class _Copying(Threads):
    name = "documents"


class NotNow(Exception):
    """It could not be looked at by chance, or because too much waits. The next try may succeed."""


async def pages_of(file: IO[bytes], owner: Hashable) -> int:
    """Return how many pages a PDF has. Raises Illegible, NotNow or OSError."""
    count, _ = await _done(file, owner, task="pages")
    return int(count)


async def page_texts(file: IO[bytes], owner: Hashable) -> list[str]:
    """Return the texts of a PDF's first pages, as many as can be read soon. Raises Illegible, NotNow or OSError."""
    _, made = await _done(file, owner, task="page_texts", seconds=_TEXT_SECONDS)
    return made.decode(errors="replace").split(PAGE_END)[:-1]


async def office_text(file: IO[bytes], owner: Hashable, content_type: str) -> bytes:
    """Return the text of an office file, in UTF-8. Raises Illegible, NotNow or OSError."""
    _, text = await _done(file, owner, task="office_text", content_type=content_type)
    return text


async def kind_of(file: IO[bytes], owner: Hashable) -> str | None:
    """Return what a file is that was kept as just anything; None for what it stays. Raises Illegible, NotNow or OSError."""
    if may_be_office(await part(_Copying).run(_head_of, file)):
        found, _ = await _done(file, owner, task="office_type")
        return str(found) if found else None
    kind = await part(_Copying).run(type_of, file)
    return None if kind == ANYTHING else kind


async def looked_at(upload: Upload, owner: Hashable) -> Upload:
    """Return an upload with what is found out about a PDF or an office file. What can't be found out now stays open."""
    if upload.size > MOST_BYTES or upload.width is not None:
        return upload
    try:
        if is_pdf(upload.content_type):
            return upload._replace(pages=await pages_of(upload.file, owner))
        if may_be_office(await part(_Copying).run(_head_of, upload.file)):
            found, _ = await _done(upload.file, owner, task="office_type")
            return upload._replace(content_type=found or upload.content_type)
    except Illegible as found:
        return upload._replace(unreadable=str(found.why))
    except NotNow:
        pass
    return upload


async def some_pages(file: IO[bytes], owner: Hashable, first: int, last: int) -> bytes:
    """Return some pages of a PDF, counted from 1, as one of their own. Raises Illegible, NotNow or OSError."""
    _, made = await _done(file, owner, task="some_pages", first=first, last=last)
    return made


async def _done(file: IO[bytes], owner: Hashable, **asked: Any) -> tuple[Any, bytes]:
    with tempfile.TemporaryFile() as made:
        with await part(_Copying).run(on_disk, file) as given:
            files = (given.fileno(), made.fileno())
            request = pool.Request(json.dumps(asked).encode(), _SECONDS, _SECONDS, _WALL_SECONDS, files)
            found = await _asked(owner, request)
        return found, await part(_Copying).run(_all_of, made)


async def _asked(owner: Hashable, request: pool.Request) -> Any:
    try:
        response = await pool.run(pool.DOCUMENTS, owner, request)
    except pool.NotDone as failure:
        log.warning("document.not_read", reason=str(failure), owner=owner)
        if failure.by_chance:
            raise NotNow from failure
        raise Illegible(Why.DAMAGED) from failure
    except pool.Full as full:
        raise NotNow from full
    if response.status is Status.REFUSED:
        raise Illegible(Why(response.data.decode()))
    found = json.loads(response.data)
    if isinstance(found, dict):
        raise OSError(found["errno"], os.strerror(found["errno"]))
    return found


def _head_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_HEAD_BYTES)


def _all_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
