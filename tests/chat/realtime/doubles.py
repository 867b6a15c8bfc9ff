"""Stand-ins for what surrounds the realtime modules: connections, channel layers, hubs."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

from chat.access import Actor
from chat.protocol.close import CloseCode
from chat.realtime.delivery.burst import Burst
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import Event
from chat.realtime.layer.bus import PresenceNews

PATIENCE_SECONDS = 10.0


class NeverClear:
    """The outbox of a connection that always has something of its own to write: it shares nothing with others."""

    is_clear = False


class SharingOutbox:
    """The outbox of a connection that shares with others: it is clear until something of its own waits to be written."""

    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.is_clear = True
        self._sent = sent

    def push(self, payload: Payload) -> None:
        self.is_clear = False
        self._sent.append(json.loads(payload.text))

    def write(self, payloads: list[Payload], _frames: bytes, _droppable_from: int) -> None:
        self._sent += [json.loads(payload.text) for payload in payloads]


class FakeConnection:
    """What hub, feed, presence and heartbeat know of a connection; keeps what it is sent as parsed frames."""

    def __init__(self, id_: str, user_id: int = 1, username: str = "") -> None:
        self.id = id_
        self.actor = Actor(user_id, username or f"user-{user_id}")
        self.address = "192.0.2.1"
        self.rooms: dict[str, bool] = {}
        self.watching: set[str] = set()
        self.burst: Burst | None = None
        self.sent: list[dict[str, Any]] = []
        self.outbox: NeverClear | SharingOutbox = NeverClear()
        self.closed: CloseCode | None = None
        self.last_pong = 0.0
        self.busy_since: float | None = None
        self.is_held = False

    @property
    def user_id(self) -> int:
        return self.actor.id

    @property
    def as_connection(self) -> Connection:
        return cast(Connection, self)

    def send(self, payload: Payload) -> None:
        if self.closed is None:
            self.sent.append(json.loads(payload.text))

    def close(self, code: CloseCode) -> None:
        if self.closed is None:
            self.closed = code

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.sent]

    def data_of(self, type_: str) -> list[dict[str, Any]]:
        return [frame["data"] for frame in self.sent if frame["type"] == type_]


class FakeLayer:
    """A channel layer that does as it is told: works, fails or hangs. Keeps what it was asked."""

    def __init__(self) -> None:
        self.state = "works"
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[tuple[str, str]] = []
        self.groups: set[str] = set()
        self.channels: set[str] = set()
        self.inbox: asyncio.Queue[dict[str, Any] | Exception] = asyncio.Queue()

    async def _behave(self) -> None:
        if self.state == "fails":
            raise ConnectionError("the layer is away")
        if self.state == "hangs":
            await asyncio.Event().wait()

    async def new_channel(self, prefix: str) -> str:
        await self._behave()
        return f"{prefix}.channel"

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._behave()
        self.sent.append((group, message))

    async def group_add(self, group: str, channel: str) -> None:
        self.asked.append(("add", group))
        await self._behave()
        self.groups.add(group)
        self.channels.add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self.asked.append(("discard", group))
        await self._behave()
        self.groups.discard(group)

    async def receive(self, channel: str) -> dict[str, Any]:
        message = await self.inbox.get()
        if isinstance(message, Exception):
            raise message
        return message


class FakeHub:
    """The part of a hub that presence uses; events that would reach local connections are kept."""

    def __init__(self, id_: str, send: Callable[[str, PresenceNews], None] | None = None) -> None:
        self.id = id_
        self.is_alone = send is None
        self.history: list[tuple[str, str, dict[str, Any]]] = []
        self.delivered: list[tuple[str, str, dict[str, Any]]] = []  # since it was last taken
        self.events: list[Event] = []
        self.heard: Callable[[PresenceNews, str], None] = lambda _news, _origin: None
        self._send = send

    def handle(self, type_: type[Any], handler: Callable[[PresenceNews, str], None]) -> None:
        assert type_ is PresenceNews
        self.heard = handler

    def send_to_processes(self, group: str, news: PresenceNews) -> None:
        if self._send is not None:
            self._send(self.id, news)

    def deliver(self, event: Event) -> None:
        frame = json.loads(event.text)
        self.events.append(event)
        self.delivered.append((event.group, frame["type"], frame["data"]))
        self.history.append(self.delivered[-1])

    def take_delivered(self) -> list[tuple[str, str, dict[str, Any]]]:
        taken, self.delivered = self.delivered, []
        return taken


async def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; fail when it takes too long."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for knows of no event
            await asyncio.sleep(0.001)


async def turns(count: int = 5) -> None:
    """Let everything run that is ready now."""
    for _ in range(count):
        await asyncio.sleep(0)
