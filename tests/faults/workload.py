"""People at work: every tab posts, edits, deletes, reacts and asks Claude, as a fixed seed decides."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.history import Row
from tests.faults.listener import Listener
from tests.faults.tab import Tab

POSTS_IN_FLIGHT: Final = 4
# Claude replies to one after the other. A queue that only grows would not be through when the run is over.
_PROMPTS_AT_MOST: Final = 5
# One for each tab of a person, so that a reaction is one tab's own and its last word is known.
EMOJI: Final = ("\U0001f44d", "\U0001f389", "\U0001f440", "\U0001f680")
_WORDS: Final = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "nobody", "looks", "up")
_PROMPT_WORDS: Final = 12


@dataclass(frozen=True)
class Pace:
    """How busy each tab is: seconds between two writes on average, and how often which write is chosen."""

    pause_seconds: float = 0.15
    weights: dict[str, int] = field(
        default_factory=lambda: {"post": 60, "edit": 14, "delete": 5, "react": 14, "execute": 2}
    )


class Writer:
    """What one tab does. `rooms` are for talking, `session` is for asking Claude."""

    def __init__(self, tab: Tab, emoji: str, rooms: list[str], session: str, seed: int, pace: Pace) -> None:
        self.tab = tab
        self._emoji = emoji
        self._rooms = rooms
        self._session = session
        self._random = random.Random(f"{seed} {tab.name}")
        self._pace = pace
        self._posting: set[asyncio.Task[Any]] = set()
        self._reacted: dict[str, bool] = {}
        self._actions: dict[str, Callable[[], Awaitable[None]]] = {
            "post": self._post,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "execute": self._execute,
        }
        self.is_over = False

    async def run(self) -> None:
        names, weights = list(self._pace.weights), list(self._pace.weights.values())
        while not (self.is_over or self.tab.is_gone):
            await asyncio.sleep(self._random.expovariate(1 / self._pace.pause_seconds))
            await self._actions[self._random.choices(names, weights)[0]]()
        if self._posting:
            await asyncio.wait(self._posting)

    async def _post(self) -> None:
        """Post without waiting for the response, as a quick typist does."""
        while len(self._posting) >= POSTS_IN_FLIGHT:
            await asyncio.wait(self._posting, return_when=asyncio.FIRST_COMPLETED)
        room, op = self._random.choice(self._rooms), self.tab.new_op()
        content = f"{op}: {self._some_words(self._random.randint(1, 30))}"
        payload = {"room": room, "content": content, "clientId": op}
        task = asyncio.create_task(self.tab.write("create_message", room, op, payload))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _edit(self) -> None:
        room, row = self._pick(own=True)
        if row is not None:
            op = self.tab.new_op()
            content = f"{op}: {self._some_words(5)}"
            await self.tab.write("edit_message", room, op, {"message": row.id, "content": content})

    async def _delete(self) -> None:
        room, row = self._pick(own=True)
        if row is not None:
            await self.tab.write("delete_message", room, self.tab.new_op(), {"message": row.id})

    async def _react(self) -> None:
        room, row = self._pick(own=False)
        if row is not None:
            has = self._reacted.get(row.id, False)
            self._reacted[row.id] = not has
            type_ = "remove_reaction" if has else "add_reaction"
            await self.tab.write(type_, room, self.tab.new_op(), {"message": row.id, "emoji": self._emoji})

    async def _execute(self) -> None:
        if len(self.tab.open_replies[self._session]) >= _PROMPTS_AT_MOST:
            return
        op = self.tab.new_op()
        prompt = f"{op}: {self._some_words(_PROMPT_WORDS)}"
        payload = {"session": self._session, "prompt": prompt, "clientId": op}
        await self.tab.write("execute", self._session, op, payload)

    def _pick(self, *, own: bool) -> tuple[str, Row | None]:
        room = self._random.choice(self._rooms)
        rows = [row for row in self.tab.known[room] if not own or row.author == self.tab.user]
        return room, self._random.choice(rows) if rows else None

    def _some_words(self, count: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=count))


class Workload:
    """Tabs and what they do, from `enter` or `listen` to `close`."""

    def __init__(self) -> None:
        self.tabs: list[Tab | Listener] = []
        self._writers: list[Writer] = []
        self._running: list[asyncio.Task[None]] = []
        self._writing: list[asyncio.Task[None]] = []

    def enter(self, tab: Tab, writer: Writer) -> None:
        """Have a tab connect, join, and write from then on."""
        self.tabs.append(tab)
        self._writers.append(writer)
        self._running.append(asyncio.create_task(tab.run(), name=tab.name))
        self._writing.append(asyncio.create_task(writer.run(), name=f"writer of {tab.name}"))

    def listen(self, listener: Listener) -> None:
        """Have someone connect who only listens."""
        self.tabs.append(listener)
        self._running.append(asyncio.create_task(listener.run(), name=listener.name))

    async def until_ready(self, seconds: float = 60) -> None:
        """Wait until all tabs have joined their rooms."""
        async with asyncio.timeout(seconds):
            while not all(tab.is_ready or tab.is_gone for tab in self.tabs):  # noqa: ASYNC110 - no one event
                await asyncio.sleep(0.05)

    async def until_flowing(self, seconds: float = 15) -> None:
        """Wait until each writing tab has had another response: a fault that meets only tabs which wait proves little."""
        tabs = [writer.tab for writer in self._writers]
        before = {tab.name: tab.responses for tab in tabs}
        give_up = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < give_up:
            if all(tab.is_gone or tab.responses > before[tab.name] for tab in tabs):
                return
            await asyncio.sleep(0.05)

    async def stop_writing(self, seconds: float) -> None:
        """Begin nothing new, and wait for the responses to what was begun, but not longer than so."""
        for writer in self._writers:
            writer.is_over = True
        _done, late = await asyncio.wait(self._writing, timeout=seconds)
        for task in late:
            task.cancel()
        self.raise_failures()

    async def until_at(self, heads: dict[str, int], seconds: float) -> None:
        """Wait until all tabs that have access are connected and know these changes, but not longer than so."""
        give_up = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < give_up:
            if all(tab.is_gone or self._is_at(tab, heads) for tab in self.tabs):
                return
            await asyncio.sleep(0.05)

    @staticmethod
    def _is_at(tab: Tab | Listener, heads: dict[str, int]) -> bool:
        return tab.is_ready and all(tab.cursors[room][0] >= heads[room] for room in tab.rooms)

    def raise_failures(self) -> None:
        """A tab that stopped by a fault of its own proves nothing."""
        for task in (*self._running, *self._writing):
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise RuntimeError(f"{task.get_name()} failed") from task.exception()

    async def close(self) -> None:
        for tab in self.tabs:
            await tab.close()
        for task in (*self._running, *self._writing):
            task.cancel()
        await asyncio.gather(*self._running, *self._writing, return_exceptions=True)
