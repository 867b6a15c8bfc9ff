"""The way from the event loop to the database: short synchronous functions on a few threads of our own.

Django's own `a*` calls of a process all share one thread, so one slow query holds up everyone.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from chat.lifetime import Threads, part
from chat.protocol.errors import ErrorCode, ProtocolError, unavailable

P = ParamSpec("P")
T = TypeVar("T")

_AGAIN_SECONDS: Final = 0.5
_WRITER: Final = "writer"
_IDLE_LIMIT: Final = "idle_in_transaction_session_timeout"


class TurnsOfPeople(WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[int, asyncio.Semaphore]]):
    """By person, as long as one of their requests is at work or waits. A server has one event loop, tests many."""


class Readers(Threads):
    at_most = settings.DATABASE_THREADS
    name = "database"


class WriterThread(Threads):
    name = _WRITER


class CheckerThread(Threads):
    """Looks whose access has ended: while it does, delivery to them waits, and must not wait for people's searches too."""

    name = "check"


class PushThreads(Threads):
    """They wait for push services, which are other people's servers: no one else may have to wait behind them."""

    at_most = 4
    name = "push"


def _enlarge_writers_cache(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Give the writer on SQLite a page cache of 1 MB: no one else writes as much, so it mostly stays valid. With 0.2 MB,
    storing in rounds of sixteen, in 400 rooms, takes 8 % longer; with 2 MB as long."""
    if connection.vendor == "sqlite" and threading.current_thread().name.startswith(_WRITER):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size=-1000")


connection_created.connect(_enlarge_writers_cache, dispatch_uid="database.writers_cache")


def bound_idle_transactions() -> None:
    """Have PostgreSQL end a transaction of this process that stands still for 5 seconds. Call it before any is begun.

    A server that freezes or vanishes in the middle of one would keep its room locked for hours. Only processes that serve
    ask for it: in a shell, an import or a migration a person or a file may be what is slow.
    """
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor != "postgresql" or _IDLE_LIMIT in options.get("options", ""):
        return
    options["options"] = f"{options.get('options', '')} -c {_IDLE_LIMIT}=5s".strip()
    # What the start looked up was looked up without it, and its pool would go on without it.
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def _guarded(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()  # a connection that died while idle would fail the next query
    try:
        return function(*args, **kwargs)
    except (DatabaseError, InterfaceError) as error:
        raise unavailable() from error
    finally:
        close_old_connections()  # returns a pooled connection


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a short synchronous function that uses the ORM. Raises UNAVAILABLE when the database cannot be used."""
    return await part(Readers).run(lambda: _guarded(function, *args, **kwargs))


async def in_database_for(user_id: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for one person, whose requests take half of the threads at most; the others wait for these.

    Twenty sockets of one person that ask for the dearest there is would otherwise stand in front of everyone else.
    """
    turns = part(TurnsOfPeople).setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    turn = turns.get(user_id)
    if turn is None:
        turn = turns[user_id] = asyncio.Semaphore(max(1, settings.DATABASE_THREADS // 2))
    async with turn:
        return await in_database(function, *args, **kwargs)


async def in_database_at_last(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same; while the database cannot be used, ask again. It must do no harm twice: a result may have been lost."""
    while True:
        try:
            return await in_database(function, *args, **kwargs)
        except ProtocolError as error:
            if error.code != ErrorCode.UNAVAILABLE:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)


async def in_checker(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same on the one thread that looks whose access has ended, one look after the other."""
    return await part(CheckerThread).run(lambda: _guarded(function, *args, **kwargs))


async def in_writer(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same on the one thread that stores messages, so that posting never waits behind reading."""
    return await part(WriterThread).run(lambda: _guarded(function, *args, **kwargs))


def after_the_round(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it as `in_writer` does, and wait for it, on a thread that may wait: a database thread, or a command's.

    SQLite wakes no one who waits for its lock: beside a busy writer a thread of its own may wait until it is refused.
    """
    return part(WriterThread).submit(lambda: _guarded(function, *args, **kwargs)).result()


async def in_pusher(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function of web push, which uses the database or waits for a push service, but never both."""
    return await part(PushThreads).run(lambda: _guarded(function, *args, **kwargs))
