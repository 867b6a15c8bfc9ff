"""What everyone in a room gets within a few turns of the loop: queued once, not once for each of hundreds of connections.

In a room of 200 a frame that is queued for each connection costs 200 calls, more than all else that is done with it.
"""

from collections.abc import Iterable
from typing import Protocol

from chat.lifetime import part
from chat.realtime.delivery.direct_outbox import Writing
from chat.realtime.delivery.outbox import Outbox
from chat.realtime.delivery.payload import Payload, joined


class Sharer(Protocol):
    """What a burst knows of a connection."""

    id: str
    user_id: int
    outbox: Outbox
    burst: "Burst | None"

    def send(self, payload: Payload) -> None: ...


class Burst:
    """Frames for a room's connections. States: open, then written.

    A connection that is sent something of its own, or must not hear something, leaves: what the burst holds by then is
    queued for it, and from then on it is among those `apart`, whom the feed serves one by one. So each connection gets
    its frames in the order in which they were made.
    """

    __slots__ = ("_connections", "_payloads", "_users_apart", "apart", "is_open")

    def __init__(self, connections: Iterable[Sharer]) -> None:
        self.apart: list[Sharer] = []
        self._connections = list(connections)
        self._payloads: list[Payload] = []
        self._users_apart: set[int] = set()
        for connection in self._connections:
            if connection.burst is not None:
                connection.burst.release(connection)  # another room's: the two must come in the order of their making
            if connection.outbox.is_clear:
                connection.burst = self
            else:
                self.apart.append(connection)
        self.is_open = len(self.apart) < len(self._connections)
        if self.is_open:
            part(Writing).soon(self)

    def push(self, payload: Payload) -> None:
        self._payloads.append(payload)

    def release(self, connection: Sharer) -> None:
        """Let a connection go its own way; does nothing when it does so already."""
        if connection.burst is self:
            connection.burst = None
            for payload in self._payloads:
                connection.outbox.push(payload)
            self.apart.append(connection)

    def release_user(self, user_id: int) -> None:
        """Let all connections of a user go their own way."""
        if user_id not in self._users_apart:
            self._users_apart.add(user_id)
            for connection in self._connections:
                if connection.user_id == user_id:
                    self.release(connection)

    def release_id(self, connection_id: str) -> None:
        """Let the connection with this id go its own way."""
        for connection in self._connections:
            if connection.id == connection_id:
                self.release(connection)

    def remove(self, connection: Sharer) -> None:
        """Send a connection nothing more than what the burst holds by now."""
        self.release(connection)
        if connection in self.apart:
            self.apart.remove(connection)

    def flush(self, droppable_from: int) -> None:
        """Write the same bytes to everyone who is still in it, and end."""
        self.is_open = False
        payloads, frames = self._payloads, joined(self._payloads)
        # The feed keeps it until the room's next event: who has gone, and what was said, must not stay in memory with it.
        connections, self._connections, self._payloads, self.apart = self._connections, [], [], []
        for connection in connections:
            if connection.burst is self:
                connection.burst = None
                connection.outbox.write(payloads, frames, droppable_from)
