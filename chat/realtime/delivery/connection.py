"""One open socket: who it is, what it has joined, what it may still do, and its outbox."""

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from django.conf import settings

from chat.access import Actor
from chat.limits.buckets import TokenBucket
from chat.protocol import frames
from chat.protocol.close import REASONS, CloseCode
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.delivery.direct_outbox import DirectOutbox
from chat.realtime.delivery.hold import HeldOutbox
from chat.realtime.delivery.outbox import ENDED, FrameWriter, Outbox, Send, SendOutbox
from chat.realtime.delivery.payload import Payload

if TYPE_CHECKING:
    from accounts.credentials import Credential
    from chat.realtime.delivery.burst import Burst

log = structlog.get_logger(__name__)

# Pages, lists and messages are bounded each where it is made. This is for what was forgotten there: it must not be written.
_RESPONSE_CHARS: Final = 4_000_000
_REFUSALS_LOGGED_PER_SECOND: Final = 1
_REFUSALS_LOGGED_AT_ONCE: Final = 20


class Connection:
    """Lives from `welcome` to the end of the socket. States: open, then closing once a close code was chosen."""

    __slots__ = (
        "actor",
        "address",
        "burst",
        "busy_since",
        "close_code",
        "credential",
        "doubts",
        "frame_budget",
        "id",
        "in_flight",
        "in_flight_chars",
        "joining",
        "last_activity",
        "last_pong",
        "last_post",
        "log_budget",
        "losses",
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
        self.log_budget: TokenBucket | None = None  # most connections are never refused anything
        self.close_code: CloseCode | None = None
        self.burst: Burst | None = None  # what it is about to get together with a room's other connections
        self.outbox: Outbox = self._make_outbox(send, writer)
        # How often its access was in doubt, and how often it lost a room: what was read across such a moment may mix what
        # stood before it and after it.
        self.doubts = self.losses = 0

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

    def send_aside(self, payload: Payload) -> None:
        """Queue a frame that tells nothing of what people write. It goes out while the rest is held, too."""
        if isinstance(self.outbox, HeldOutbox) and self.close_code is None:
            self.outbox.beneath.push(payload)
        else:
            self.send(payload)

    # --- While its access is in doubt

    @property
    def is_held(self) -> bool:
        return isinstance(self.outbox, HeldOutbox) and self.close_code is None

    def hold(self) -> None:
        """Keep what it is sent from now on, and what has not gone out yet, until `release` or a close."""
        self.doubts += 1
        if self.close_code is None and not isinstance(self.outbox, HeldOutbox):
            if self.burst is not None:
                self.burst.release(self)
            self.outbox = HeldOutbox(self.outbox, self._overflowed)

    def release(self) -> None:
        """Send what was kept, and from now on everything."""
        held = self.outbox
        if isinstance(held, HeldOutbox) and self.close_code is None:
            self.outbox = held.beneath
            held.release()

    async def wait_released(self) -> None:
        """Return when it is not held any more, or closing."""
        while self.is_held:
            await cast(HeldOutbox, self.outbox).wait_released()

    def lose_room(self, slug: str) -> None:
        """Drop what is kept of a room: its reader is not a member any more."""
        self.losses += 1
        if isinstance(self.outbox, HeldOutbox):
            self.outbox.drop_room(slug)

    # --- Responses, and the end

    def respond(self, type_: str, data: Any, request_id: str | int | None) -> None:
        text = frames.response(type_, data, request_id)
        if len(text) > _RESPONSE_CHARS:
            log.error("response.too_large", connection=self.id, type=type_, chars=len(text))
            self.fail(ProtocolError(ErrorCode.REQUEST_FAILED, "The response is too large. Ask for less."), request_id)
        else:
            self.send(Payload(text))

    def fail(self, error: ProtocolError, request_id: str | int | None = None) -> None:
        self.send(Payload(frames.encode(frames.failure(error, request_id))))

    def log_refusal(self, event: str, **facts: Any) -> None:
        """Write a line about something that it is refused, unless there are too many of them.

        A thousand refusals a second, which one person may have, would be 20 GB a day.
        """
        if self.log_budget is None:
            self.log_budget = TokenBucket(_REFUSALS_LOGGED_PER_SECOND, _REFUSALS_LOGGED_AT_ONCE)
        if not self.log_budget.take():
            log.info(event, connection=self.id, **facts)

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
        if isinstance(self.outbox, HeldOutbox):
            self.outbox.let_go()
        self.outbox = ENDED

    def _overflowed(self) -> None:
        self.close(CloseCode.TOO_SLOW)
