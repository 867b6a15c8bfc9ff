"""The socket's consumer: opens or refuses, then reads frames one after the other and has each handled.

It does not register with the channel layer and does not use Channels' dispatch: the hub delivers to connections
directly, and every frame through `dispatch` would cost a thread hop.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, Final

import structlog
from channels.consumer import AsyncConsumer

from chat.protocol import frames
from chat.protocol.close import CloseCode
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.protocol.frames import Frame
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.hold import TELL_NOTHING, access_changed_meanwhile
from chat.realtime.delivery.outbox import Send
from chat.server import opening, runtime
from chat.server.back_pressure import has_much_to_read, until_read
from chat.server.handlers import HANDLERS
from chat.server.opening import Refusal, Scope
from chat.server.process import current
from chat.server.runtime import Runtime

log = structlog.get_logger(__name__)

# So many more frames refused for speed than taken are not a hurry but a flood.
_REFUSALS_AT_MOST: Final = 200
_FRAMES_EXTENSION: Final = "parley.frames"
_LARGE_TEXT: Final = "parley.large_text"
_PONG_CHARS_AT_MOST: Final = 200
_PONG_PAUSE_SECONDS: Final = 0.2
# Posts are stored while the next frame is read; everything else waits for them, so that a client's requests take
# effect in its own order.
_OVERTAKE_POSTS: Final = frozenset({"create_message", "execute", "ping", "typing"})


class ChatConsumer(AsyncConsumer):
    channel_layer_alias = None

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        self._receive, self._send = receive, send
        await receive()  # websocket.connect
        process = await current()
        try:
            connection = await self._admit(scope, process)
        except Refusal as refusal:
            log.info("connection.refused", status=refusal.status, code=str(refusal.error.code))
            await refuse(scope, send, refusal)
            return
        try:
            if process.access_changed_lately(connection.user_id):
                process.guard.suspect([connection])
            process.welcome(connection)
            await connection.wait_released()
            await self._read(process, connection)
        finally:
            process.dismiss(connection)
            connection.end()
            log.info("connection.closed", connection=connection.id, user=connection.user_id)

    async def _admit(self, scope: Scope, process: Runtime) -> Connection:
        # Taken out of the scope, which the server's protocol holds, and the writer holds that: as a cycle they, and all
        # that a connection was, would stay in memory until the next full garbage collection.
        writer = scope.get("extensions", {}).pop(_FRAMES_EXTENSION, None)
        credential, address = await opening.let_in(scope, process)
        connection = Connection(runtime.new_connection_id(), credential, address, self._send, writer)
        # Counted before the handshake ends: many openings at once must not all pass the limit.
        process.admit(connection)
        try:
            await self._send({"type": "websocket.accept"})
        except BaseException:
            process.dismiss(connection)
            raise
        return connection

    async def _read(self, process: Runtime, connection: Connection) -> None:
        """Take frames until the socket ends. One at a time: a client's requests take effect in its own order."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            process.hub.stall.look()
            if connection.outbox.waiting_bytes and has_much_to_read(connection):
                await until_read(connection)
            if connection.is_closing:
                continue
            text = message.get("text")
            if text is None:
                text = _large_text(message)
            if text is None:
                connection.close(CloseCode.BINARY_FRAME)
            elif _is_too_big(text, process.frame_bytes):
                connection.close(CloseCode.FRAME_TOO_BIG)
            else:
                connection.last_activity = time.monotonic()
                handling = _take(process, connection, text)
                # While the request waits, only what it asks for may: a frame of blanks takes many times that.
                del text, message
                await handling


def _large_text(message: dict[str, Any]) -> str | None:
    """Return the text that our server has kept as bytes until now; None for a binary frame."""
    large = message.pop(_LARGE_TEXT, None)
    return None if large is None else str(large())


async def _until_released(connection: Connection) -> None:
    """Wait with a frame of who may have lost access. Its pongs wait as well: that is our slowness, not its death."""
    connection.busy_since = time.monotonic()
    await connection.wait_released()
    connection.busy_since = None


def _is_too_big(text: str, limit: int) -> bool:
    if limit <= 0 or len(text) * 4 <= limit:  # at most four bytes a character
        return False
    return len(text.encode()) > limit


def _take(process: Runtime, connection: Connection, text: str) -> Awaitable[None]:
    """Read one frame now; return what handles the request in it."""
    wait = connection.frame_budget.take()
    if wait:
        _refuse_for_speed(connection, text, wait)
        return _nothing()
    connection.refusals -= connection.refusals > 0
    frame = _request_in(connection, text)
    return _nothing() if frame is None else _handle(process, connection, frame)


async def _nothing() -> None:
    """Stand for a frame that asks for nothing, or is refused."""


async def _handle(process: Runtime, connection: Connection, frame: Frame) -> None:
    """Handle one request. Whatever is wrong with it gets one error and mostly one log line; the connection goes on."""
    # That we live tells nothing, and a client that does not hear it goes away.
    if connection.is_held and frame.type != "ping":
        await _until_released(connection)
    if connection.is_closing:
        return
    connection.busy_since = connection.last_activity
    losses = connection.losses
    try:
        if connection.last_post is not None and frame.type not in _OVERTAKE_POSTS:
            await asyncio.wait([connection.last_post])
        data = await HANDLERS[frame.type](process, connection, frame)
        if data is not None and frame.id is not None:
            process.hub.stall.look()
            if connection.losses != losses and frame.type not in TELL_NOTHING:
                # Part of it may have been read when they were still a member, and part long after.
                raise access_changed_meanwhile()
            connection.respond(frame.type, data, frame.id)
    except ProtocolError as error:
        connection.log_refusal("request.refused", type=frame.type, code=str(error.code))
        connection.fail(error, frame.id)
    except Exception:
        log.exception("request.failed", connection=connection.id, type=frame.type)
        connection.fail(ProtocolError(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side."), frame.id)
    finally:
        connection.busy_since = None


def _request_in(connection: Connection, text: str) -> Frame | None:
    """Return the request in a frame. None for a pong, and for what can't be read, which is told."""
    try:
        frame = frames.decode(text)
    except frames.BadFrame as error:
        connection.log_refusal("frame.refused", code=str(error.code), details=error.details)
        connection.fail(error, error.request_id)
        return None
    if frame.type == "pong":
        connection.last_pong = connection.last_activity
        return None
    return frame


def _is_pong(connection: Connection, text: str) -> bool:
    """Note a pong in spite of the limit: a client that is asked to slow down must still be able to show its life."""
    if len(text) > _PONG_CHARS_AT_MOST or connection.last_activity - connection.last_pong < _PONG_PAUSE_SECONDS:
        return False
    try:
        is_pong = frames.decode(text).type == "pong"
    except frames.BadFrame:
        return False
    if is_pong:
        connection.last_pong = connection.last_activity
    return is_pong


def _refuse_for_speed(connection: Connection, text: str, wait: int) -> None:
    """Ask politely for patience; close when it does not help. A pong counts in spite of it."""
    if _is_pong(connection, text):
        return
    connection.refusals += 1
    if connection.refusals == 1:
        log.info("connection.too_fast", connection=connection.id)
    if connection.refusals > _REFUSALS_AT_MOST:
        connection.close(CloseCode.FLOODING)
        return
    error = ProtocolError(ErrorCode.RATE_LIMITED, "Too many frames; please slow down.", retry_after=wait)
    connection.fail(error, frames.id_of(text))


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """End the handshake with an HTTP error; a server that cannot do that (Daphne) sends 403 on its own."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    body, headers = refusal.response()
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
