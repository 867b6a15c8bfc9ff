"""Finds dead connections with one timer for the whole process: a timer for each of thousands would cost a core.

A wheel: each connection sits in one of the slots that make up an interval; each tick pings one slot and looks whether
those pinged a time-out ago have sent a pong.
"""

import asyncio
import time
from collections import deque
from typing import Final

from django.conf import settings

from chat.protocol import frames, wire
from chat.protocol.close import CloseCode
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.payload import Payload

_LONGEST_TICK_SECONDS: Final = 1.0
_TICKS_PER_TIMEOUT: Final = 4


class Heartbeat:
    def __init__(self) -> None:
        self.interval = settings.HEARTBEAT_INTERVAL_SECONDS
        self.timeout = settings.HEARTBEAT_TIMEOUT_SECONDS
        self._tick = min(_LONGEST_TICK_SECONDS, self.interval / _TICKS_PER_TIMEOUT, self.timeout / _TICKS_PER_TIMEOUT)
        self._slots: list[set[Connection]] = [set() for _ in range(max(1, round(self.interval / self._tick)))]
        self._hand = 0
        self._slot_of: dict[Connection, int] = {}
        self._asked: deque[tuple[float, float, Connection]] = deque()  # (pong due, asked at, whom)

    def add(self, connection: Connection) -> None:
        """The first ping comes after a whole interval: the slot that was just served."""
        slot = (self._hand - 1) % len(self._slots)
        self._slots[slot].add(connection)
        self._slot_of[connection] = slot

    def remove(self, connection: Connection) -> None:
        slot = self._slot_of.pop(connection, None)
        if slot is not None:
            self._slots[slot].discard(connection)

    async def run(self) -> None:
        """Turn the wheel forever, by the clock: a late tick is followed by a shorter wait."""
        due = time.monotonic()
        while True:
            due = max(due + self._tick, time.monotonic() - self._tick)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._look_for_pongs()
            self._ping_next_slot()

    def _ping_next_slot(self) -> None:
        slot = self._slots[self._hand]
        self._hand = (self._hand + 1) % len(self._slots)
        if slot:
            payload, now = Payload(frames.event("ping", wire.Nothing())), time.monotonic()
            for connection in slot:
                if connection.is_held:
                    continue  # it may have lost access, and then it gets nothing, not even this
                connection.send(payload)
                self._asked.append((now + self.timeout, now, connection))

    def _look_for_pongs(self) -> None:
        now = time.monotonic()
        while self._asked and self._asked[0][0] <= now:
            _due, asked_at, connection = self._asked.popleft()
            if connection not in self._slot_of or connection.last_pong >= asked_at:
                continue
            if connection.busy_since is not None:
                # Its pong may wait behind a request that we have not finished: that is our slowness, not its death.
                self._asked.append((now + self.timeout, asked_at, connection))
            else:
                connection.close(CloseCode.PONG_TIMEOUT)
