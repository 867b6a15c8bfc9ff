"""The process's switchboard: from published events to local connections, and to the other processes.

One layer channel for the whole process. Local connections hear a local event at once; the channel layer carries it to
the other processes as a hint that may be lost, doubled or late. What is missing is read from the database, which is
the truth (feed.py keeps the order within a room).
"""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import msgspec
import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer

from chat.protocol import frames
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.feed import Feed, Own
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.recounting import Recounts
from chat.realtime.delivery.repairs import Repairs
from chat.realtime.delivery.stall import StallWatch
from chat.realtime.delivery.watchers import Watchers
from chat.realtime.events import GLOBAL_GROUP, Event, room_group, room_of_group
from chat.realtime.layer import bus
from chat.realtime.layer.bus import CLAUDE_GROUP, CONTROL_GROUP, PRESENCE_GROUP, layer_group
from chat.realtime.layer.listener import Listener
from chat.realtime.layer.questions import Questions, process_group
from chat.realtime.layer.sender import LayerSender
from chat.realtime.layer.subscriptions import Subscriptions

log = structlog.get_logger(__name__)

_SUBSCRIBE_WAIT_SECONDS: Final = 1.0
_ONCE_REMEMBERED: Final = 1000
_RECENT: Final = 128

T = TypeVar("T")
Handler = Callable[[Any, str], None]
"""Takes a message of another process, and that process's id."""


def _payload_of(event: Event, text: str) -> Payload:
    return Payload(text, event.change, is_droppable=event.is_droppable)


