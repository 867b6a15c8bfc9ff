"""The Files API of the fake: uploads that expire, and the files that a call names put in the place of their names."""

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any, Final

from fake_claude.exchange import Exchange

PATH: Final = "/v1/files"
_MOST_BYTES: Final = 500_000_000
_SHORTEST_SECONDS: Final = 3_600
_LONGEST_SECONDS: Final = 7_776_000
_NAME_CHARS: Final = 255
_FORBIDDEN_IN_NAMES: Final = re.compile(r'[<>:"|?*\\/\x00-\x1f]')
_TYPES: Final = {
    "image": ("image/jpeg", "image/png", "image/gif", "image/webp"),
    "document": ("application/pdf", "text/plain"),
}


class Refused(Exception):
    """A request that the service refuses."""

    def __init__(self, status: int, type_: str, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.type = type_
        self.code = code


@dataclass(eq=False)
class Kept:
    """A file, of the account of a key."""

    id: str
    key: str
    name: str
    type: str
    data: bytes = field(repr=False)
    created_at: float
    expires_at: float | None
    is_deleted: bool = False

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "file",
            "filename": self.name,
            "mime_type": self.type,
            "size_bytes": len(self.data),
            "created_at": _time(self.created_at),
            "expires_at": None if self.expires_at is None else _time(self.expires_at),
            "downloadable": False,
        }


class Files:
    """What was uploaded. is_offered: False for a gateway that knows nothing but messages."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.is_offered = True
        # Of uploads and of deletions, in place of what they would bring: a status and an error's type.
        self.fails_with: tuple[int, str] | None = None

    def expire(self) -> None:
        """Let the time of all files be over."""
        for file in self.kept.values():
            file.expires_at = time.time() - 1

    async def respond(self, exchange: Exchange, path: str, headers: dict[str, str], key: str) -> None:
        """Respond to a request to /v1/files or below."""
        try:
            if not self.is_offered:
                raise Refused(404, "not_found_error", "Not found")
            if self.fails_with is not None:
                raise Refused(*self.fails_with, "it does not work")
            await exchange.respond(200, self._done(exchange, path, headers, key))
        except Refused as refused:
            await fail(exchange, refused)

    def _done(self, exchange: Exchange, path: str, headers: dict[str, str], key: str) -> dict[str, Any]:
        id_ = path.removeprefix(PATH).strip("/")
        if exchange.method == "POST" and not id_:
            return self._upload(exchange.form, headers, key).facts()
        if exchange.method == "GET" and id_:
            return self._found(id_, key).facts()
        if exchange.method == "DELETE" and id_:
            self._found(id_, key).is_deleted = True
            return {"id": id_, "type": "file_deleted"}
        raise Refused(405, "invalid_request_error", "Method Not Allowed")

    def _upload(self, raw: bytes, headers: dict[str, str], key: str) -> Kept:
        fields = _fields_of(raw, headers)
        unknown = fields.keys() - {"file", "expires_in_seconds"}
        if unknown:
            raise _invalid(f"{min(unknown)}: Extra inputs are not permitted")
        if "file" not in fields:
            raise _invalid("file: Field required")
        head, data = fields["file"]
        name = head.get_filename() or "unnamed"
        if len(name) > _NAME_CHARS or _FORBIDDEN_IN_NAMES.search(name):
            raise _invalid("file: Invalid filename")
        if len(data) > _MOST_BYTES:
            raise Refused(413, "request_too_large", "File exceeds the maximum size")
        now = time.time()
        id_ = f"file_{secrets.token_hex(12)}"
        file = Kept(id_, key, name, head.get_content_type(), data, now, now)
        seconds = fields.get("expires_in_seconds")
        file.expires_at = None if seconds is None else now + _lifetime(seconds[1])
        self.kept[id_] = file
        return file

    def _found(self, id_: str, key: str) -> Kept:
        file = self.kept.get(id_)
        if file is None or file.key != key or file.is_deleted:
            raise Refused(404, "not_found_error", f"File not found: {id_}")
        if file.expires_at is not None and file.expires_at <= time.time():
            raise Refused(404, "not_found_error", f"File expired: {id_}", "file_expired")
        return file

    def put_into(self, body: Any, key: str) -> Any:
        """Return a call's body with the bytes of the files that it names. Raises Refused."""
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            return body
        turns = [
            turn if isinstance(turn.get("content"), str) else {**turn, "content": self._filled(turn["content"], key)}
            for turn in body["messages"]
        ]
        return {**body, "messages": turns}

    def _filled(self, blocks: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        return [self._filled_block(block, key) for block in blocks]

    def _filled_block(self, block: dict[str, Any], key: str) -> dict[str, Any]:
        if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
            return {**block, "content": self._filled(block["content"], key)}
        source = block.get("source") or {}
        if source.get("type") != "file" or source.keys() != {"type", "file_id"}:
            return block
        if not self.is_offered:
            raise _invalid("source: Input tag 'file' found using 'type' does not match any of the expected tags")
        file = self._found(source["file_id"], key)
        if file.type not in _TYPES.get(block["type"], ()):
            raise _invalid(f"Files of type {file.type} can't be used in a block of type {block['type']}")
        return {**block, "source": _source(file)}


async def fail(exchange: Exchange, refused: Refused) -> None:
    await exchange.fail(refused.status, refused.type, str(refused), refused.code)


def _source(file: Kept) -> dict[str, Any]:
    """Return what a file is in a call that holds it: its size counts, and its bytes are looked at as those of any other."""
    if file.type == "text/plain":
        return {"type": "text", "media_type": file.type, "data": file.data.decode(errors="replace")}
    return {"type": "base64", "media_type": file.type, "data": base64.b64encode(file.data).decode()}


def _fields_of(raw: bytes, headers: dict[str, str]) -> dict[str, tuple[Message, bytes]]:
    """Return the parts of a form, each with its headers."""
    kind = Message()
    kind["content-type"] = headers.get("content-type", "")
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/form-data" or not boundary:
        raise _invalid("Expected a multipart/form-data body")
    parts = (b"\r\n" + raw).split(b"\r\n--" + boundary.encode())[1:-1]
    found: dict[str, tuple[Message, bytes]] = {}
    for part in parts:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        about = BytesHeaderParser().parsebytes(head)
        found[str(about.get_param("name", "", "content-disposition"))] = (about, data)
    return found


def _lifetime(given: bytes) -> int:
    try:
        seconds = json.loads(given)
    except ValueError:
        seconds = None
    if not isinstance(seconds, int) or not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise _invalid(f"expires_in_seconds: must be between {_SHORTEST_SECONDS} and {_LONGEST_SECONDS}")
    return seconds


def _invalid(text: str) -> Refused:
    return Refused(400, "invalid_request_error", text)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
