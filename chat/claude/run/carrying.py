"""Puts the content of files into a call, just before it is made: its turns only name them."""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from chat.claude.backends.backend import Store
from chat.claude.reading.files import Named, named_in
from chat.claude.run import sent_files, sources
from chat.files.legible import MOST_BYTES, Why
from chat.models import Attachment
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

Blocks = list[dict[str, Any]]
# Of a block; or, as a text, what is said in place of the file.
Source = dict[str, Any] | str

# Uploading takes a request of its own, which pays where a file would go with many calls: docs/claude.md has the figures.
LARGE_BYTES: Final = 250_000

_GONE: Final = "[This file has been deleted.]"
_TOO_MUCH: Final = "[This file isn't shown here: it doesn't fit.]"


class Carrying:
    """Carries the files of one room."""

    def __init__(self, room_id: int) -> None:
        self._room_id = room_id

    async def carried(self, messages: Blocks, store: Store | None) -> Blocks:
        """Return turns with the files that they name, as far as these still belong to living messages of the room.

        store: where large ones are uploaded, so that calls only name them; None where they go with each call.
        """
        names = {name for block in _blocks_in(messages) if (name := named_in(block)) is not None}
        if not names:
            return messages
        ids = {name.attachment for name in names}
        rows = {row.pk: row for row in await in_database(_living, self._room_id, ids)}
        sent = {} if store is None else await in_database(sent_files.known, store.account, list(rows))
        found: dict[Named, Source] = {}
        left = MOST_BYTES * 4 // 3
        for name in sorted(names, reverse=True):  # the newest first: what is too much is left out at the beginning
            source = await _source(rows.get(name.attachment), name, store, sent)
            if isinstance(source, dict) and "data" in source:
                left -= len(source["data"])
                source = source if left >= 0 else _TOO_MUCH
            found[name] = source
        return [{**turn, "content": _filled(turn["content"], found)} for turn in messages]

    async def refuse(self, blocks: Blocks, detail: str) -> None:
        """Note of the files of these blocks that Anthropic refuses them: later calls tell of them only."""
        for name in filter(None, map(named_in, blocks)):
            log.warning("claude.file_refused", attachment=name.attachment, detail=detail)
            # A piece of a PDF says nothing about the rest of it.
            if not name.first:
                await in_database(_note_refused, name.attachment)

    async def forget(self, account: str, ids: list[str]) -> None:
        """Note that Anthropic has these uploads no longer."""
        log.info("claude.uploads_gone", count=len(ids))
        await in_database(sent_files.forget, account, ids)


def _note_refused(attachment: int) -> None:
    Attachment.objects.filter(pk=attachment).update(unreadable=Why.REFUSED)


async def _source(row: Attachment | None, name: Named, store: Store | None, sent: Mapping[int, str]) -> Source:
    """Return a file as the source of its block, or what is said in its place."""
    if row is None:
        return _GONE
    if name.attachment in sent and not name.first:
        return _by_id(sent[name.attachment])
    try:
        content = await sources.of(row, name)
    except sources.Left as left:
        return str(left)
    if not isinstance(content, sources.Bytes):
        return content
    # Some pages of a PDF are read once.
    if store is not None and not name.first and len(content.data) >= LARGE_BYTES:
        id_ = await _uploaded(row, content, store)
        if id_ is not None:
            return _by_id(id_)
    return await content.in_base64()


async def _uploaded(row: Attachment, content: sources.Bytes, store: Store) -> str | None:
    """Upload a file and return its id; None while another process does, or where it doesn't work."""
    claim = await in_database(sent_files.claim, row.pk, store.account, len(content.data))
    if claim is None:
        return None
    kept = None
    try:
        kept = await store.keep(content.media_type, content.data)
    finally:
        await in_database(sent_files.end_claim, claim, kept)
    return None if kept is None else kept.id


def _by_id(id_: str) -> dict[str, Any]:
    return {"type": "file", "file_id": id_}


def _living(room_id: int, ids: set[int]) -> list[Attachment]:
    found = Attachment.objects.filter(pk__in=ids, room=room_id, message__room=room_id, message__deleted_at=None)
    return list(found)


def _blocks_in(messages: Blocks) -> Blocks:
    blocks = [block for turn in messages for block in turn["content"]]
    results = [block["content"] for block in blocks if block["type"] == "tool_result"]
    return [*blocks, *(block for content in results if not isinstance(content, str) for block in content)]


def _filled(content: Any, found: Mapping[Named, Source]) -> Any:
    if isinstance(content, str):
        return content
    return [_filled_block(block, found) for block in content]


def _filled_block(block: dict[str, Any], found: Mapping[Named, Source]) -> dict[str, Any]:
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
