"""What a proxy asks about this process: `/healthz`, does it respond; `/readyz`, should it get work.

Served before Django: probes come by IP address and without TLS, and its host check would send them away.
"""

import asyncio
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from chat.lifetime import part
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.server.process import current

PATHS: Final = frozenset({"/healthz", "/readyz"})

_OK: Final = 200
_UNAVAILABLE: Final = 503
_UNMIGRATED: Final = "database not migrated: run manage.py migrate"


class _Asking(dict[asyncio.AbstractEventLoop, asyncio.Task[str]]):
    """What is asking the database now. A server has one event loop, tests many."""


async def application(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """An ASGI application for these paths only."""
    status, text = (_OK, f"ok {settings.VERSION}") if scope["path"] == "/healthz" else await _readiness()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


async def _readiness() -> tuple[int, str]:
    """Ready means: not draining, and the database responds and has all the tables of this version."""
    if (await current()).is_draining:
        return _UNAVAILABLE, "draining"
    try:
        fault = await _fault_of_database()
    except ProtocolError:
        return _UNAVAILABLE, "database unreachable"
    return (_UNAVAILABLE, fault) if fault else (_OK, "ready")


async def _fault_of_database() -> str:
    """Ask the database once for all who ask at the same time; return what is wrong with it. Raises UNAVAILABLE.

    Anyone may ask, in no line: a flood, above all while the database is away, would fill the threads of the socket.
    """
    loop = asyncio.get_running_loop()
    under_way = part(_Asking)
    asking = under_way.get(loop)
    if asking is None:
        asking = under_way[loop] = loop.create_task(in_database(_ask_database))
        asking.add_done_callback(lambda _: under_way.pop(loop, None))
    return await asyncio.shield(asking)


def _ask_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        if cursor.fetchone() != (1,):
            raise DatabaseError("The database returned something other than 1.")
    return "" if part(_Migrations).are_applied() else _UNMIGRATED


class _Migrations:
    """Whether all migrations of this program are applied. Once they are, they stay so, and no one asks again."""

    def __init__(self) -> None:
        self._were_applied = False

    def are_applied(self) -> bool:
        if not self._were_applied:
            executor = MigrationExecutor(connection)
            self._were_applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return self._were_applied
