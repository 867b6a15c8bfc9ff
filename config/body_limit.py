"""A bound on what one request may send, held before anything of it is read: Django would first write all of it to disk.

Files for messages have a bound of their own, UPLOAD_BYTES; every other request is a form.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from django.conf import settings

from chat.protocol import frames
from chat.protocol.errors import ProtocolError, invalid
from chat.uploads import TooLarge

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_UPLOAD: Final = re.compile(r"/rooms/[^/]+/attachments")
# The lines around a file in a form.
_WRAPPING_BYTES: Final = 16_384


class _BodyTooLarge(Exception):
    pass


def limited(application: Application) -> Application:
    """Return the application with a bound on the bodies of its requests."""

    async def within_limits(scope: Scope, receive: Receive, send: Send) -> None:
        limit, error = _limit_of(scope)
        if limit and _announced_bytes(scope) > limit:
            await _refuse(send, error)
            return
        seen = 0
        is_answered = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # A body in chunks does not say beforehand how large it is.
            if limit and seen > limit:
                raise _BodyTooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await application(scope, counted, noted)
        except _BodyTooLarge:
            if not is_answered:
                await _refuse(send, error)

    return within_limits


def _limit_of(scope: Scope) -> tuple[int, ProtocolError]:
    if _UPLOAD.fullmatch(scope["path"]):
        limit = settings.UPLOAD_BYTES + _WRAPPING_BYTES if settings.UPLOAD_BYTES else 0
        return limit, TooLarge()
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0, invalid("This request is too large.", "$")


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return 0


async def _refuse(send: Send, error: ProtocolError) -> None:
    content = frames.encode(frames.failure(error)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        # The rest of the body is not read, so the connection is of no use any more.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": content})
