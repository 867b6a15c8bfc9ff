"""The processes: real hubs, feeds, watchers, presence and channel layers, with a database that counts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from accounts.credentials import Credential
from bench.simulation.clock import VirtualLoop
from bench.simulation.redis import SimulatedRedis, connect
from chat.protocol import wire
from chat.realtime.delivery import recovery
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.outbox import FrameWriter, Outbox, Send
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import GLOBAL_GROUP, Event, room_of_group, user_group
from chat.realtime.hub import Hub
from chat.realtime.layer import bus
from chat.realtime.presence import Presence, topic_of_room, topic_of_user


class Database:
    """The rooms' rows, and how often it was asked. A row is never changed, so every hole can be filled."""

    def __init__(self) -> None:
        self.rows: dict[str, list[wire.Message]] = {}
        self.count: Counter[str] = Counter()

    def post(self, room: str, author: wire.UserRef, content: str) -> wire.Message:
        """Store a message; it takes the room's next `change`."""
        rows = self.rows.setdefault(room, [])
        change = len(rows) + 1
        message = wire.Message(
            id=str(1_000_000 + change),
            room=room,
            seq=change,
            change=change,
            kind="text",
            author=author,
            content=content,
            html=f"<p>{content}</p>",
            createdAt=1_700_000_000_000,
            reactions=[],
            mentions=[],
            clientId="0123456789abcdef",
        )
        rows.append(message)
        return message

    def change(self, room: str) -> int:
        return len(self.rows.get(room, ()))

    async def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """Stand for chat.realtime.database.in_database."""
        await asyncio.sleep(0.002)
        if function is recovery.heads:
            (slugs,) = args
            self.count["head checks"] += 1
            self.count["rooms in head checks"] += len(slugs)
            return {slug: (self.change(slug), "epoch") for slug in slugs}
        if function is not recovery.changes_after:
            raise NotImplementedError(function)
        slug, after, _limit = args
        self.count["repairs"] += 1
        return recovery.Missed(self.change(slug), self.rows.get(slug, [])[after:], has_more=False)


class Heard:
    """An outbox that only counts: frames by type into a counter that all tabs share, and `disorder`."""

    is_clear = True
    waiting_bytes = 0

    def __init__(self, count: Counter[str]) -> None:
        self._count = count
        self.last_change = 0

    def push(self, payload: Payload) -> None:
        self._count[payload.type] += 1
        if payload.change is not None:
            self._count["disorder"] += payload.change != self.last_change + 1
            self.last_change = payload.change

    def write(self, payloads: list[Payload], frames: bytes, limit: int) -> None:
        for payload in payloads:
            self.push(payload)

    def take_back(self) -> list[Payload]:
        return []

    def close(self, code: int, reason: str) -> None:
        self._count["closed"] += 1


class Tab(Connection):
    """A connection without a socket."""

    __slots__ = ("heard", "open_room")

    def __init__(self, number: int, user_id: int, username: str, open_room: str, count: Counter[str]) -> None:
        self.open_room = open_room
        self.heard = Heard(count)
        super().__init__(f"{number:012d}", Credential(user_id, username, "session", "key"), "192.0.2.1", _no_send)

    def _make_outbox(self, send: Send, writer: FrameWriter | None) -> Outbox:
        return self.heard


async def _no_send(_message: dict[str, Any]) -> None:
    raise AssertionError("a simulated tab has no socket")


class CountingHub(Hub):
    """The real hub; `used` counts the events of rooms that a tab here has open."""

    def __init__(self) -> None:
        super().__init__()
        self.used = 0

    def publish(self, event: Event) -> None:
        self._count(event)
        super().publish(event)

    def _arrived(self, message: bus.Message, origin: str) -> None:
        if isinstance(message, Event):
            self._count(message)
        super()._arrived(message, origin)

    def _count(self, event: Event) -> None:
        feed = self.feeds.get(room_of_group(event.group) or "")
        self.used += feed is not None and bool(feed.live)


class Process:
    """What of chat.server.runtime costs anything between processes."""

    def __init__(self, hub: CountingHub, database: Database) -> None:
        self.hub = hub
        self.presence = Presence(hub)
        self._database = database

    async def start(self, head_check_seconds: float, after: float) -> None:
        await self.hub.start()
        self.hub.spawn(self.presence.run(), "presence")
        self.hub.spawn(self._check_heads(head_check_seconds, after), "head check")

    async def _check_heads(self, seconds: float, after: float) -> None:
        await asyncio.sleep(after)
        while True:
            await self.hub.repairs.check_heads()
            await asyncio.sleep(seconds)

    def open(self, tab: Tab) -> None:
        """As runtime.admit and welcome."""
        self.presence.enter(topic_of_user(tab.user_id), tab)
        self.hub.add(GLOBAL_GROUP, tab)
        self.hub.add(user_group(tab.user_id), tab)

    async def join(self, tab: Tab, rooms: list[str]) -> None:
        """As list_rooms, and then join_room of the open room."""
        for slug in rooms:
            self.hub.watchers.watch(slug, tab)
        slug = tab.open_room
        while True:
            feed = await self.hub.begin_joining(slug, tab)
            change = self._database.change(slug)
            await asyncio.sleep(0.002)  # the database read the room; then the response
            if feed.can_go_live(tab, change):
                break
        tab.rooms[slug] = False
        tab.heard.last_change = change
        self.presence.enter(topic_of_room(slug, is_session=False), tab)
        feed.go_live(tab, change, "epoch")

    def close(self, tab: Tab) -> None:
        """As runtime.dismiss."""
        self.hub.leave(tab.open_room, tab)
        tab.rooms.clear()
        self.presence.leave(topic_of_room(tab.open_room, is_session=False), tab)
        for slug in list(tab.watching):
            self.hub.watchers.unwatch(self.hub.feed_of(slug), tab)
        self.presence.leave(topic_of_user(tab.user_id), tab)
        self.hub.discard(user_group(tab.user_id), tab)
        self.hub.discard(GLOBAL_GROUP, tab)


@contextmanager
def simulated(loop: VirtualLoop, database: Database) -> Iterator[None]:
    """Put the simulation's clock and database where the real modules look for theirs."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("chat.realtime.presence.time", SimpleNamespace(monotonic=loop.time)))
        stack.enter_context(mock.patch("chat.realtime.delivery.repairs.in_database", database.ask))
        yield


def make_process(servers: list[SimulatedRedis], database: Database) -> Process:
    """Return a process, not started yet, with a channel layer of its own."""
    with mock.patch("chat.realtime.hub.get_channel_layer", return_value=connect(servers)):
        return Process(CountingHub(), database)
