"""How long a reply's words are collected before they go out to the tabs."""

import asyncio
from typing import Final

from django.conf import settings

_LOOK_SECONDS: Final = 0.05
_BEHIND_SECONDS: Final = 0.01
_FADING: Final = 0.9
_BEHIND_TIMES: Final = 2


class Pace:
    """A process that is behind collects for twice as long: half of the frames with twice the words let it catch up."""

    def __init__(self) -> None:
        self.late_seconds = 0.0

    @property
    def seconds(self) -> float:
        """The time from one delta of a reply to its next."""
        times = _BEHIND_TIMES if self.late_seconds > _BEHIND_SECONDS else 1
        return float(settings.REPLY_DELTA_SECONDS) * times

    async def run(self) -> None:
        """See forever how late the event loop is. What was late is remembered for about a second, or it would alternate."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            self.late_seconds = max(loop.time() - due, self.late_seconds * _FADING)
