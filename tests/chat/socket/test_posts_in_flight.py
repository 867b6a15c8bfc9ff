"""REQUESTS_IN_FLIGHT: whoever posts faster than the database stores is not read further meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from accounts.credentials import Credential
from chat.protocol.frames import Frame
from chat.realtime.connection import Connection
from chat.socket import handlers
from chat.socket.runtime import Runtime

FRAME = Frame("create_message", None, None)


class Posts:
    """A writer whose database has not answered yet, and a connection that posts."""

    def __init__(self) -> None:
        self.stored: list[asyncio.Future[Any]] = []
        self._connection = Connection("c", Credential(1, "alice", "token", "1"), "192.0.2.1", self._send)

    def post(self, _post: Any) -> "asyncio.Future[Any]":
        self.stored.append(asyncio.get_running_loop().create_future())
        return self.stored[-1]

    async def one_more(self) -> "asyncio.Task[None]":
        """Post, and return the handling of it: until that is done, the connection's next frame is not read."""
        runtime = cast(Runtime, SimpleNamespace(writer=self))
        handling = asyncio.create_task(handlers._post(runtime, self._connection, FRAME, cast(Any, None)))
        for _ in range(5):
            await asyncio.sleep(0)
        return handling

    async def _send(self, _message: Any) -> None:
        pass


async def test_the_post_that_reaches_the_limit_waits_until_it_is_stored(settings: Any) -> None:
    settings.REQUESTS_IN_FLIGHT = 3
    posts = Posts()
    handled = [await posts.one_more() for _ in range(3)]
    assert [task.done() for task in handled] == [True, True, False]
    for future in posts.stored:
        future.set_result(None)
    await asyncio.wait_for(handled[-1], 5)
    assert (await posts.one_more()).done()


async def test_no_limit_never_waits(settings: Any) -> None:
    settings.REQUESTS_IN_FLIGHT = 0
    posts = Posts()
    assert all([(await posts.one_more()).done() for _ in range(100)])
