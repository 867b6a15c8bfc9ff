"""Anthropic's Files API: large files are uploaded once, and named in the calls that follow.

A gateway in front of Anthropic may lack it. Then files are sent within each call, and it isn't tried again for a while.
"""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings

from chat.claude.backends.backend import KeptFile, Messages

log = structlog.get_logger(__name__)

# Someone waits for the reply, and the file can be sent within the call.
_SILENT_SECONDS: Final = 20.0
_REFUSED_FOR_SECONDS: Final = 3_600.0
_FAILED_FOR_SECONDS: Final = 60.0
_TOO_LARGE: Final = 413
_GONE: Final = 404
# A file that is unknown or expired is a 404, and at some addresses a 400 that names its place.
_LOSSES: Final = (400, _GONE)
_ABOUT_KEPT: Final = re.compile(
    r"file_id|file_expired|source\.file\b|'file'"
    r"|\bfiles?\b.{0,80}\b(?:not found|expired|unknown|does not exist|unavailable|deleted)\b"
    r"|\b(?:unknown|expired|no such)\b.{0,20}\bfiles?\b",
    re.IGNORECASE | re.ASCII,
)


class FilesRefused:
    """Until when the Files API is left alone, by account."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def is_left_alone(self, account: str) -> bool:
        return time.monotonic() < self._until.get(account, 0.0)

    def leave_alone(self, account: str, seconds: float) -> None:
        self._until[account] = time.monotonic() + seconds


class FileStore:
    """Uploads for one account. files: the SDK's."""

    def __init__(self, files: Any, account: str, refused: FilesRefused) -> None:
        self._files = files
        self.account = account
        self._refused = refused

    async def keep(self, media_type: str, data: bytes) -> KeptFile | None:
        """Upload a file, and return how calls name it; None where that doesn't work, and it has to go with the call."""
        seconds = int(settings.CLAUDE_FILES_HOURS * 3_600)
        given = ("file", data, media_type)  # its name stands in the call
        timeout = min(_SILENT_SECONDS, settings.CLAUDE_READ_SECONDS)
        try:
            made = await self._files.upload(file=given, expires_in_seconds=seconds, timeout=timeout)
        except Exception as error:  # noqa: BLE001 - whatever it is, the file can be sent within the call
            self._failed(error)
            return None
        id_: Any = getattr(made, "id", None)
        if not isinstance(id_, str) or not id_:
            self.refuse("what came back is no file")
            return None
        return KeptFile(id_, _expiry(made, seconds))

    def refuse(self, reason: str) -> None:
        """Send files within calls for a while."""
        log.warning("claude.files_refused", reason=reason)
        self._refused.leave_alone(self.account, _REFUSED_FOR_SECONDS)

    def _failed(self, error: Exception) -> None:
        status = getattr(error, "status_code", None)
        kind = str(getattr(error, "error_code", None) or type(error).__name__)
        if status is not None and status < 500 and status not in (_TOO_LARGE, 408, 409, 429):
            self.refuse(kind)
            return
        log.info("claude.file_not_uploaded", error=kind)
        if status != _TOO_LARGE:
            self._refused.leave_alone(self.account, _FAILED_FOR_SECONDS)


async def delete(files: Any, file_id: str) -> bool:
    """Delete a file; return whether it is gone."""
    try:
        await files.delete(file_id, timeout=_SILENT_SECONDS)
    except Exception as error:  # noqa: BLE001 - it expires
        if getattr(error, "status_code", None) == _GONE:
            return True
        log.info("claude.file_not_deleted", error=type(error).__name__)
        return False
    return True


def lost(messages: Messages, error: Exception) -> list[str]:
    """Return the ids of the uploaded files for which a call was refused: they are unknown or have expired."""
    if getattr(error, "status_code", None) not in _LOSSES:
        return []
    used = list(_ids_in(block for turn in messages for block in turn["content"]))
    said = str(getattr(error, "api_message", ""))
    named = [id_ for id_ in used if id_ in said]
    if named:
        return named
    is_about_them = getattr(error, "error_code", None) == "file_expired" or _ABOUT_KEPT.search(said)
    return used if is_about_them else []


def _ids_in(blocks: Iterable[dict[str, Any]]) -> Iterable[str]:
    for block in blocks:
        if block["type"] == "tool_result" and not isinstance(block["content"], str):
            yield from _ids_in(block["content"])
        elif (block.get("source") or {}).get("type") == "file":
            yield block["source"]["file_id"]


def _expiry(made: Any, seconds: int) -> datetime:
    told: Any = getattr(made, "expires_at", None)
    ours = datetime.now(UTC) + timedelta(seconds=seconds)
    return min(told, ours) if isinstance(told, datetime) and told.tzinfo is not None else ours
