"""A few child processes that work for everyone: started when they are first needed, kept, and replaced when they die.

The processes belong to the server process. Who waits for them belongs to an event loop: a server has one, tests many.
"""

import asyncio
from collections.abc import Hashable
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import structlog

from chat.bounded.child import Status
from chat.bounded.process import Child, Died, Request, Response
from chat.bounded.turns import Full, Turns
from chat.lifetime import part

__all__ = ["DOCUMENTS", "PICTURES", "TEXT", "Full", "Kind", "NotDone", "Request", "run"]

log = structlog.get_logger(__name__)

_TRIES: Final = 3


class Kind(NamedTuple):
    """A kind of work. program: its module. at_once: how many processes."""

    program: str
    at_once: int
    of_one: int
    of_all: int


# Two: one person's text, however slow, leaves the other process to everyone else.
TEXT: Final = Kind("chat.markdown.program", at_once=2, of_one=64, of_all=2000)
# One: a picture being decoded takes hundreds of megabytes, so they wait for each other.
PICTURES: Final = Kind("chat.files.picture_program", at_once=1, of_one=20, of_all=200)
# As for pictures. A document that takes long keeps no picture waiting.
DOCUMENTS: Final = Kind("chat.files.document_program", at_once=1, of_one=20, of_all=200)


class NotDone(Exception):
    """The work was not done. The text says why, in a word or two.

    by_chance: the machine was frozen or short of something, so that the same work may be done the next time.
    """

    def __init__(self, reason: str, *, by_chance: bool = False) -> None:
        super().__init__(reason)
        self.by_chance = by_chance


async def run(kind: Kind, owner: Hashable, request: Request, *, is_bounded: bool = True) -> Response:
    """Have a child process work, when it is this owner's turn.

    Raises NotDone when it took too long or broke, and Full when too much waits already.
    """
    response = await _pool(kind).run(owner, request, is_bounded=is_bounded)
    if response.status is Status.TOO_SLOW:
        raise NotDone("slow")
    if response.status is Status.BROKEN:
        raise NotDone(response.data.decode())
    return response


class _Piece(NamedTuple):
    request: Request
    future: "asyncio.Future[Response]"


class _Pool:
    """The work of one kind that was asked for on one event loop."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._turns: Turns[_Piece] = Turns(of_one=kind.of_one, of_all=kind.of_all)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, owner: Hashable, request: Request, *, is_bounded: bool) -> Response:
        piece = _Piece(request, asyncio.get_running_loop().create_future())
        self._turns.add(owner, piece, is_bounded=is_bounded)
        self._begin()
        return await piece.future

    def _begin(self) -> None:
        while len(self._tasks) < self._kind.at_once and (taken := self._turns.take()) is not None:
            owner, piece = taken
            # A task of its own: when the one who asked has gone, the process still finishes, and is free again.
            task = asyncio.create_task(self._work(owner, piece))
            self._tasks.add(task)

    async def _work(self, owner: Hashable, piece: _Piece) -> None:
        try:
            if not piece.future.done():
                response = await _ask_any(self._kind, piece.request)
                if not piece.future.done():
                    piece.future.set_result(response)
        except Exception as failure:  # noqa: BLE001 - it is raised where the work was asked for
            if not piece.future.done():
                piece.future.set_exception(failure)
        finally:
            piece.future.cancel()
            self._tasks.discard(asyncio.current_task())
            self._turns.done(owner)
            self._begin()


async def _ask_any(kind: Kind, request: Request) -> Response:
    """Ask a process that is free, or a new one. One that died while it was free says nothing about the request."""
    for _ in range(_TRIES):
        child = _free_child(kind)
        try:
            response = await child.ask(request)
        except Died as death:
            log.warning("bounded.child_died", kind=kind.program, pid=child.pid, reason=str(death))
            if death.was_idle:
                continue
            raise NotDone("died", by_chance=death.by_chance) from death
        part(Free).setdefault(kind.program, []).append(child)
        return response
    raise NotDone("no process", by_chance=True)


def _free_child(kind: Kind) -> Child:
    free = part(Free).get(kind.program, [])
    while free:
        child = free.pop()
        if child.is_alive:
            return child
        child.end()
    try:
        return Child(kind.program)
    except OSError as error:
        log.warning("bounded.no_child", kind=kind.program, error=type(error).__name__, errno=error.errno)
        raise NotDone("no process", by_chance=True) from error


def _pool(kind: Kind) -> _Pool:
    pools = part(_Pools).setdefault(asyncio.get_running_loop(), {})
    found = pools.get(kind)
    if found is None:
        found = pools[kind] = _Pool(kind)
    return found


class _Pools(WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Kind, _Pool]]):
    """The pools of each event loop."""


class Free(dict[str, list[Child]]):
    """The processes that wait for work, by program. A list's own methods are atomic: loops of several threads share it."""

    def end(self) -> None:
        """End them. Those at work end once no one reads what they say."""
        for children in self.values():
            for child in children:
                child.end()
