"""REQUESTS_IN_FLIGHT: a client that posts faster than the database stores is not read further meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from accounts.credentials import Credential
from chat.access import Actor
from chat.messages.posting import Post
from chat.protocol.frames import Frame
from chat.realtime.delivery.connection import Connection
from chat.server import handlers
from chat.server.runtime import Runtime

FRAME = Frame("create_message", None, None)


def a_post(chars: int) -> Post:
    return Post.of(Actor(1, "alice"), "den", "x" * chars, "")


class Posts:
    """A writer whose database has not responded yet, and a connection that posts."""

    def __init__(self) -> None:
        self.stored: list[asyncio.Future[Any]] = []
        self._connection = Connection("c", Credential(1, "alice", "token", "1"), "192.0.2.1", self._send)

    def post(self, _post: Any) -> "asyncio.Future[Any]":
        self.stored.append(asyncio.get_running_loop().create_future())
        return self.stored[-1]

    async def one_more(self, chars: int = 10) -> "asyncio.Task[None]":
        """Post, and return the handling of it: until that is done, the connection's next frame is not read."""
        runtime = cast(Runtime, SimpleNamespace(writer=self))
        handling = asyncio.create_task(handlers._post(runtime, self._connection, FRAME, a_post(chars)))
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


async def test_long_posts_wait_sooner_so_that_their_responses_fit_into_the_outbox(monkeypatch: Any) -> None:
    monkeypatch.setattr(handlers, "_IN_FLIGHT_CHARS", 1000)
    posts = Posts()
    handled = [await posts.one_more(400) for _ in range(3)]
    assert [task.done() for task in handled] == [True, True, False]
    for future in posts.stored:
        future.set_result(None)
    await asyncio.wait_for(handled[-1], 5)
    assert (await posts.one_more(400)).done(), "what was stored does not count any more"
