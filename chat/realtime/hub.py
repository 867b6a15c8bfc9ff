"""The process's switchboard: from published events to local connections, and to the other processes.

One layer channel for the whole process. Local connections hear a local event at once; the channel layer carries it to
the other processes as a hint that may be lost, doubled or late. What is missing is read from the database, which is
the truth (feed.py keeps the order within a room).
"""

import asyncio
import contextlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from chat.protocol import frames, wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.realtime.delivery import recovery
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.feed import Feed, Own
from chat.realtime.delivery.payload import Payload
from chat.realtime.delivery.recounting import Recounts
from chat.realtime.delivery.stall import StallWatch
from chat.realtime.delivery.watchers import Watchers
from chat.realtime.events import GLOBAL_GROUP, Event, missed, room_group, room_of_group
from chat.realtime.layer.publishing import CLAUDE_GROUP, CONTROL_GROUP, layer_group, message_of
from chat.realtime.layer.sender import LayerSender
from chat.realtime.layer.subscriptions import Subscriptions

log = structlog.get_logger(__name__)

_SUBSCRIBE_WAIT_SECONDS: Final = 1.0
# Publishing order between processes is not commit order: a later change waits this long for the earlier one.
_GAP_PATIENCE_SECONDS: Final = 0.05
_REPAIR_RETRY_SECONDS: Final = 1.0
_LISTEN_RETRY_SECONDS: Final = 0.5
_OPEN_TIMEOUT_SECONDS: Final = 5.0
_ONCE_REMEMBERED: Final = 1000
_RECENT: Final = 128
PRESENCE_GROUP: Final = "presence"

Handler = Callable[[dict[str, Any]], None]


async def _nothing_before() -> None:
    """In place of what is to be done before a repair."""


def _payload_of(event: Event, text: str) -> Payload:
    return Payload(text, event.change, is_droppable=event.is_droppable)


