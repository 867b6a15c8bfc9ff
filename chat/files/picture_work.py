"""Pictures encoded again on a server: in a process with a deadline, one after the other, in turns of people."""

import json
import os
import tempfile
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from typing import IO, Any, Final, NamedTuple

import structlog
from django.conf import settings

from chat.bounded import pool
from chat.bounded.child import Status
from chat.files.on_disk import on_disk
from chat.files.pictures import Picture
from chat.lifetime import Threads, part
from chat.protocol.errors import ErrorCode, ProtocolError, invalid, unavailable

log = structlog.get_logger(__name__)

# Of processor time. The largest picture that is allowed takes about half of it, in the slowest format.
_SECONDS: Final = 20.0
_WALL_SECONDS: Final = 60.0
_FULL_RETRY_MS: Final = 5_000
_TOO_SLOW: Final = "This picture takes too long to read. Make it smaller, or save it as JPEG or PNG."


class _Copying(Threads):
    name = "pictures"


async def made_anew(file: IO[bytes], owner: Hashable) -> Picture:
    """Return a copy of nothing but the picture. Raises VALIDATION_ERROR, RATE_LIMITED, UNAVAILABLE or OSError."""
    given = await part(_Copying).run(on_disk, file)
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


class _Facts(NamedTuple):
    content_type: str
    width: int
    height: int
    has_preview: bool


async def for_model(file: IO[bytes], owner: Hashable) -> bytes:
    """Return a picture as it is sent to a model. Raises NotMade where there is no picture to send, and OSError."""
    with tempfile.TemporaryFile() as made:
        given = await part(_Copying).run(on_disk, file)
        with given:
            # However much people upload meanwhile, a reply waits for its turn.
            request = _request((given.fileno(), made.fileno()), for_model=True)
            try:
                response = await pool.run(pool.PICTURES, owner, request, is_bounded=False)
            except pool.NotDone as failure:
                log.warning("picture.not_made_for_model", reason=str(failure), owner=owner)
                raise NotMade(by_chance=failure.by_chance) from failure
        if response.status is Status.REFUSED:
            raise NotMade(by_chance=False)
        _check_errno(json.loads(response.data))
        made.seek(0)
        return made.read()


class NotMade(Exception):
    """There is no picture for the model. by_chance: the next try may succeed."""

    def __init__(self, *, by_chance: bool) -> None:
        super().__init__("by chance" if by_chance else "unreadable")
        self.by_chance = by_chance


def _request(files: Sequence[int], *, for_model: bool) -> pool.Request:
    asked = json.dumps({"for_model": for_model, "most_pixels": settings.UPLOAD_PIXELS}).encode()
    return pool.Request(asked, _SECONDS, _SECONDS, _WALL_SECONDS, files)


def _check_errno(found: Any) -> None:
    if isinstance(found, dict):
        raise OSError(found["errno"], os.strerror(found["errno"]))


async def _facts(owner: Hashable, files: tuple[int, int, int]) -> _Facts:
    try:
        response = await pool.run(pool.PICTURES, owner, _request(files, for_model=False))
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
    _check_errno(found)
    return _Facts(*found)
