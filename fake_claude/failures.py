"""How the fake fails at one request: in each of the ways in which the real service has failed people."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, Literal

from fake_claude import wire
from fake_claude.exchange import Exchange
from fake_claude.replies import Mode, Reply

_BEFORE: Final = ("first", "start", "ping", "block")
_GARBAGE: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"ty\n\n'


# --- Replies that break off ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BreaksOff(Reply):
    """Sends `after` deltas, or all there are if those are fewer, and then fails; or fails at an earlier place.

    at: `first` sends no event at all before the failure, `start` the message's start, `ping` a ping too, and `block` the
    start of an empty text.
    """

    after: int = 5
    at: Literal["first", "start", "ping", "block", "delta"] = "delta"

    async def respond(self, exchange: Exchange) -> None:
        if self.at == "delta":
            await super().respond(exchange)
            return
        usage = {**exchange.usage, "output_tokens": 1}
        begun = (
            wire.message_start("msg_0", str(exchange.body["model"]), usage),
            wire.PING,
            wire.block_start(0, {"type": "text", "text": ""}),
        )
        exchange.open_stream()
        for frame in begun[: _BEFORE.index(self.at)]:
            await exchange.send(frame)
        await self.break_off(exchange)

    async def before_delta(self, exchange: Exchange) -> bool:
        await super().before_delta(exchange)
        return exchange.deltas < self.after or await self.before_end(exchange)

    async def before_end(self, exchange: Exchange) -> bool:
        await self.break_off(exchange)
        return False

    @abstractmethod
    async def break_off(self, exchange: Exchange) -> None: ...


@dataclass(frozen=True)
class Cut(BreaksOff):
    async def break_off(self, exchange: Exchange) -> None:
        await exchange.cut()


@dataclass(frozen=True)
class Reset(BreaksOff):
    async def break_off(self, exchange: Exchange) -> None:
        await exchange.reset()


@dataclass(frozen=True)
class Stall(BreaksOff):
    """Falls silent and keeps the connection open."""

    async def break_off(self, exchange: Exchange) -> None:
        await exchange.pause(None)


@dataclass(frozen=True)
class Pings(BreaksOff):
    """Shows that it lives, and says nothing more."""

    every_s: float = 0.05

    async def break_off(self, exchange: Exchange) -> None:
        while True:
            await exchange.send(wire.PING)
            await exchange.pause(self.every_s)


@dataclass(frozen=True)
class NoMessageStop(BreaksOff):
    """Ends the body in good order, without the events that end a message."""

    async def break_off(self, exchange: Exchange) -> None:
        await exchange.end_stream()


@dataclass(frozen=True)
class ErrorInStream(BreaksOff):
    error: str = "overloaded_error"
    message: str = "Overloaded"

    async def break_off(self, exchange: Exchange) -> None:
        await exchange.send(wire.event("error", wire.error(self.error, self.message, exchange.request_id)))
        await exchange.end_stream()


@dataclass(frozen=True)
class Garbage(BreaksOff):
    data: bytes = _GARBAGE

    async def break_off(self, exchange: Exchange) -> None:
        await exchange.send(self.data)
        await exchange.end_stream()


# --- Refusals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HttpError(Mode):
    status: int
    type: str
    message: str

    async def respond(self, exchange: Exchange) -> None:
        await exchange.fail(self.status, self.type, self.message)


@dataclass(frozen=True)
class TooManyRequests(HttpError):
    status: int = 429
    type: str = "rate_limit_error"
    message: str = "This request would exceed your organization's rate limit."
    retry_after: float = 1

    async def respond(self, exchange: Exchange) -> None:
        await exchange.fail(self.status, self.type, self.message, retry_after=str(self.retry_after))


@dataclass(frozen=True)
class Overloaded(HttpError):
    status: int = 529
    type: str = "overloaded_error"
    message: str = "Overloaded"


@dataclass(frozen=True)
class ServerError(HttpError):
    status: int = 500
    type: str = "api_error"
    message: str = "Internal server error"


@dataclass(frozen=True)
class BadKey(HttpError):
    status: int = 401
    type: str = "authentication_error"
    message: str = "invalid bearer token"


@dataclass(frozen=True)
class NoCredit(HttpError):
    status: int = 402
    type: str = "billing_error"
    message: str = "Your credit balance is too low to access the Anthropic API."


@dataclass(frozen=True)
class UnknownModel(HttpError):
    status: int = 404
    type: str = "not_found_error"
    message: str = "model: claude-of-tomorrow"


@dataclass(frozen=True)
class BadRequest(HttpError):
    status: int = 400
    type: str = "invalid_request_error"
    message: str = "max_tokens: must be at most 64000"


@dataclass(frozen=True)
class Silent(Mode):
    """Takes the request and says nothing at all."""

    async def respond(self, exchange: Exchange) -> None:
        await exchange.pause(None)
