"""The runtime of this process: one for its event loop, started by the first request that needs it."""

import asyncio
from typing import Any

from chat.server import checks
from chat.server.runtime import Runtime

_runtimes: dict[int, "asyncio.Future[Runtime]"] = {}


async def current() -> Runtime:
    """Return the process's runtime, started by the first caller: not every server tells when it starts."""
    key = id(asyncio.get_running_loop())
    started = _runtimes.get(key)
    if started is None:
        started = _runtimes[key] = asyncio.get_running_loop().create_future()
        runtime = Runtime()
        try:
            await runtime.start()
        except BaseException as error:
            del _runtimes[key]  # the next request tries again
            started.set_exception(error)
            raise
        checks.begin(runtime)
        started.set_result(runtime)
    return await asyncio.shield(started)


def running() -> "Runtime | None":
    """Return the runtime of this process if it has been started: for pages and the admin site."""
    done: list[Any] = [future for future in _runtimes.values() if future.done() and not future.cancelled()]
    return done[-1].result() if done else None
