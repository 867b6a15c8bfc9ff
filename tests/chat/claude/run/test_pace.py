"""How long words are collected: twice as long while the event loop is late."""

import asyncio
import time
from typing import Any

from chat.claude.run.pace import Pace
from tests.chat.realtime.conftest import running
from tests.chat.realtime.doubles import until


async def test_a_process_that_is_behind_collects_for_longer_until_it_has_caught_up(settings: Any) -> None:
    settings.REPLY_DELTA_SECONDS = 0.04
    pace = Pace()
    async with running(pace.run()):
        await asyncio.sleep(0)
        time.sleep(0.2)  # noqa: ASYNC251 - this is what makes the loop late
        await until(lambda: pace.late_seconds > 0.1)
        assert pace.seconds == 0.08
        await until(lambda: pace.seconds == 0.04)
