"""What these tests need besides a loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from tests.chat.realtime.doubles import PATIENCE_SECONDS


@pytest.fixture
async def capture_loop_errors() -> Callable[[], list[Any]]:
    """Return a function that tells what tasks of the running loop have died of."""
    found: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context))
    return lambda: found


@pytest.fixture
def logged() -> Iterator[Callable[[str], int]]:
    """Return a function that counts the log lines of one event since the beginning of the test."""
    with structlog.testing.capture_logs() as lines:
        yield lambda event: sum(line["event"] == event for line in lines)


@asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run endless tasks beside a test. One that has ended on its own fails the test, and so does waiting forever."""
    tasks = [asyncio.get_running_loop().create_task(work) for work in works]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield tasks
        for task in tasks:
            assert not task.done(), f"it should have gone on forever: {task}"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
