"""People, their tabs, and what they do, at the rates of a Load."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from bench.simulation.arithmetic import EVENTS_OF_A_REPLY, Load
from bench.simulation.cluster import Database, Process, Tab
from chat.protocol import wire
from chat.realtime.events import Event, durable, ephemeral, room_group
from chat.realtime.layer import bus

_COMMIT_SECONDS: Final = 0.004
# After the claim, which has left by then: what waits for one room goes as one message.
_FIRST_WORD_SECONDS: Final = 0.01
_PAGE_SECONDS: Final = 0.3  # between a tab's opening and its room's
_AUTHOR: Final = wire.UserRef("1000", "username")


class Traffic:
    """Evenly spaced, with some jitter: a simulated minute must not differ from the next by chance alone."""

    def __init__(self, load: Load, processes: list[Process], database: Database, seed: int) -> None:
        self.load = load
        self.processes = processes
        self.database = database
        self.random = random.Random(seed)
        self.home: dict[Tab, Process] = {}
        self.tabs: list[Tab] = []
        self.heard: Counter[str] = Counter()
        self._rooms_of = self._memberships()
        self._made = 0
        self._content = content_for(load)
        self._words = "x" * words_for(load)

    def _memberships(self) -> list[list[str]]:
        """Deal the rooms out so that each has exactly `people_per_room` members, and each person their number."""
        load = self.load
        rooms_of: list[list[str]] = [[] for _ in range(load.people)]
        seats = []
        for _ in range(load.rooms_per_person):
            seats += self.random.sample(range(load.people), load.people)
        for place, person in enumerate(seats):
            slug = f"room-{place // load.people_per_room:0{load.slug_chars - 5}d}"
            if slug not in rooms_of[person]:
                rooms_of[person].append(slug)
        return rooms_of

    # --- Tabs -----------------------------------------------------------------------------------------------

    async def open_everybody(self) -> None:
        for person in range(self.load.people):
            self.tabs += [self._open(person) for _ in range(self.load.tabs_per_person)]
        await asyncio.gather(*map(self._join, self.tabs))

    def _open(self, person: int) -> Tab:
        self._made += 1
        room = self.random.choice(self._rooms_of[person])
        tab = Tab(self._made, person + 1, f"{person:0{self.load.username_chars}d}", room, self.heard)
        self.home[tab] = self.random.choice(self.processes)
        self.home[tab].open(tab)
        return tab

    async def _join(self, tab: Tab) -> None:
        await self.home[tab].join(tab, self._rooms_of[tab.user_id - 1])

    async def _come_back(self) -> None:
        """Close a tab and open another one of the same person, on whichever process."""
        place = self.random.randrange(len(self.tabs))
        old = self.tabs[place]
        if old.rooms:  # not one that is coming back right now
            self.home.pop(old).close(old)
            new = self.tabs[place] = self._open(old.user_id - 1)
            await asyncio.sleep(_PAGE_SECONDS)
            await self._join(new)

    # --- What they do ---------------------------------------------------------------------------------------

    async def run(self, seconds: float) -> None:
        load = self.load
        posts = load.people * load.messages_per_person_minute / 60
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._at(posts, seconds, self._post))
            tasks.create_task(self._at(posts * load.typing_per_message, seconds, self._type))
            tasks.create_task(self._at(load.tabs / load.tab_seconds, seconds, self._come_back))
            for slot in range(load.replies):
                tasks.create_task(self._replies(slot, seconds))

    async def _at(self, per_second: float, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        start = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(round(per_second * seconds)):
                due = start + (number + self.random.random()) / per_second
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                tasks.create_task(_run(act))

    async def _post(self) -> None:
        tab = self.random.choice(self.tabs)
        await self._store(self.home[tab], tab.open_room)

    async def _store(self, process: Process, room: str) -> None:
        """Publish after the commit: not in its order, since each process comes to it in its own time."""
        message = self.database.post(room, _AUTHOR, self._content)
        await asyncio.sleep(self.random.expovariate(1 / _COMMIT_SECONDS))
        process.hub.publish(durable(message))

    async def _type(self) -> None:
        tab = self.random.choice(self.tabs)
        self.home[tab].hub.publish(typing(tab.open_room, tab.actor.ref, without_user=tab.user_id))

    async def _replies(self, slot: int, seconds: float) -> None:
        """One reply after the other: prompt, start, claim and end are durable, the deltas between are not."""
        loop, load = asyncio.get_running_loop(), self.load
        began, length = loop.time(), round(load.deltas * load.reply_seconds)
        room, runner = self._asked()
        for n in range(round(load.deltas * seconds)):
            await asyncio.sleep(max(0.0, began + n / load.deltas - loop.time()))
            if (n + slot * length // load.replies) % length == length - 1:
                room, runner = self._asked()
                for _ in range(EVENTS_OF_A_REPLY):
                    await self._store(runner, room)
                runner.hub.take([bus.Wake()])
                await asyncio.sleep(_FIRST_WORD_SECONDS)
            runner.hub.publish(delta(room, n + 1000, self._words))

    def _asked(self) -> tuple[str, Process]:
        """Return a room in which someone asks, and the process that happens to claim the reply."""
        return self.random.choice(self.tabs).open_room, self.random.choice(self.processes)


async def _run(act: Callable[[], Awaitable[None]]) -> None:
    await act()


# --- Frames of the sizes that a Load names -------------------------------------------------------------------


def typing(room: str, who: wire.UserRef, without_user: int = 0) -> Event:
    return ephemeral(room_group(room), "typing", wire.TypingFact(room, who, True), without_user=without_user)


def delta(room: str, n: int, text: str) -> Event:
    fact = wire.StreamDelta(room, "1000001", 1, 1, n, text)
    return ephemeral(room_group(room), "stream_delta", fact, is_droppable=True)


def content_for(load: Load) -> str:
    """Return a text that makes a `new_message` frame of `message_bytes`: it stands there twice, once as HTML."""
    empty = Database().post("r" * load.slug_chars, _AUTHOR, "")
    return "x" * max(1, (load.message_bytes - len(durable(empty).text)) // 2)


def words_for(load: Load) -> int:
    """Return how many letters make a `stream_delta` frame of `delta_bytes`."""
    return max(1, load.delta_bytes - len(delta("r" * load.slug_chars, 1000, "").text))
