"""A client that asks and does not read: its next request waits until it has read most of what it was sent."""

import asyncio
import time
from typing import Final

from chat.protocol.close import CloseCode
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.outbox import droppable_from

_LOOK_SECONDS: Final = 0.05
# Without any progress for so long it reads nothing, or too slowly for what happens in its rooms.
_STALLED_SECONDS: Final = 5.0


def has_much_to_read(connection: Connection) -> bool:
    """Whether so much waits to be read that a further response might not fit."""
    return connection.outbox.waiting_bytes > droppable_from()


async def until_read(connection: Connection) -> None:
    """Wait until most of it was read, or the connection is closing. Without progress, it is closed with 4001.

    Responses to requests that were sent together would otherwise fill the outbox of a client that reads as fast as its line
    allows: it would be closed, come back, ask for the same and be closed again.
    """
    connection.busy_since = time.monotonic()  # its pongs wait, too
    least, since = connection.outbox.waiting_bytes, time.monotonic()
    try:
        while has_much_to_read(connection) and not connection.is_closing:
            await asyncio.sleep(_LOOK_SECONDS)
            waiting = connection.outbox.waiting_bytes
            if waiting < least:
                least, since = waiting, time.monotonic()
            elif time.monotonic() - since > _STALLED_SECONDS:
                connection.close(CloseCode.TOO_SLOW)
    finally:
        connection.busy_since = None
