"""What is cut off at the end gets the response that it can still get."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from config.leaving import cut_off_in_one_line
from tests.servers.processes import REPOSITORY

Sent = list[dict[str, Any]]


async def cut_off(scope: dict[str, Any], *first: dict[str, Any]) -> Sent:
    """Cancel an application that has sent these messages and then waits; return all that was sent."""
    sent: Sent = []
    waits = asyncio.Event()

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        for message in first:
            await send(message)
        waits.set()
        await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    task = asyncio.create_task(cut_off_in_one_line(application)(scope, None, send))
    await waits.wait()
    task.cancel()
    await task
    return sent


async def test_a_request_gets_503() -> None:
    start, body = await cut_off({"type": "http", "path": "/"})
    assert (start["type"], start["status"]) == ("http.response.start", 503)
    assert body == {"type": "http.response.body"}


async def test_a_handshake_is_refused() -> None:
    assert await cut_off({"type": "websocket", "path": "/ws"}) == [{"type": "websocket.close"}]


@pytest.mark.parametrize(
    ("scope", "first"),
    [
        ({"type": "http", "path": "/"}, {"type": "http.response.start", "status": 200}),
        ({"type": "websocket", "path": "/ws"}, {"type": "websocket.accept"}),
        ({"type": "lifespan"}, {"type": "lifespan.startup.complete"}),
    ],
    ids=["response", "socket", "lifespan"],
)
async def test_what_has_begun_is_not_begun_anew(scope: dict[str, Any], first: dict[str, Any]) -> None:
    assert await cut_off(scope, first) == [first]


def test_a_process_is_not_taken_apart_at_its_end() -> None:
    """Psycopg's pool waits there for each of its threads, up to five seconds, and no thread runs any more."""
    code = """
from config.leaving import leave_soon
class Pool:
    def __del__(self): print("taken apart", flush=True)
pool = Pool()
leave_soon()
print("over")
raise SystemExit
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "over\n"), done.stderr
