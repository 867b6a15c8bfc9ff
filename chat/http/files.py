"""HTTP for files in messages: uploading them, and getting them back."""

from typing import Final, TypeVar

import msgspec
import structlog
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.http import content_disposition_header, parse_etags
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from chat import access
from chat.access import Actor
from chat.claude.prompt import readable
from chat.claude.run.looking import measured
from chat.files import attachments, document_work, picture_work, uploads
from chat.files.pictures import PREVIEW_TYPE
from chat.files.text_files import CHUNK_BYTES
from chat.http.tickets import credential_of, error_response, reader_of
from chat.lifetime import Threads, part
from chat.limits import rates
from chat.model_choice import model_of
from chat.models import Attachment, Room
from chat.protocol import frames, wire
from chat.protocol.errors import ErrorCode, ProtocolError, invalid, unavailable
from chat.realtime.database import in_database
from chat.realtime.rendering import of_user
from chat.server.opening import Refusal

log = structlog.get_logger(__name__)

T = TypeVar("T")

_JSON: Final = "application/json"
# Nothing that the file could bring along may run, load or be framed, should a browser ever show it as a page.
_POLICY: Final = "default-src 'none'; sandbox"


class _Disk(Threads):
    at_most = 2
    name = "files"


@csrf_exempt  # credential_of checks it for cookies; a Bearer token does not travel on its own
@require_POST
@never_cache
async def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep one file for a message that is still to be posted in this room; respond with what the message will name."""
    try:
        actor = Actor.by(await credential_of(request))
        await in_database(attachments.check_may_upload, actor, slug)
        rates.take(actor, rates.UPLOADS)
        kept = await _keep(actor, slug, await part(_Disk).run(_file_in, request))
    except Refusal as refusal:
        return error_response(refusal.error, refusal.status)
    except ProtocolError as error:
        log.info("upload.refused", room=slug, code=str(error.code))
        return error_response(error, 413 if isinstance(error, uploads.TooLarge) else None)
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return error_response(invalid("Upload exactly one file in the `file` field.", "$.file"))
    except OSError as error:
        log.warning("upload.failed", room=slug, error=type(error).__name__, errno=error.errno)
        return error_response(unavailable())
    return HttpResponse(frames.to_json(kept), status=201, content_type=_JSON)


def _file_in(request: HttpRequest) -> "UploadedFile[bytes]":
    given = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if len(given) != 1 or "file" not in request.FILES:
        raise invalid("Send one file, as the field `file`.", "$.file")
    found: UploadedFile[bytes] = given[0]
    return found


async def _keep(actor: Actor, slug: str, file: "UploadedFile[bytes]") -> wire.Attachment:
    is_picture = await part(_Disk).run(uploads.is_picture, file)
    picture = await picture_work.made_anew(file, of_user(actor.id)) if is_picture else None
    found = await part(_Disk).run(uploads.inspect, file, file.name or "", picture)
    owner = of_user(actor.id)
    try:
        known = await measured(await document_work.looked_at(found, owner), owner)
        return await in_database(_kept, actor, slug, known)
    finally:
        await part(_Disk).run(found.close)


def _kept(actor: Actor, slug: str, upload: uploads.Upload) -> wire.Attachment:
    """Keep a file, and say whether Claude can read it: the person may still choose another one."""
    kept = attachments.keep(actor, slug, upload)
    reading = readable.reading_of(upload, model_of(Room.objects.get(slug=slug)))
    if reading is None:
        return kept
    return msgspec.structs.replace(kept, claudeReads=reading.can, claudeReason=reading.reason or msgspec.UNSET)


@require_safe
async def download(request: HttpRequest, public_id: str, name: str) -> HttpResponseBase:
    """Return a file to people who may read its room; for everyone else it does not exist. The name is decoration."""
    try:
        reader = await reader_of(request)
        if isinstance(reader, HttpResponse):
            return reader
        row = await in_database(access.attachment_for, Actor.by(reader), public_id)
        return await _response(request, row)
    except ProtocolError as error:
        if error.code == ErrorCode.NOT_FOUND:
            raise Http404(error.message) from error
        return error_response(error)


async def _response(request: HttpRequest, row: Attachment) -> HttpResponseBase:
    is_preview = "preview" in request.GET and bool(row.preview)
    headers = {
        "Content-Type": PREVIEW_TYPE if is_preview else row.content_type,
        "Content-Disposition": content_disposition_header(not row.is_picture, row.name) or "attachment",
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        # Kept by the reader's own browser alone, and asked for again each time: who was removed sees it no more.
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, Authorization",
        "ETag": f'"{row.public_id}{"-preview" if is_preview else ""}"',
    }
    if headers["ETag"] in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers=headers)
    try:
        file = await part(_Disk).run(default_storage.open, row.preview.name if is_preview else row.file.name)
    except FileNotFoundError as error:
        log.warning("attachment.file_missing", attachment=row.pk)
        raise Http404("File not found.") from error
    headers["Content-Length"] = str(file.size)
    if request.method == "HEAD":
        file.close()
        return HttpResponse(headers=headers)
    return StreamingHttpResponse(_Pieces(file), headers=headers)


class _Pieces:
    """A file in pieces, read on another thread: the loop must not wait for a disk, nor memory hold the whole of it."""

    def __init__(self, file: "File[bytes]") -> None:
        self._file = file

    def __aiter__(self) -> "_Pieces":
        return self

    async def __anext__(self) -> bytes:
        piece: bytes = await part(_Disk).run(self._file.read, CHUNK_BYTES)
        if not piece:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Called by the response, also when its reader has gone away."""
        self._file.close()
