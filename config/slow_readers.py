"""A bound on how long a client may take to read a response: one that reads nothing would keep it in memory forever."""

import asyncio
from typing import Final

import structlog
from django.conf import settings

from chat.server.transport.uvicorn_protocol import ABORT_EXTENSION
from config.body_limit import Application, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

_NO_TIME: Final = 0.001


def impatient(application: Application) -> Application:
    """Return the application; it cuts off a client that reads slower than BODY_BYTES_PER_SECOND after BODY_SECONDS.

    Only the time that sending waits for the client counts. A server that takes long to make a response may do so.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        abort = scope.get("extensions", {}).get(ABORT_EXTENSION)
        if abort is None or not settings.BODY_SECONDS:
            await application(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        waited, sent = 0.0, 0

        async def send_in_time(message: Message) -> None:
            nonlocal waited, sent
            began = loop.time()
            left = settings.BODY_SECONDS + sent / settings.BODY_BYTES_PER_SECOND - waited
            try:
                async with asyncio.timeout(max(_NO_TIME, left)):
                    await send(message)
            except TimeoutError:
                log.info("response.cut_off", path=scope["path"], bytes=sent)
                abort()
            waited += loop.time() - began
            sent += len(message.get("body", b""))

        await application(scope, receive, send_in_time)

    return serve
