"""Bounds on what a request's body costs: in bytes, in time, and in who may send a large one at all.

Django collects a whole body in memory or on disk before any view sees the request. So the bounds are held here, while
the body arrives. Files for messages have a bound of their own, UPLOAD_BYTES; every other request is a form. A stranger
may send as much as a sign-in needs; for more, the request must show a session or a token that is valid, before it is
read any further.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

import structlog
from django.conf import settings

from accounts import credentials
from accounts.credentials import BEARER
from chat.files.uploads import TooLarge
from chat.protocol.errors import ErrorCode, ProtocolError, invalid
from chat.realtime.database import in_database
from chat.server.opening import Refusal, headers_of, signed_out

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

UPLOAD_PATH: Final = re.compile(r"/rooms/[^/]+/attachments")
# The lines around a file in a form.
_WRAPPING_BYTES: Final = 16_384
_STRANGERS_BYTES: Final = 65_536
# One person may hold a third of what is still free: a quarter when no one else holds any, and ever less, so that a few
# accounts together can't take all.
_SHARE_OF_WHAT_IS_FREE: Final = 3
_COME_BACK_MS: Final = 5000


class Bodies:
    """The large bodies that one process holds: all together, and those of each person."""

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()

    @property
    def held(self) -> int:
        return self._held.total()

    def hold(self, user_id: int, size: int) -> None:
        """Count bytes that have arrived. Raises Refusal when they are too many."""
        most: int = settings.BODIES_BYTES
        free = most - self.held - size
        if most and (self._held[user_id] + size) * _SHARE_OF_WHAT_IS_FREE > free:
            sentence = "Too many files are being sent right now. Try again in a few seconds."
            raise Refusal(503, ProtocolError(ErrorCode.UNAVAILABLE, sentence, retry_after=_COME_BACK_MS))
        self._held[user_id] += size

    def drop(self, user_id: int, size: int) -> None:
        self._held[user_id] -= size
        if self._held[user_id] <= 0:
            del self._held[user_id]


def limited(application: Application) -> Application:
    """Return the application with bounds on the bodies of its requests."""
    bodies = Bodies()

    async def within_limits(scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(scope, receive, bodies)
        has_responded = False

        async def noted(message: Message) -> None:
            nonlocal has_responded
            has_responded = True
            await send(message)

        try:
            await body.check_announced()
            await application(scope, body.receive, noted)
        except Refusal as refusal:
            log.info("request.body_refused", path=scope["path"], status=refusal.status, bytes=body.seen)
            if not has_responded:
                await _refuse(send, refusal)
        finally:
            body.drop()

    return within_limits


class _Body:
    """The body of one request, while it arrives and as long as Django keeps it."""

    def __init__(self, scope: Scope, receive: Receive, bodies: Bodies) -> None:
        self._scope, self._receive, self._bodies = scope, receive, bodies
        self._is_upload = UPLOAD_PATH.fullmatch(scope["path"]) is not None
        self._limit, self._too_large = _limit_of(is_upload=self._is_upload)
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._is_complete = False
        self._user_id: int | None = None
        self._held = 0
        self.seen = 0

    async def check_announced(self) -> None:
        """Refuse what says itself that it is too large, before any of it is read. Raises Refusal."""
        announced = _announced_bytes(self._scope)
        if self._limit and announced > self._limit:
            raise self._too_large
        if announced > _STRANGERS_BYTES:
            await self._check_sender()

    async def receive(self) -> Message:
        """Pass on the next part. Raises Refusal."""
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(408, invalid("This request did not arrive in time. Send it again.", "$")) from None
        size = len(message.get("body", b""))
        self.seen += size
        self._is_complete = not message.get("more_body")
        # A body in chunks does not say beforehand how large it is.
        if self._limit and self.seen > self._limit:
            raise self._too_large
        if self.seen > _STRANGERS_BYTES:
            user_id = await self._check_sender()
            new = self.seen - self._held
            self._bodies.hold(user_id, new)
            self._held += new
        return message

    def drop(self) -> None:
        """Count no more what is no longer kept."""
        if self._user_id is not None:
            self._bodies.drop(self._user_id, self._held)

    def _deadline(self) -> float | None:
        """Return until when the next part must be here: a sender that trickles would keep what is there forever."""
        if not settings.BODY_SECONDS:
            return None
        earned = self.seen / settings.BODY_BYTES_PER_SECOND
        return float(self._began_at + settings.BODY_SECONDS + earned)

    async def _check_sender(self) -> int:
        """Return who sends it. Raises Refusal when that is unknown."""
        if self._user_id is None:
            found = await _sender(self._scope)
            if found is None:
                raise signed_out() if self._is_upload else self._too_large
            self._user_id = found.user_id
        return self._user_id


async def _sender(scope: Scope) -> credentials.Credential | None:
    headers = headers_of(scope)
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    try:
        if authorization.startswith(BEARER):
            return await in_database(credentials.from_secret, authorization.removeprefix(BEARER).strip())
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
        session = cookies.get(settings.SESSION_COOKIE_NAME)
        return await in_database(credentials.from_session_key, session.value) if session is not None else None
    except CookieError:
        return None
    except ProtocolError as error:
        raise Refusal(503, error) from error


def _limit_of(*, is_upload: bool) -> tuple[int, Refusal]:
    if is_upload:
        return settings.UPLOAD_BYTES + _WRAPPING_BYTES if settings.UPLOAD_BYTES else 0, Refusal(413, TooLarge())
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0, Refusal(413, invalid("This request is too large.", "$"))


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return 0


async def _refuse(send: Send, refusal: Refusal) -> None:
    content, headers = refusal.response()
    # The rest of the body is not read, so the connection is of no use any more.
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
