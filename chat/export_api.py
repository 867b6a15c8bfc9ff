"""HTTP for the export of a room, as JSON Lines: one message a line, in the shape that the protocol gives it."""

from functools import lru_cache
from typing import Final

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import credentials
from accounts.credentials import BEARER
from chat.access import Actor
from chat.actions import export
from chat.api import HTTP_STATUS, error_response
from chat.protocol import frames
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_database
from chat.realtime.limits import PerUser
from chat.socket.opening import signed_out

log = structlog.get_logger(__name__)

_HOUR_SECONDS: Final = 3600.0


@lru_cache(maxsize=1)
def _exports_per_user(per_hour: int) -> PerUser:
    return PerUser(per_hour / _HOUR_SECONDS, burst=max(1, per_hour / 2))


@require_GET
@never_cache
async def room_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return all messages of a room, as of now, as a download for its owners and moderators."""
    try:
        credential = await in_database(credentials.from_request, request)
        if credential is None:
            if request.headers.get("Authorization", "").startswith(BEARER):
                return error_response(401, signed_out().error)
            return redirect_to_login(request.get_full_path())
        actor = Actor.by(credential)
        room = await in_database(export.room_to_export, actor, slug)
        _take_turn(actor)
    except ProtocolError as error:
        return error_response(HTTP_STATUS[error.code], error)
    log.info("room.exported", room=slug, user=actor.id)
    headers = {
        "Content-Type": "application/x-ndjson",
        "Content-Disposition": content_disposition_header(True, f"{slug}.jsonl") or "attachment",
    }
    return StreamingHttpResponse(_Lines(actor, slug, room.change), headers=headers)


def _take_turn(actor: Actor) -> None:
    limit = _exports_per_user(settings.EXPORTS_PER_HOUR)
    wait = limit.take(actor.id)
    limit.forget_idle()
    if wait:
        raise ProtocolError(ErrorCode.RATE_LIMITED, "You are exporting too much.", retry_after=wait)


class _Lines:
    """The messages up to a `seq`, each batch read when the last one was taken. An error cuts the answer off: half an
    export must not look like a whole one.
    """

    def __init__(self, actor: Actor, slug: str, until: int) -> None:
        self._actor, self._slug, self._until = actor, slug, until
        self._after = 0

    def __aiter__(self) -> "_Lines":
        return self

    async def __anext__(self) -> bytes:
        lines, self._after = await in_database(_next_lines, self._actor, self._slug, self._after, self._until)
        if not lines:
            raise StopAsyncIteration
        return lines


def _next_lines(actor: Actor, slug: str, after: int, until: int) -> tuple[bytes, int]:
    """Return a batch as lines, and the last `seq` in it. Encoded here, away from the event loop."""
    messages = export.batch(actor, slug, after, until)
    lines = "".join(frames.to_json(message) + "\n" for message in messages)
    return lines.encode(), messages[-1].seq if messages else after
