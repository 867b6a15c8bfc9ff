"""Who is here, over all processes. Each process owns its entries; the others keep a copy and let it die with it.

A process sends its changes with a running number and, every few seconds, a beat with the newest number; who misses
one asks that process for the whole, and it tells no one else. A process that falls silent is dropped with everything
it owned. Each process derives `user_joined`, `user_left` and the tab events from its own merged view, so nothing needs
to be broadcast twice.
"""

import asyncio
import math
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.protocol import frames, wire
from chat.realtime.delivery.connection import Connection
from chat.realtime.events import Event, room_group, user_group
from chat.realtime.hub import Hub
from chat.realtime.layer.bus import PRESENCE_GROUP, PresenceNews, Present
from chat.realtime.layer.questions import process_group

_JOIN_CHANGES_SECONDS: Final = 0.03
# Until its names come, every message of a process shows again that something of it was missed.
_ASK_AGAIN_SECONDS: Final = 1.0

# So many are named in one response or event.
ONLINE_AT_MOST: Final = 200

SESSION: Final = "session"
ROOM: Final = "room"
USER: Final = "user"


class Topic(NamedTuple):
    """Where someone is: a room, a session, or, under their own id, anywhere at all."""

    kind: str
    name: str


class Tab(NamedTuple):
    connection_id: str
    user_id: int
    username: str
    display_name: str = ""

    @property
    def ref(self) -> wire.UserRef:
        return wire.UserRef.of(self.user_id, self.username, self.display_name)


Entry = tuple[Topic, Tab]


class _Peer:
    """What another process has told us."""

    __slots__ = ("asked_at", "entries", "number", "seen_at")

    def __init__(self) -> None:
        self.entries: set[Entry] = set()
        self.number = -1
        self.asked_at = -math.inf
        self.seen_at = time.monotonic()


