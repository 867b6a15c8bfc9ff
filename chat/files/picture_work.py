"""Pictures encoded again on a server: in a process with a deadline, one after the other, in turns of people."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import IO, Final, NamedTuple

import structlog
from django.conf import settings

from chat.bounded import pool
from chat.bounded.child import Status
from chat.files.pictures import Picture
from chat.protocol.errors import ErrorCode, ProtocolError, invalid, unavailable

log = structlog.get_logger(__name__)

# Of processor time. The largest picture that is allowed takes about half of it, in the slowest format.
_SECONDS: Final = 20.0
_WALL_SECONDS: Final = 60.0
_FULL_RETRY_MS: Final = 5_000
_TOO_SLOW: Final = "This picture takes too long to read. Make it smaller, or save it as JPEG or PNG."

_copying = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")


async def made_anew(file: IO[bytes], owner: Hashable) -> Picture:
    """Return a copy of nothing but the picture. Raises VALIDATION_ERROR, RATE_LIMITED, UNAVAILABLE or OSError."""
    given = await asyncio.get_running_loop().run_in_executor(_copying, _on_disk, file)
    with given, ExitStack() as unless_kept:
        whole = unless_kept.enter_context(tempfile.TemporaryFile())
        preview = unless_kept.enter_context(tempfile.TemporaryFile())
        facts = await _facts(owner, (given.fileno(), whole.fileno(), preview.fileno()))
        whole.seek(0)
        preview.seek(0)
        unless_kept.pop_all()
    if not facts.has_preview:
        preview.close()
    return Picture(facts.content_type, facts.width, facts.height, whole, preview if facts.has_preview else None)


def _on_disk(file: IO[bytes]) -> IO[bytes]:
    """Return the file as one that another process can read: a small upload is in memory only."""
    try:
        return os.fdopen(os.dup(file.fileno()), "rb")
    except OSError:  # io.UnsupportedOperation is one
        pass
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    try:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
    except BaseException:
        copy.close()
        raise
    return copy


class _Facts(NamedTuple):
    content_type: str
    width: int
    height: int
    has_preview: bool


async def _facts(owner: Hashable, files: tuple[int, int, int]) -> _Facts:
    request = json.dumps(settings.UPLOAD_PIXELS).encode()
    try:
        response = await pool.run(pool.PICTURES, owner, pool.Request(request, _SECONDS, _SECONDS, _WALL_SECONDS, files))
    except pool.NotDone as failure:
        log.warning("picture.not_made", reason=str(failure), owner=owner)
        raise unavailable() if failure.by_chance else invalid(_TOO_SLOW, "$.file") from failure
    except pool.Full as full:
        if full.is_own:
            sentence = "You are uploading pictures too fast."
            raise ProtocolError(ErrorCode.RATE_LIMITED, sentence, retry_after=_FULL_RETRY_MS) from full
        raise unavailable() from full
    if response.status is Status.REFUSED:
        raise invalid(response.data.decode(), "$.file")
    found = json.loads(response.data)
    if isinstance(found, dict):
        raise OSError(found["errno"], os.strerror(found["errno"]))
    return _Facts(*found)
