"""How a process takes its leave when its database does not respond: in good order, and in a time that has an end."""

import asyncio
import atexit
import os
import sys
import threading
from typing import Any, Final

import structlog

# For what no time-out of its own ends, after everything that has one.
LATE_SECONDS: Final = 4.0
_LEAVE_SECONDS: Final = 1.0

log = structlog.get_logger("config.leaving")


def cut_off_in_one_line(application: Any) -> Any:
    """Wrap an ASGI application: what is cut off when the time is over gets a response, and a line in the log.

    The server that cancels it would log a traceback for each, and there is nothing in it to repair.
    """

    async def run(scope: Any, receive: Any, send: Any) -> None:
        has_begun = False

        async def send_noting(message: Any) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await application(scope, receive, send_noting)
        except asyncio.CancelledError:
            log.warning("request.cut_off", type=scope["type"], path=scope.get("path"))
            if scope["type"] == "http" and not has_begun:
                headers = [(b"content-length", b"0"), (b"connection", b"close")]
                await send({"type": "http.response.start", "status": 503, "headers": headers})
                await send({"type": "http.response.body"})
            elif scope["type"] == "websocket" and not has_begun:
                await send({"type": "websocket.close"})

    return run


def leave_soon() -> None:
    """End the process with 0 if it has not ended a moment from now: Python waits for threads, and they for a database.

    And end it before Python takes everything apart: a pool of connections then waits up to five seconds for each of its
    threads, which cannot run any more. No timer could end that.
    """
    _leave_in(_LEAVE_SECONDS, "process.left_busy_threads")
    atexit.register(_leave_at_once)


def leave_within(seconds: float) -> None:
    """End the process with 0 if it has not ended by then: a task that does not let itself be cancelled would keep it."""
    _leave_in(seconds, "process.left_unfinished")


def _leave_in(seconds: float, event: str) -> None:
    timer = threading.Timer(seconds, _leave, [event])
    timer.daemon = True
    timer.start()


def _leave_at_once() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _leave(event: str) -> None:
    log.warning(event)
    os._exit(0)
