"""Questions of one process to the others: the first response counts."""

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar

import msgspec

from chat.realtime.layer import bus

T = TypeVar("T")


def process_group(process: str) -> str:
    return f"process:{process}"


class Questions:
    """send: takes a group and a message for the other processes."""

    def __init__(self, process: str, send: Callable[[str, bus.Message], None]) -> None:
        self._process = process
        self._send = send
        self._asked: dict[str, asyncio.Future[bytes]] = {}

    async def ask(self, group: str, question: bus.KeyframeWanted, type_: type[T], timeout_seconds: float) -> T | None:
        """Ask the processes in a group, and return the first response as a `type_`; None when none comes in time."""
        ask = secrets.token_urlsafe(6)
        response: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[ask] = response
        self._send(group, msgspec.structs.replace(question, ask=ask, asker=self._process))
        try:
            async with asyncio.timeout(timeout_seconds):
                return msgspec.msgpack.decode(await response, type=type_)
        except TimeoutError:
            return None
        finally:
            del self._asked[ask]

    def respond(self, question: bus.Question, body: msgspec.Struct) -> None:
        """Respond to another process's question."""
        self._send(process_group(question.asker), bus.Response(question.ask, msgspec.msgpack.encode(body)))

    def take(self, message: bus.Response) -> None:
        """Take a response; one that comes too late, or a second one, is dropped."""
        response = self._asked.get(message.ask)
        if response is not None and not response.done():
            response.set_result(message.body)
