"""Openings that must fail, and what the server said to them."""

import json
from typing import NamedTuple

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from tests.servers.server_process import ServerProcess


class Refusal(NamedTuple):
    is_daphne: bool
    status: int
    body: bytes

    def is_like(self, status: int, code: str) -> None:
        """It has this status and the error envelope with this code; Daphne cannot send more than its 403.

        (And for what is no origin at all, it sends 400 before it asks any code of ours.)
        """
        if self.is_daphne:
            assert self.status in (400, 403)
            return
        assert self.status == status, self.body
        envelope = json.loads(self.body)
        assert envelope["type"] == "error" and envelope["success"] is False and envelope["timestamp"] > 0
        assert envelope["error"]["code"] == code
        assert envelope["error"]["message"]


async def refusal(
    process: ServerProcess, *, headers: dict[str, str] | None = None, query: str = "", path: str = "/ws"
) -> Refusal:
    """Try to open a socket, and return how the server refused. A server that merely hangs up has status 0."""
    url = f"ws://127.0.0.1:{process.port}{path}{query}"
    is_daphne = process.kind == "daphne"
    try:
        async with connect(url, additional_headers=headers, compression=None, proxy=None):
            pytest.fail("the server opened a socket that it had to refuse")
    except InvalidMessage:
        return Refusal(is_daphne, 0, b"")
    except InvalidStatus as refused:
        return Refusal(is_daphne, refused.response.status_code, bytes(refused.response.body or b""))
