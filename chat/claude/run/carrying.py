"""Puts the content of files into a call, just before it is made: its turns only name them."""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from chat.claude.reading.files import Named, named_in
from chat.claude.run import sources
from chat.files.legible import MOST_BYTES, Why
from chat.models import Attachment
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

Blocks = list[dict[str, Any]]

_GONE: Final = "[This file has been deleted.]"
_TOO_MUCH: Final = "[This file isn't shown here: it doesn't fit.]"


async def carried(room_id: int, messages: Blocks) -> Blocks:
    """Return turns with the files that they name, as far as these still belong to living messages of the room."""
    names = {name for block in _blocks_in(messages) if (name := named_in(block)) is not None}
    if not names:
        return messages
    rows = {row.pk: row for row in await in_database(_living, room_id, {name.attachment for name in names})}
    found: dict[Named, dict[str, Any] | str] = {}
    left = MOST_BYTES * 4 // 3
    for name in sorted(names, reverse=True):  # the newest first: what is too much is left out at the beginning
        source = await _source(rows.get(name.attachment), name)
        if not isinstance(source, str):
            left -= len(source["data"])
            source = source if left >= 0 else _TOO_MUCH
        found[name] = source
    return [{**turn, "content": _filled(turn["content"], found)} for turn in messages]


async def refuse(blocks: Blocks, detail: str) -> None:
    """Note of the files of these blocks that Anthropic refuses them: later calls tell of them only."""
    for name in filter(None, map(named_in, blocks)):
        log.warning("claude.file_refused", attachment=name.attachment, detail=detail)
        # A piece of a PDF says nothing about the rest of it.
        if not name.first:
            await in_database(_note_refused, name.attachment)


def _note_refused(attachment: int) -> None:
    Attachment.objects.filter(pk=attachment).update(unreadable=Why.REFUSED)


async def _source(row: Attachment | None, name: Named) -> dict[str, Any] | str:
    """Return a file as the source of its block, or what is said in its place."""
    if row is None:
        return _GONE
    try:
        return await sources.of(row, name)
    except sources.Left as left:
        return str(left)


def _living(room_id: int, ids: set[int]) -> list[Attachment]:
    found = Attachment.objects.filter(pk__in=ids, room=room_id, message__room=room_id, message__deleted_at=None)
    return list(found)


def _blocks_in(messages: Blocks) -> Blocks:
    blocks = [block for turn in messages for block in turn["content"]]
    results = [block["content"] for block in blocks if block["type"] == "tool_result"]
    return [*blocks, *(block for content in results if not isinstance(content, str) for block in content)]


def _filled(content: Any, found: Mapping[Named, dict[str, Any] | str]) -> Any:
    if isinstance(content, str):
        return content
    return [_filled_block(block, found) for block in content]


def _filled_block(block: dict[str, Any], found: Mapping[Named, dict[str, Any] | str]) -> dict[str, Any]:
    if block["type"] == "tool_result":
        return {**block, "content": _filled(block["content"], found)}
    name = named_in(block)
    if name is None:
        return block
    source = found[name]
    if not isinstance(source, str):
        return {**block, "source": source}
    cached = {key: value for key, value in block.items() if key == "cache_control"}
    return {"type": "text", "text": source, **cached}