class Hub:
    """Everything in it runs on the event loop that started it; only `publishing` crosses threads."""

    def __init__(self) -> None:
        self.id = secrets.token_urlsafe(9)
        self.layer = get_channel_layer()
        # The in-memory layer joins nothing but this process with itself.
        self.is_alone = isinstance(self.layer, InMemoryChannelLayer)
        self.feeds: dict[str, Feed] = {}
        self.watchers = Watchers(self.feeds, self.feed_of, self._forget_if_idle)
        self.watchers.on_recount = Recounts(self.watchers, self.spawn).want
        self.connections: dict[str, Connection] = {}
        self._groups: dict[str, set[Connection]] = {}
        self._once: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.moved: dict[str, int] = {}  # rooms that were delivered to or joined, with their `change`, until it is kept
        self.recent: deque[str] = deque(maxlen=_RECENT)  # the durable events that were delivered to them last, as text
        self.on_control: Callable[[bus.Control], None] = lambda _order: None
        self.on_layer_returned: Callable[[], None] = lambda: None
        self.stall = StallWatch()
        self.repairs = Repairs(self.feeds, self._take, self._membership_ended, self._forget, self.spawn)
        self._subscriptions = Subscriptions(self.layer)
        self._sender = LayerSender(self.layer, self.id, self._layer_returned)
        self._listener = Listener(self.layer, self.id, self._subscriptions, self._arrived)
        self._questions = Questions(self.id, self.send_to_processes)
        self._handlers: dict[type[Any], Handler] = {
            Event: lambda event, _origin: self.deliver(event),
            bus.Control: lambda order, _origin: self.on_control(order),
            bus.Response: lambda response, _origin: self._questions.take(response),
        }

    async def start(self) -> None:
        """Begin to listen. A layer that cannot be reached delays this by seconds at most, and is tried again."""
        self.spawn(self.stall.run(), "stall watch")
        self.spawn(self._listener.run(self.spawn), "listener")
        self.spawn(self._sender.run(), "layer sender")
        groups = (GLOBAL_GROUP, CONTROL_GROUP, PRESENCE_GROUP, CLAUDE_GROUP, process_group(self.id))
        for group in groups:
            self._subscriptions.want(layer_group(group))
        for group in groups:
            await self._subscriptions.wait_for(layer_group(group), _SUBSCRIBE_WAIT_SECONDS)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task and keep it: the loop alone holds tasks weakly. What it raises is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("hub.task_failed", task=task.get_name(), exc_info=task.exception())

    def handle(self, type_: type[Any], handler: Handler) -> None:
        """Have one type of message of the bus handled elsewhere, as presence does."""
        self._handlers[type_] = handler

    # --- Groups without order: global, users ----------------------------------------------------------------

    def add(self, group: str, connection: Connection) -> None:
        members = self._groups.setdefault(group, set())
        if group == GLOBAL_GROUP:
            self.connections[connection.id] = connection
        elif not members:
            self._subscriptions.want(layer_group(group))
        members.add(connection)

    def discard(self, group: str, connection: Connection) -> None:
        members = self._groups.get(group)
        if members is None:
            return
        members.discard(connection)
        if group == GLOBAL_GROUP:
            self.connections.pop(connection.id, None)
        if not members:
            del self._groups[group]
            if group != GLOBAL_GROUP:
                self._subscriptions.unwant(layer_group(group))

    # --- Rooms ----------------------------------------------------------------------------------------------

    def feed_of(self, slug: str) -> Feed:
        """Return a room's feed, subscribing the process to the room if this is its first use."""
        feed = self.feeds.get(slug)
        if feed is None:
            feed = self.feeds[slug] = Feed(slug, self.repairs.gap_found)
            self._subscriptions.want(layer_group(room_group(slug)))
        return feed

    async def begin_joining(self, slug: str, connection: Connection) -> Feed:
        """Buffer the room's events for a connection; the caller reads the database next and then calls `go_live`."""
        feed = self.feed_of(slug)
        feed.begin_joining(connection)
        await self._subscriptions.wait_for(layer_group(room_group(slug)), _SUBSCRIBE_WAIT_SECONDS)
        return feed

    def leave(self, slug: str, connection: Connection) -> None:
        feed = self.feeds.get(slug)
        if feed is not None:
            feed.remove(connection)
            self._forget_if_idle(feed)

    def _forget_if_idle(self, feed: Feed) -> None:
        if feed.is_idle and self.feeds.get(feed.slug) is feed:
            self._forget(feed)

    def _forget(self, feed: Feed) -> None:
        del self.feeds[feed.slug]
        self._subscriptions.unwant(layer_group(room_group(feed.slug)))

    def _membership_ended(self, user_id: int, slug: str) -> None:
        self.on_control(bus.Control("access", user_id, slug))

    # --- Publishing -----------------------------------------------------------------------------------------

    def take(self, messages: Sequence[bus.Message]) -> None:
        """Publish what another thread hands over."""
        for message in messages:
            if isinstance(message, Event):
                self.publish(message)
            else:
                self._arrived(message, self.id)
                self._to_layer(bus.group_of(message), message)

    def publish(self, event: Event) -> None:
        """Deliver to local connections and tell the other processes."""
        self.deliver(event)
        self._to_layer(event.group, event)

    def _to_layer(self, group: str, message: bus.Message) -> None:
        if not self.is_alone:
            self._sender.put(layer_group(group), bus.encode(message))

    def send_to_processes(self, group: str, message: bus.Message) -> None:
        """Send a message of the processes among themselves."""
        self._to_layer(group, message)

    async def ask(self, question: bus.KeyframeWanted, type_: type[T], timeout_seconds: float) -> T | None:
        """Ask the other processes, and return the first response as a `type_`; None when none comes in time."""
        return None if self.is_alone else await self._questions.ask(CLAUDE_GROUP, question, type_, timeout_seconds)

    def respond(self, question: bus.Question, body: msgspec.Struct) -> None:
        """Respond to another process's question."""
        self._questions.respond(question, body)

    def _arrived(self, message: bus.Message, origin: str) -> None:
        handler = self._handlers.get(type(message))
        if handler is not None:  # a hint for what does not run in this process, or not yet
            handler(message, origin)

    def _layer_returned(self) -> None:
        self.on_layer_returned()

    def deliver(self, event: Event) -> None:
        """Deliver to local connections only."""
        self.stall.look()
        if event.once and self._seen(event.once):
            return
        slug = room_of_group(event.group)
        if slug is not None:
            if event.ends:
                self._membership_ended(event.ends, slug)  # first: what comes after it is not for them
            feed = self.feeds.get(slug)
            if feed is not None:
                if event.change is not None:
                    self.moved[slug] = event.change
                    self.recent.append(event.text)
                feed.take(event, _payload_of(event, event.text), self._response_in(event))
                self.watchers.note(feed, event)
            return
        members = self._groups.get(event.group)
        if members:
            payload = Payload(event.text)
            for connection in members:
                if connection.id != event.without_connection:
                    connection.send(payload)

    def _take(self, feed: Feed, event: Event) -> None:
        """Deliver an event to the connections of a feed that are here."""
        feed.take(event, _payload_of(event, event.text))
        self.watchers.note(feed, event)

    def _response_in(self, event: Event) -> "Own | None":
        """Return the frame with the request's id for the one local connection that had asked, if it is here."""
        connection = self.connections.get(event.requester) if event.requester else None
        if connection is None:
            return None
        return connection, _payload_of(event, frames.with_request_id(event.text, event.request_id))

    def _seen(self, once: str) -> bool:
        if once in self._once:
            return True
        self._once[once] = None
        if len(self._once) > _ONCE_REMEMBERED:
            self._once.popitem(last=False)
        return False
