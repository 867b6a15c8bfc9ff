"""The runtime of this process: one for its event loop, started by the first request that needs it."""

import asyncio
from typing import Any

from chat.lifetime import PROCESS, part
from chat.server import checks
from chat.server.runtime import Runtime


class _Runtimes(dict[int, "asyncio.Future[Runtime]"]):
    """By event loop: a server has one, tests many."""


async def current() -> Runtime:
    """Return the process's runtime, started by the first caller: not every server tells when it starts."""
    key = id(asyncio.get_running_loop())
    runtimes = part(_Runtimes)
    started = runtimes.get(key)
    if started is None:
        started = runtimes[key] = asyncio.get_running_loop().create_future()
        runtime = Runtime()
        try:
            await runtime.start()
        except BaseException as error:
            del runtimes[key]  # the next request tries again
            started.set_exception(error)
            raise
        checks.begin(runtime)
        started.set_result(runtime)
    return await asyncio.shield(started)


def running() -> "Runtime | None":
    """Return the runtime of this process if it has been started: for pages and the admin site."""
    done: list[Any] = [future for future in part(_Runtimes).values() if future.done() and not future.cancelled()]
    return done[-1].result() if done else None


async def stop() -> None:
    """Stop the runtime of this event loop, and end what else the process holds."""
    await (await current()).stop()
    runtimes = part(_Runtimes)
    PROCESS.end()
    part(_Runtimes).update(runtimes)  # a request that is late must not start another one
