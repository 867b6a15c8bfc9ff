"""`GET /stream/<room>`: a room's events as server-sent events, for clients that only listen.

A stream is a connection like a socket: authenticated, counted, seen by the others, checked and closed in the same ways.
It joins one room when it opens and ends when it leaves it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from django.conf import settings
from msgspec import UNSET

from chat.models.room import is_renewed
from chat.protocol import frames, requests, wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import ErrorCode, ProtocolError, failed, invalid, not_found
from chat.protocol.http import STATUS
from chat.protocol.names import ROOM_SLUG_PATTERN
from chat.realtime.database import in_database
from chat.realtime.delivery import recovery
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.outbox import FrameWriter, Send
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.sse_outbox import HEADERS, SseOutbox, retry_line, together
from chat.realtime.events import durable
from chat.server import joining, opening, runtime
from chat.server.opening import Refusal, Scope
from chat.server.process import current
from chat.server.runtime import Runtime

log = structlog.get_logger(__name__)

PREFIX: Final = "/stream/"

_SLUG: Final = re.compile(ROOM_SLUG_PATTERN)
_SLUG_CHARS_AT_MOST: Final = 50
_EPOCH_CHARS_AT_MOST: Final = 16
_LARGEST_CHANGE: Final = 2**53 - 1
_DECIMAL: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_ABORT_EXTENSION: Final = "parley.abort"
_CLOSE_TIMEOUT_SECONDS: Final = 10.0
_COME_BACK_MS: Final = 5000
_FIRST: Final = asyncio.FIRST_COMPLETED
_OK: Final = 200
# A room that must be joined first.
_STATUS: Final = {**STATUS, ErrorCode.REQUEST_FAILED: 403}

Receive = Callable[[], Awaitable[dict[str, Any]]]


class EventStream(Connection):
    """A connection that only listens, to one room, and ends with its subscription to it."""

    __slots__ = ("body",)

    body: SseOutbox  # what is written; `outbox` stands before it while the connection is held

    def _make_outbox(self, send: Send, _writer: FrameWriter | None) -> SseOutbox:
        self.body = SseOutbox(send, self._overflowed)
        return self.body

    def send(self, payload: Payload) -> None:
        super().send(payload)
        if payload.type == "left":
            self.close(CloseCode.DONE)

    def send_aside(self, payload: Payload) -> None:
        super().send_aside(payload)
        if payload.type == "left":
            self.close(CloseCode.DONE)

    def begin(self, joined: wire.Joined, *, goes_on: bool) -> None:
        """Send `joined`; to who goes on from a cursor, what was missed as the events that it would have been."""
        if not goes_on or joined.reset:
            self.send(Payload(frames.response("joined", joined, None), joined.change))
            return
        # Without an id: who is cut off in the midst of what follows must come back with the cursor it had.
        first = Payload(frames.response("joined", msgspec.structs.replace(joined, messages=[]), None))
        missed = [durable(message) for message in joined.messages]
        if not self.is_closing:
            self.outbox.push(together([first, *(Payload(event.text, event.change) for event in missed)]))


class _Wanted(NamedTuple):
    """What a stream's request asks for."""

    room: str
    after: int | None
    epoch: str | None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application for paths that begin with PREFIX."""
    process = await current()
    try:
        wanted = _read(scope)
        credential, address = await opening.let_in(scope, process)
        connection = EventStream(runtime.new_connection_id(), credential, address, send)
        process.admit(connection)
    except Refusal as refusal:
        await _refuse(scope, send, process, refusal)
        return
    log.info("stream.opened", connection=connection.id, user=connection.user_id)
    gone = asyncio.ensure_future(_client_gone(receive))
    try:
        await _join(process, connection, wanted)
        await _serve(connection, gone)
        process.dismiss(connection)
        await _finish(connection, gone, scope)
    except Refusal as refusal:
        await _refuse(scope, send, process, refusal)
    finally:
        gone.cancel()
        process.dismiss(connection)
        connection.body.drop()
        connection.end()
        log.info("stream.closed", connection=connection.id, user=connection.user_id)


def _read(scope: Scope) -> _Wanted:
    """Return what is asked for. Raises Refusal."""
    if scope["method"] != "GET":
        raise Refusal(405, failed("A stream is only read: use GET."))
    slug = scope["path"].removeprefix(PREFIX)
    if len(slug) > _SLUG_CHARS_AT_MOST or not _SLUG.fullmatch(slug):
        raise _refusal(not_found("room"))
    query = opening.query_of(scope)
    epoch = query.get("epoch", [None])[0]
    if epoch is not None and len(epoch) > _EPOCH_CHARS_AT_MOST:
        raise _refusal(invalid("Expected `str` of length <= 16.", "$.epoch"))
    # A browser goes on asking for the same address: what it has heard last is newer than what stands there.
    last = opening.headers_of(scope).get(b"last-event-id", b"").decode("latin-1").strip()
    if last:
        # What is no id of ours is a cursor that no one can honour, as one from the future.
        change = _number(last)
        return _Wanted(slug, _LARGEST_CHANGE if change is None else change, epoch)
    after = query.get("after", [None])[0]
    if after is not None and _number(after) is None:
        raise _refusal(invalid("Expected an `int` from 0.", "$.after"))
    return _Wanted(slug, None if after is None else _number(after), epoch)


def _number(text: str) -> int | None:
    found = int(text) if _DECIMAL.fullmatch(text) else None
    return found if found is None or found <= _LARGEST_CHANGE else None


async def _join(process: Runtime, connection: EventStream, wanted: _Wanted) -> None:
    """Join the room, which begins the response. Raises Refusal while there is none yet."""
    try:
        if process.access_changed_lately(connection.user_id):
            await process.guard.clear(connection)
        request = requests.JoinRoom(
            room=wanted.room,
            after=UNSET if wanted.after is None else wanted.after,
            epoch=UNSET if wanted.after is None else await _epoch(wanted),
        )
        goes_on = wanted.after is not None
        await joining.join(process, connection, request, lambda joined: connection.begin(joined, goes_on=goes_on))
    except ProtocolError as error:
        if not connection.body.has_begun:
            raise _refusal(error) from error
        connection.close(CloseCode.OUR_FAULT)
    except Exception as error:
        log.exception("stream.failed", connection=connection.id)
        if not connection.body.has_begun:
            fault = ProtocolError(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side.")
            raise _refusal(fault) from error
        connection.close(CloseCode.OUR_FAULT)


async def _epoch(wanted: _Wanted) -> str:
    """Return the epoch that a cursor is said to belong to.

    An id alone belongs to that of today as long as the room has had no other. Afterwards it may be from before, where the
    same number was another message's: it is honoured no more.
    """
    if wanted.epoch is not None:
        return wanted.epoch
    found = await in_database(recovery.heads, [wanted.room])
    epoch = found[wanted.room][1] if wanted.room in found else ""
    return "" if is_renewed(epoch) else epoch


async def _serve(connection: EventStream, gone: "asyncio.Future[None]") -> None:
    """Keep the stream open until its client goes away or it is closed."""
    closing = asyncio.ensure_future(connection.body.wait_closing())
    try:
        while not (gone.done() or connection.is_closing):
            done, _ = await asyncio.wait({gone, closing}, timeout=_keepalive_seconds(), return_when=_FIRST)
            if not done:
                connection.body.keep_alive()
    finally:
        closing.cancel()


async def _finish(connection: EventStream, gone: "asyncio.Future[None]", scope: Scope) -> None:
    """Wait until the last event is sent, but not forever on a client that reads nothing."""
    abort = scope.get("extensions", {}).get(_ABORT_EXTENSION)
    ended = asyncio.ensure_future(connection.body.wait_ended())
    try:
        await asyncio.wait({gone, ended}, timeout=None if abort is None else _CLOSE_TIMEOUT_SECONDS, return_when=_FIRST)
        if abort is not None and not (gone.done() or ended.done()):
            abort()  # its full buffer would stay forever
            await asyncio.wait({gone})
    finally:
        ended.cancel()


def _keepalive_seconds() -> float | None:
    seconds: float = settings.SSE_KEEPALIVE_SECONDS
    return seconds if seconds > 0 else None


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(error: ProtocolError) -> Refusal:
    return Refusal(_STATUS[error.code], error)


async def _refuse(scope: Scope, send: Send, process: Runtime, refusal: Refusal) -> None:
    log.info("stream.refused", status=refusal.status, code=str(refusal.error.code))
    if refusal.status == 503 and b"text/event-stream" in opening.headers_of(scope).get(b"accept", b""):
        await _send_away(send, process, refusal.error)
        return
    body, headers = refusal.response()
    if refusal.status == 405:
        headers.append((b"allow", b"GET"))
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_away(send: Send, process: Runtime, error: ProtocolError) -> None:
    """Tell an EventSource to come back later: after any status but 200 it never would."""
    wait = error.retry_after or _COME_BACK_MS
    text = frames.encode(frames.failure(error))
    if process.is_draining:
        text = frames.event("server_draining", wire.ServerDraining(wait))
    await send({"type": "http.response.start", "status": _OK, "headers": HEADERS})
    await send({"type": "http.response.body", "body": retry_line(wait) + Payload(text).as_event})
