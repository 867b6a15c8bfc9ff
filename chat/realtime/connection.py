"""One open socket: who it is, what it has joined, what it may still do, and its outbox."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings

from chat.access import Actor
from chat.protocol import frames
from chat.protocol.close import REASONS, CloseCode
from chat.protocol.errors import ProtocolError
from chat.realtime.direct_outbox import DirectOutbox
from chat.realtime.limits import TokenBucket
from chat.realtime.outbox import ENDED, FrameWriter, Outbox, Send, SendOutbox
from chat.realtime.payload import Payload

if TYPE_CHECKING:
    from accounts.credentials import Credential
    from chat.realtime.burst import Burst

log = structlog.get_logger(__name__)


class Connection:
    """Lives from `welcome` to the end of the socket. States: open, then closing once a close code was chosen."""

    __slots__ = (
        "actor",
        "address",
        "burst",
        "busy_since",
        "close_code",
        "credential",
        "frame_budget",
        "id",
        "in_flight",
        "in_flight_chars",
        "joining",
        "last_activity",
        "last_pong",
        "last_post",
        "opened_at",
        "outbox",
        "refusals",
        "rooms",
        "user_id",
        "watching",
    )

    def __init__(
        self, id_: str, credential: "Credential", address: str, send: Send, writer: FrameWriter | None = None
    ) -> None:
        self.id = id_
        self.credential = credential
        self.actor = Actor.by(credential)
        self.user_id = credential.user_id
        self.address = address
        self.rooms: dict[str, bool] = {}  # slug -> whether it is a session
        self.watching: set[str] = set()
        self.joining: str | None = None  # a connection's requests are handled one at a time, so one room at most
        self.opened_at = time.time()
        self.last_activity = self.last_pong = time.monotonic()
        self.busy_since: float | None = None
        self.in_flight = self.in_flight_chars = 0
        self.last_post: asyncio.Future[Any] | None = None
        self.refusals = 0
        self.frame_budget = TokenBucket(settings.FRAMES_PER_SECOND, settings.FRAMES_BURST)
        self.close_code: CloseCode | None = None
        self.burst: Burst | None = None  # what it is about to get together with a room's other connections
        self.outbox: Outbox = self._make_outbox(send, writer)

    def _make_outbox(self, send: Send, writer: FrameWriter | None) -> Outbox:
        return SendOutbox(send, self._overflowed) if writer is None else DirectOutbox(writer, self._overflowed)

    @property
    def is_closing(self) -> bool:
        return self.close_code is not None

    def send(self, payload: Payload) -> None:
        """Queue a frame; does nothing once the connection is closing."""
        if self.close_code is None:
            if self.burst is not None:
                self.burst.release(self)
            self.outbox.push(payload)

    def answer(self, type_: str, data: Any, request_id: str | int | None) -> None:
        self.send(Payload(frames.answer(type_, data, request_id)))

    def fail(self, error: ProtocolError, request_id: str | int | None = None) -> None:
        self.send(Payload(frames.encode(frames.failure(error, request_id))))

    def close(self, code: CloseCode) -> None:
        """Send the close frame; the first code wins."""
        if self.close_code is None:
            if self.burst is not None:
                self.burst.release(self)
            self.close_code = code
            log.info("connection.closing", connection=self.id, user=self.user_id, code=int(code))
            self.outbox.close(int(code), REASONS[code])

    def end(self) -> None:
        """Let go of the outbox, which holds the connection: as a cycle both would wait for a garbage collection.

        What is on its way in it goes out nevertheless; what is sent from now on goes nowhere.
        """
        self.outbox = ENDED

    def _overflowed(self) -> None:
        self.close(CloseCode.TOO_SLOW)