def process_group(hub_id: str) -> str:
    return f"process:{hub_id}"


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
        self._repairing: set[Feed] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.moved: dict[str, int] = {}  # rooms that were delivered to or joined, with their `change`, until it is kept
        self.recent: deque[str] = deque(maxlen=_RECENT)  # the durable events that were delivered to them last, as text
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._handlers: dict[str, Handler] = {
            "hub.event": self._event_arrived,
            "hub.control": self._control_arrived,
            "hub.answer": self._answer_arrived,
            "hub.several": self._several_arrived,
        }
        self.on_control: Callable[[str, int, str], None] = lambda _order, _user_id, _room: None
        self.on_layer_returned: Callable[[], None] = lambda: None
        self.before_repair: Callable[[], Awaitable[None]] = _nothing_before
        self.stall = StallWatch()
        self._subscriptions = Subscriptions(self.layer)
        self._sender = LayerSender(self.layer, self._layer_returned)

    async def start(self) -> None:
        """Begin to listen. A layer that cannot be reached delays this by seconds at most, and is tried again."""
        self.spawn(self.stall.run(), "stall watch")
        self.spawn(self._listen(), "listener")
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

    def handle(self, type_: str, handler: Handler) -> None:
        """Let somebody else handle one type of layer message (presence does)."""
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
            feed = self.feeds[slug] = Feed(slug, self._gap_found)
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
            del self.feeds[feed.slug]
            self._subscriptions.unwant(layer_group(room_group(feed.slug)))

    # --- Publishing -----------------------------------------------------------------------------------------

    def take(self, items: list[tuple[str, Any]]) -> None:
        """Publish what another thread hands over."""
        for kind, value in items:
            if kind == "event":
                self.publish(value)
                continue
            if kind == "control":
                self.on_control(*value)
            else:
                self._signal(value)
            self._to_layer(kind, value)

    def _signal(self, message: dict[str, Any]) -> None:
        handler = self._handlers.get(message["type"])
        if handler is not None:  # until the consumer listens nobody needs the hint: the runner polls
            handler(message)

    def publish(self, event: Event) -> None:
        """Deliver to local connections and tell the other processes."""
        self.deliver(event)
        self._to_layer("event", event)

    def _to_layer(self, kind: str, value: Any) -> None:
        if not self.is_alone:
            self._sender.put(*message_of(kind, value, self.id))

    def send_to_processes(self, group: str, message: dict[str, Any]) -> None:
        """Send a message of the processes among themselves."""
        if not self.is_alone:
            self._sender.put(layer_group(group), {**message, "origin": self.id})

    async def ask(self, group: str, message: dict[str, Any], timeout_seconds: float) -> dict[str, Any] | None:
        """Ask the other processes, and return the first answer; None when nobody answers in time."""
        if self.is_alone:
            return None
        ask = secrets.token_urlsafe(6)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[ask] = answer
        self.send_to_processes(group, {**message, "ask": ask, "asker": self.id})
        try:
            async with asyncio.timeout(timeout_seconds):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._asked[ask]

    def answer(self, message: dict[str, Any], facts: dict[str, Any]) -> None:
        """Answer another process's question."""
        answer = {"type": "hub.answer", "ask": message["ask"], "facts": facts}
        self.send_to_processes(process_group(message["asker"]), answer)

    def _answer_arrived(self, message: dict[str, Any]) -> None:
        answer = self._asked.get(message["ask"])
        if answer is not None and not answer.done():
            answer.set_result(message["facts"])

    def deliver(self, event: Event) -> None:
        """Deliver to local connections only."""
        self.stall.look()
        if event.once and self._seen(event.once):
            return
        slug = room_of_group(event.group)
        if slug is not None:
            if event.ends:
                self.on_control("access", event.ends, slug)  # first: what comes after it is not for them
            feed = self.feeds.get(slug)
            if feed is not None:
                if event.change is not None:
                    self.moved[slug] = event.change
                    self.recent.append(event.text)
                feed.take(event, _payload_of(event, event.text), self._answer_in(event))
                self.watchers.note(feed, event)
            return
        members = self._groups.get(event.group)
        if members:
            payload = Payload(event.text)
            for connection in members:
                if connection.id != event.without_connection:
                    connection.send(payload)

    def _answer_in(self, event: Event) -> "Own | None":
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

    # --- Listening ------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Take what the layer brings, for ever: if this ended, every socket of the process would fall silent."""
        channel = await self._open_channel()
        self.spawn(self._subscriptions.run(channel), "subscriptions")
        while True:
            try:
                message = await self.layer.receive(channel)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
                log.warning("hub.layer_unreachable", error=type(error).__name__)
                self._subscriptions.lost()
                await asyncio.sleep(_LISTEN_RETRY_SECONDS)
                continue
            if message.get("origin") == self.id:
                continue  # heard already when it was published
            self._arrived(message)

    def _arrived(self, message: dict[str, Any]) -> None:
        try:
            self._handlers[message["type"]](message)
        except Exception:
            # A message that we cannot read (another version's, say) must not end the listening.
            log.exception("hub.bad_layer_message", type=message.get("type"))

    async def _open_channel(self) -> str:
        while True:
            try:
                async with asyncio.timeout(_OPEN_TIMEOUT_SECONDS):
                    return str(await self.layer.new_channel("hub"))
            except Exception as error:  # noqa: BLE001 - every channel layer has errors of its own
                log.warning("hub.layer_unreachable", error=type(error).__name__)
                await asyncio.sleep(_LISTEN_RETRY_SECONDS)

    def _several_arrived(self, message: dict[str, Any]) -> None:
        for each in message["messages"]:
            self._arrived(each)

    def _event_arrived(self, message: dict[str, Any]) -> None:
        self.deliver(Event(*message["event"]))

    def _control_arrived(self, message: dict[str, Any]) -> None:
        self.on_control(*message["order"])

    def _layer_returned(self) -> None:
        self.on_layer_returned()

    # --- Repair ---------------------------------------------------------------------------------------------

    def _gap_found(self, feed: Feed) -> None:
        # The feed, not its room: the task of one that was forgotten ends without a look at the one that came after it.
        if feed not in self._repairing:
            self._repairing.add(feed)
            self.spawn(self._repair_soon(feed), "repair")

    async def _repair_soon(self, feed: Feed) -> None:
        try:
            await asyncio.sleep(_GAP_PATIENCE_SECONDS)
            while feed.has_gap and self.feeds.get(feed.slug) is feed:
                if not await self.repair(feed):
                    await asyncio.sleep(_REPAIR_RETRY_SECONDS)
        finally:
            self._repairing.discard(feed)

    async def repair(self, feed: Feed) -> bool:
        """Read what a feed is missing and deliver it. False when the database could not be asked.

        A hole that even the database cannot fill (the missing event's row has changed again) ends in 4003: the
        clients come back with their cursors and get the newest states.
        """
        known, left = feed.last or 0, settings.RECOVERY_ROWS or None
        while True:
            reached = feed.last or 0
            try:
                found = await in_database(recovery.changes_after, feed.slug, reached, left)
                # A process that missed these events may have missed the order that ended access, too.
                await self.before_repair()
            except ProtocolError:
                return False
            if found is None:
                break
            self._take_missed(feed, found.messages)
            left = None if left is None else left - len(found.messages)
            # What did not fit into one page is read next, unless there was a hole in this one.
            if not found.has_more or left == 0 or (feed.last or 0) == reached:
                break
        head = 0 if found is None else found.head
        if found is None or feed.is_behind(head):
            log.warning("hub.position_lost", room=feed.slug, known=known, reached=feed.last, head=head)
            self.end_room(feed, CloseCode.POSITION_LOST)
        return True

    def _take_missed(self, feed: Feed, messages: list[wire.Message]) -> None:
        for message in messages:
            if message.kind == "leave" and message.author is not None:
                self.on_control("access", int(message.author.id), feed.slug)  # first: the rest is not for them
        for message in messages:
            if feed.next_change == message.change:
                event = missed(message)
                feed.take(event, _payload_of(event, event.text))
                self.watchers.note(feed, event)

    def end_room(self, feed: Feed, code: CloseCode) -> None:
        """Close everybody in a room whose order cannot be kept; a new feed begins with the first who comes back."""
        if self.feeds.get(feed.slug) is feed and not feed.watchers:
            self._forget(feed)
        for connection in feed.connections():
            connection.close(code)
        feed.forget_position()

    def _forget(self, feed: Feed) -> None:
        del self.feeds[feed.slug]
        self._subscriptions.unwant(layer_group(room_group(feed.slug)))

    def start_over(self) -> None:
        """Send everyone away who has a room open or watches one: what they know is of another history."""
        for feed in list(self.feeds.values()):
            watchers = list(feed.watchers)
            self.end_room(feed, CloseCode.POSITION_LOST)
            for connection in watchers:
                connection.close(CloseCode.POSITION_LOST)
            feed.noted = 0
            feed.counted.clear()

    async def check_heads(self) -> bool:
        """Compare the rooms in use with the database, in one query, and repair those that missed an event.

        Return whether a room has fewer changes than it had: then the database was put back.
        """
        feeds = {slug: feed for slug, feed in self.feeds.items() if feed.last is not None}
        went_back = False
        if not feeds:
            return went_back
        known = {
            slug: feed.last or 0 for slug, feed in feeds.items()
        }  # before the reading, which would be behind later ones
        with contextlib.suppress(ProtocolError):
            heads = await in_database(recovery.heads, list(feeds))
            for slug, feed in feeds.items():
                change, epoch = heads.get(slug, (None, ""))
                if change is not None and change < known[slug]:
                    went_back = True
                    self.moved[slug] = known[slug]
                if self.feeds.get(slug) is not feed or feed.last is None:
                    continue
                if change is None or epoch != feed.epoch:
                    self.end_room(feed, CloseCode.POSITION_LOST)  # gone, restored or purged: no cursor holds
                elif feed.is_behind(change):
                    await self.repair(feed)
        return went_back
