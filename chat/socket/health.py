"""What a proxy asks about this process: `/healthz`, does it answer; `/readyz`, should it get work.

Answered before Django: probes come by IP address and without TLS, and its host check would send them away.
"""

from typing import Any, Final

from django.db import DatabaseError, connection

from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.socket import runtime

PATHS: Final = frozenset({"/healthz", "/readyz"})

_OK: Final = 200
_UNAVAILABLE: Final = 503


async def application(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """An ASGI application for these paths only."""
    status, text = (_OK, "ok") if scope["path"] == "/healthz" else await _readiness()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


async def _readiness() -> tuple[int, str]:
    """Ready means: not draining, and the database answers."""
    if (await runtime.current()).is_draining:
        return _UNAVAILABLE, "draining"
    try:
        await in_database(_ask_database)
    except ProtocolError:
        return _UNAVAILABLE, "database unreachable"
    return _OK, "ready"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        if cursor.fetchone() != (1,):
            raise DatabaseError("The database gave another answer than one.")
