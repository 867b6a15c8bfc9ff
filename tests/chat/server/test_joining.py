"""A connection joins so many rooms and no more: each of them costs the process memory."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chat.protocol import requests
from chat.protocol.errors import ErrorCode
from chat.server import joining
from tests.chat.fixtures import refused


class Asked(Exception):
    """The hub was asked for the room."""


class Hub:
    async def begin_joining(self, room: str, connection: Any) -> None:
        raise Asked(room)


async def join(rooms: int) -> None:
    runtime = SimpleNamespace(hub=Hub(), leave_room=lambda connection, room: None)
    connection = SimpleNamespace(rooms=range(rooms), joining=None, doubts=0)
    await joining.join(
        cast(Any, runtime), cast(Any, connection), requests.JoinRoom(room="one-more"), lambda joined: None
    )


async def test_a_connection_that_has_joined_two_thousand_rooms_joins_no_other() -> None:
    with pytest.raises(Asked):
        await join(1999)
    with refused(ErrorCode.REQUEST_FAILED):
        await join(2000)
