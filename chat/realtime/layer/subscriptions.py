"""Which groups this process hears on the channel layer: added with the first local member, discarded after the last.

One task does it, one step at a time: two adds that ran side by side have delivered twice. A step takes time, in which a
wish may change or the layer be lost; so after each step the wish is compared with what is held, and settled again if the
two differ. When the layer cannot be reached the wish stays and is tried again.
"""

import asyncio
from typing import Any, Final, NamedTuple

import structlog

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 1.0
_STEP_TIMEOUT_SECONDS: Final = 5.0

ADD: Final = "add"
DISCARD: Final = "discard"


class Step(NamedTuple):
    """What the layer is asked for one group, call after call; `losses` is how often it had been lost before."""

    group: str
    calls: tuple[str, ...]
    losses: int


class Wishes:
    """What is wanted, what the layer holds, and which step comes next. Does no I/O.

    A group is held, not held, or in doubt: while a step of it runs, and after the layer was lost. After a step that
    failed it is torn: the layer may have done half of it. The pub/sub layer then believes itself subscribed where Redis
    has already let go, or the other way round, and takes the next call for done. Only a whole turn (add, discard, add)
    brings both to one state again.
    """

    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self.held: set[str] = set()
        self._doubtful: set[str] = set()
        self._torn: set[str] = set()
        self._due: dict[str, None] = {}  # in the order of their turn: one that always fails must not starve the others
        self._losses = 0

    @property
    def is_settled(self) -> bool:
        return not self._due

    def want(self, group: str) -> None:
        self.wanted.add(group)
        self._compare(group)

    def unwant(self, group: str) -> None:
        self.wanted.discard(group)
        self._compare(group)

    def lost(self) -> None:
        """Note that the layer may have forgotten what it held, also what it is being asked right now."""
        self._losses += 1
        self._doubtful |= self.held
        self.held.clear()
        for group in self.wanted | self._doubtful:
            self._compare(group)

    def next(self) -> Step | None:
        """Return the step to take now; its outcome is told by `done` or `failed` before the next one is asked for."""
        while self._due:
            group = next(iter(self._due))
            del self._due[group]
            calls = self._calls_for(group)
            if calls:
                self.held.discard(group)
                self._doubtful.add(group)
                return Step(group, calls, self._losses)
        return None

    def done(self, step: Step) -> None:
        self._torn.discard(step.group)
        if step.losses == self._losses:
            self._doubtful.discard(step.group)
            if step.calls[-1] == ADD:
                self.held.add(step.group)
        self._compare(step.group)

    def failed(self, step: Step) -> None:
        self._torn.add(step.group)
        self._compare(step.group)

    def is_as_wanted(self, group: str) -> bool:
        return not self._calls_for(group)

    def _compare(self, group: str) -> None:
        if self._calls_for(group):
            self._due[group] = None

    def _calls_for(self, group: str) -> tuple[str, ...]:
        if group in self._torn:
            return (ADD, DISCARD, ADD) if group in self.wanted else (ADD, DISCARD)
        if group in self.wanted:
            return () if group in self.held else (ADD,)
        return (DISCARD,) if group in self.held or group in self._doubtful else ()


class Subscriptions:
    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._wishes = Wishes()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._changed = asyncio.Event()

    def want(self, group: str) -> None:
        self._wishes.want(group)
        self._changed.set()

    def unwant(self, group: str) -> None:
        self._wishes.unwant(group)
        self._changed.set()

    async def wait_for(self, group: str, seconds: float) -> None:
        """Wait until a wanted group is subscribed, or so many seconds: the head check covers the rest."""
        if group in self._wishes.held:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, []).append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            log.warning("subscriptions.slow", group=group)
        finally:
            self._stop_waiting(group, future)

    def _stop_waiting(self, group: str, future: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(group, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop(group, None)

    def lost(self) -> None:
        """Subscribe everything again: the layer has lost its connection and may have forgotten us."""
        self._wishes.lost()
        self._changed.set()

    async def run(self, channel: str) -> None:
        """Keep what is held by the process's channel equal to what is wanted, forever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while (step := self._wishes.next()) is not None:
                try:
                    async with asyncio.timeout(_STEP_TIMEOUT_SECONDS):
                        await self._take(step, channel)
                except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
                    log.warning("subscriptions.failed", group=step.group, error=type(error).__name__)
                    self._wishes.failed(step)
                    await asyncio.sleep(_RETRY_SECONDS)
                else:
                    self._wishes.done(step)
                    self._tell(step.group)

    async def _take(self, step: Step, channel: str) -> None:
        for call in step.calls:
            ask = self._layer.group_add if call == ADD else self._layer.group_discard
            await ask(step.group, channel)

    def _tell(self, group: str) -> None:
        if self._wishes.is_as_wanted(group):
            for future in self._waiting.pop(group, ()):
                if not future.done():
                    future.set_result(None)
