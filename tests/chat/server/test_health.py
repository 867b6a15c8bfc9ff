"""`/readyz` is for anyone, and so it may cost no one anything."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from chat.protocol.errors import ProtocolError, unavailable
from chat.server import health

# The threads that ask may have a connection already, from a test before, and look whether it is still good.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def current() -> Any:
        return SimpleNamespace(is_draining=False)

    monkeypatch.setattr(health, "current", current)


async def test_all_who_ask_at_the_same_time_cost_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, may_end = list[int](), threading.Event()

    def slow() -> None:
        asked.append(1)
        may_end.wait(10)

    monkeypatch.setattr(health, "_ask_database", slow)
    waiting = [asyncio.create_task(health._readiness()) for _ in range(200)]
    await asyncio.sleep(0.1)
    waiting.pop().cancel()  # one client that goes away takes the response from no other
    may_end.set()
    assert await asyncio.gather(*waiting) == [(200, "ready")] * 199
    assert len(asked) == 1
    assert await health._readiness() == (200, "ready")
    assert len(asked) == 2, "and nothing old is told"


async def test_all_are_told_that_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_function: Any) -> None:
        await asyncio.sleep(0)
        raise failure

    failure: ProtocolError = unavailable()
    monkeypatch.setattr(health, "in_database", fail)
    told = await asyncio.gather(*(health._readiness() for _ in range(5)))
    assert told == [(503, "database unreachable")] * 5
