"""HTTP for the export of a room, as JSON Lines: one message a line, in the shape that the protocol gives it."""

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.credentials import Credential, Standing, standings
from chat.access import Actor
from chat.http.tickets import error_response, reader_of
from chat.limits import rates
from chat.messages import exporting
from chat.protocol import frames
from chat.protocol.errors import ProtocolError, unauthorized
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)


@require_GET
@never_cache
async def room_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return all messages of a room, as of now, as a download for its owners and moderators."""
    try:
        reader = await reader_of(request)
        if isinstance(reader, HttpResponse):
            return reader
        actor = Actor.by(reader)
        room = await in_database(exporting.room_to_export, actor, slug)
        rates.take(actor, rates.EXPORTS)
    except ProtocolError as error:
        return error_response(error)
    log.info("room.exported", room=slug, user=actor.id)
    headers = {
        "Content-Type": "application/x-ndjson",
        "Content-Disposition": content_disposition_header(True, f"{slug}.jsonl") or "attachment",
    }
    return StreamingHttpResponse(_Lines(reader, slug, room.change), headers=headers)


class _Lines:
    """The messages up to a `seq`, each batch read when the last one was taken. An error cuts the response off: half an
    export must not look like a whole one.
    """

    def __init__(self, reader: Credential, slug: str, until: int) -> None:
        self._reader, self._slug, self._until = reader, slug, until
        self._after = 0

    def __aiter__(self) -> "_Lines":
        return self

    async def __anext__(self) -> bytes:
        lines, self._after = await in_database(_next_lines, self._reader, self._slug, self._after, self._until)
        if not lines:
            raise StopAsyncIteration
        return lines


def _next_lines(reader: Credential, slug: str, after: int, until: int) -> tuple[bytes, int]:
    """Return a batch as lines, and the last `seq` in it. Encoded here, away from the event loop.

    A slow reader takes minutes: they may be signed out, banned or deactivated meanwhile. Raises UNAUTHORIZED then.
    """
    if standings([reader])[reader] is not Standing.VALID:
        raise unauthorized("Your access to this server has ended.")
    messages = exporting.batch(Actor.by(reader), slug, after, until)
    lines = "".join(frames.to_json(message) + "\n" for message in messages)
    return lines.encode(), messages[-1].seq if messages else after
