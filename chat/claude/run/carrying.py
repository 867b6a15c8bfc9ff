"""Puts the bytes of files into a call, just before it is made: its turns only name them.

What is sent of a file is made once and kept, so each call sends the same bytes and finds them in the cache.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import structlog

from chat.claude.reading.files import named_in
from chat.files import for_models, model_pictures, picture_work
from chat.lifetime import Threads, part
from chat.models import Attachment
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

Blocks = list[dict[str, Any]]

# The API takes 32 MB in base64 and all; what comes first is left out, since it is the oldest.
_MOST_BYTES: Final = 20_000_000
_GONE: Final = "[This file has been deleted.]"
_UNREADABLE: Final = "[This file can't be shown: it is damaged.]"
_NOT_NOW: Final = "[This file can't be shown right now.]"
_TOO_MUCH: Final = "[This file isn't shown here: there is no room for it.]"


class _Storage(Threads):
    """It may be slow. Few at a time, so that many replies don't hold many files."""

    at_most = 4
    name = "files for models"


class _Left(Exception):
    """There is nothing to show. The text is for the model."""


async def carried(room_id: int, messages: Blocks) -> Blocks:
    """Return turns with the files that they name, as far as these still belong to living messages of the room."""
    names = {name for block in _blocks_in(messages) if (name := named_in(block)) is not None}
    if not names:
        return messages
    rows = {row.pk: row for row in await in_database(_living, room_id, names)}
    sources: dict[int, dict[str, Any]] = {}
    left = _MOST_BYTES
    for name in sorted(names, reverse=True):  # the newest first
        source = await _source(rows.get(name), left)
        sources[name] = source
        left -= len(source.get("data", ""))
    return [{**turn, "content": _filled(turn["content"], sources)} for turn in messages]


def _living(room_id: int, names: set[int]) -> list[Attachment]:
    found = Attachment.objects.filter(pk__in=names, room=room_id, message__room=room_id, message__deleted_at=None)
    return list(found)


def _blocks_in(messages: Blocks) -> Blocks:
    blocks = [block for turn in messages for block in turn["content"]]
    results = [block["content"] for block in blocks if block["type"] == "tool_result"]
    return [*blocks, *(block for content in results if not isinstance(content, str) for block in content)]


def _filled(content: Any, sources: Mapping[int, dict[str, Any]]) -> Any:
    if isinstance(content, str):
        return content
    return [_filled_block(block, sources) for block in content]


def _filled_block(block: dict[str, Any], sources: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    if block["type"] == "tool_result":
        return {**block, "content": _filled(block["content"], sources)}
    name = named_in(block)
    if name is None:
        return block
    source = sources[name]
    if "left" not in source:
        return {**block, "source": source}
    cached = {key: value for key, value in block.items() if key == "cache_control"}
    return {"type": "text", "text": source["left"], **cached}


async def _source(row: Attachment | None, most: int) -> dict[str, Any]:
    """Return a file as the source of its block, or what is said in its place."""
    try:
        if row is None:
            raise _Left(_GONE)
        data = await _picture(row)
        if len(data) * 4 // 3 > most:
            raise _Left(_TOO_MUCH)
        encoded = await part(_Storage).run(lambda: b64encode(data).decode())
    except _Left as left:
        return {"left": str(left)}
    return {"type": "base64", "media_type": model_pictures.type_of(data), "data": encoded}


async def _picture(row: Attachment) -> bytes:
    try:
        kept = await part(_Storage).run(for_models.kept, row)
        return await _made(row) if kept is None else kept
    except FileNotFoundError as error:  # its message was deleted in this moment
        raise _Left(_GONE) from error
    except picture_work.NotMade as failure:
        raise _Left(_NOT_NOW if failure.by_chance else _UNREADABLE) from failure
    except OSError as error:
        log.warning("file.not_read_for_model", attachment=row.pk, error=type(error).__name__, errno=error.errno)
        raise _Left(_NOT_NOW) from error


async def _made(row: Attachment) -> bytes:
    file = await part(_Storage).run(for_models.original, row)
    try:
        data = await picture_work.for_model(file, ("model", row.room_id))
    finally:
        file.close()
    try:
        await _keep(row.pk, data)
    except (OSError, ProtocolError) as error:  # it is made again for the next call
        log.warning("file.not_kept_for_model", attachment=row.pk, error=type(error).__name__)
    return data


async def _keep(pk: int, data: bytes) -> None:
    name = await in_database(for_models.name_for, pk)
    if name:
        await part(_Storage).run(for_models.keep, name, data)
        await in_database(for_models.drop_if_gone, pk, name)