class Presence:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._own: set[Entry] = set()
        self._number = 0
        self._changes: list[tuple[bool, Entry]] = []
        self._peers: dict[str, _Peer] = {}
        self._here: dict[Topic, dict[int, dict[str, Tab]]] = {}  # topic -> user -> connection id -> tab
        hub.handle(PresenceNews, self._heard)

    # --- Own entries ----------------------------------------------------------------------------------------

    def enter(self, topic: Topic, connection: Connection) -> None:
        self._change(True, (topic, _tab(connection)))

    def leave(self, topic: Topic, connection: Connection) -> None:
        self._change(False, (topic, _tab(connection)))

    def rename(self, connection: Connection) -> None:
        """Take over what a connection's person is called now. No one comes or goes by it, here or elsewhere: the entry
        with the new name arrives before the old one leaves.
        """
        new = _tab(connection)
        renamed = [(topic, tab) for topic, tab in self._own if tab.connection_id == new.connection_id and tab != new]
        for topic, old in renamed:
            self._change(True, (topic, new))
            self._change(False, (topic, old))

    def _change(self, arrived: bool, entry: Entry) -> None:
        if arrived == (entry in self._own):
            return
        (self._own.add if arrived else self._own.discard)(entry)
        self._apply(arrived, entry)
        if not self._hub.is_alone:
            if not self._changes:
                asyncio.get_running_loop().call_later(_JOIN_CHANGES_SECONDS, self._send_changes)
            self._changes.append((arrived, entry))

    def _send_changes(self) -> None:
        changes, self._changes = self._changes, []
        self._number += 1
        self._send(changes=[(arrived, _present(entry)) for arrived, entry in changes])

    def _send(self, group: str = PRESENCE_GROUP, **facts: Any) -> None:
        self._hub.send_to_processes(group, PresenceNews(self._number, **facts))

    def _ask(self, process: str, peer: _Peer) -> None:
        """Ask that process alone, and it tells us alone: to everyone it would be the cube of their number."""
        now = time.monotonic()
        if now - peer.asked_at >= _ASK_AGAIN_SECONDS:
            peer.asked_at = now
            self._send(process_group(process), ask=process)

    def _send_whole(self, process: str) -> None:
        self._send(process_group(process), whole=list(map(_present, self._own)))

    # --- Questions ------------------------------------------------------------------------------------------

    def online(self, topic: Topic) -> list[wire.OnlineUser]:
        """Return who is in a room, each person once, with the number of their tabs: the first ONLINE_AT_MOST of them.

        With all names in it, each response to each of 5,000 tabs that come back would be a quarter of a megabyte.
        """
        here = self._here.get(topic, {})
        people = [(next(iter(tabs.values())), len(tabs)) for tabs in islice(here.values(), ONLINE_AT_MOST)]
        return [wire.OnlineUser(tab.ref.id, tab.username, count, tab.ref.displayName) for tab, count in people]

    def count(self, topic: Topic) -> int:
        """Return how many people are in a room."""
        return len(self._here.get(topic, ()))

    def fact(self, topic: Topic) -> wire.PresenceFact:
        return wire.PresenceFact(topic.name, self.online(topic), self.count(topic))

    def tabs_of(self, user_id: int) -> int:
        """Return how many connections a user has in all processes."""
        return len(self._here.get(Topic(USER, str(user_id)), {}).get(user_id, ()))

    def processes(self) -> dict[str, int]:
        """Return the known processes and how many connections each has: for the admin site."""
        own = {self._hub.id: self._own}
        peers = {process: peer.entries for process, peer in self._peers.items()}
        return {
            process: sum(topic.kind == USER for topic, _ in entries) for process, entries in {**own, **peers}.items()
        }

    # --- The other processes --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Beat, and drop the processes that have fallen silent, forever."""
        self._send(hello=True)
        while True:
            await asyncio.sleep(settings.PRESENCE_BEAT_SECONDS)
            self._send()
            too_old = time.monotonic() - settings.PRESENCE_EXPIRY_SECONDS
            for process in [process for process, peer in self._peers.items() if peer.seen_at < too_old]:
                self._replace(self._peers.pop(process).entries, set())

    def goodbye(self) -> None:
        """Tell the others that this process ends, so that they need not wait for its silence."""
        self._send(goodbye=True)

    def _heard(self, news: PresenceNews, origin: str) -> None:
        if news.goodbye:
            peer = self._peers.pop(origin, None)
            if peer is not None:
                self._replace(peer.entries, set())
            return
        if news.ask == self._hub.id or news.hello:
            self._send_whole(origin)
        peer = self._peers.setdefault(origin, _Peer())
        peer.seen_at = time.monotonic()
        if news.hello:
            peer.number = news.number  # it has just begun and has no tabs yet
        elif news.whole is not None:
            whole = set(map(_entry, news.whole))
            old, peer.entries, peer.number = peer.entries, whole, news.number
            self._replace(old, whole)
        elif news.changes is not None and news.number == peer.number + 1:
            peer.number = news.number
            for arrived, present in news.changes:
                entry = _entry(present)
                (peer.entries.add if arrived else peer.entries.discard)(entry)
                self._apply(arrived, entry)
        elif news.number != peer.number:
            self._ask(origin, peer)

    def _replace(self, old: set[Entry], new: set[Entry]) -> None:
        gone, come = old - new, new - old
        # In this order: who is only called otherwise must not go and come back.
        for entry in come:
            self._apply(True, entry)
        for entry in gone:
            self._apply(False, entry)
        self._tell_whole({topic for topic, _ in gone | come if topic.kind != USER})

    def _tell_whole(self, topics: Iterable[Topic]) -> None:
        """After many changes at once, say who is here now: a client need not have followed each of them."""
        for topic in topics:
            self._hub.deliver(Event(room_group(topic.name), frames.event("presence", self.fact(topic))))

    # --- The merged view ------------------------------------------------------------------------------------

    def _apply(self, arrived: bool, entry: Entry) -> None:
        topic, tab = entry
        users = self._here.setdefault(topic, {})
        tabs = users.setdefault(tab.user_id, {})
        before, known = len(tabs), tabs.get(tab.connection_id)
        if arrived:
            tabs[tab.connection_id] = tab
        elif known == tab:  # another one is the same tab under a newer name, which stays
            del tabs[tab.connection_id]
        count = len(tabs)
        if not tabs:
            del users[tab.user_id]
            if not users:
                del self._here[topic]
        if count != before:
            self._tell(topic, tab, count, arrived=arrived)
        elif known not in (None, tab) and arrived:
            self._tell_new_name(topic, tab)

    def _tell_new_name(self, topic: Topic, tab: Tab) -> None:
        """Show a room the new name: once for all tabs of the person, by the one that `online` speaks of. In a crowd, the
        whole list to everyone would let anybody send megabytes by changing a name; those tabs see it with their next load.
        """
        shown = next(iter(self._here[topic][tab.user_id]))
        if topic.kind != USER and shown == tab.connection_id and self.count(topic) <= ONLINE_AT_MOST:
            self._tell_whole([topic])

    def _tell(self, topic: Topic, tab: Tab, count: int, *, arrived: bool) -> None:
        user = tab.ref
        tab_event = "tab_connected" if arrived else "tab_disconnected"
        if topic.kind == USER:
            self._deliver(user_group(tab.user_id), tab_event, wire.TabEvent(user, tab.connection_id, count), tab)
            return
        group = room_group(topic.name)
        if topic.kind == SESSION:
            self._deliver(group, tab_event, wire.TabEvent(user, tab.connection_id, count, topic.name), tab)
        if count == (1 if arrived else 0):
            self._deliver(group, "user_joined" if arrived else "user_left", wire.PersonEvent(topic.name, user), tab)

    def _deliver(self, group: str, type_: str, data: wire.Wire, tab: Tab) -> None:
        self._hub.deliver(Event(group, frames.event(type_, data), without_connection=tab.connection_id))


def _tab(connection: Connection) -> Tab:
    return Tab(connection.id, *connection.actor)


def _present(entry: Entry) -> Present:
    topic, tab = entry
    return Present(topic.kind, topic.name, tab.connection_id, tab.user_id, tab.username, tab.display_name)


def _entry(present: Present) -> Entry:
    tab = Tab(present.connection_id, present.user_id, present.username, present.display_name)
    return Topic(present.kind, present.name), tab


def topic_of_room(slug: str, *, is_session: bool) -> Topic:
    return Topic(SESSION if is_session else ROOM, slug)


def topic_of_user(user_id: int) -> Topic:
    return Topic(USER, str(user_id))
