"""The one place that talks to Anthropic: opens a stream, hands its pieces on, and turns whatever goes wrong into CallFailed.

The SDK costs two seconds of CPU to import, and is imported when it is first needed, in a thread.
"""

import asyncio
import contextlib
import hashlib
import logging
import math
import threading
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from django.conf import settings

from chat.claude.backends.accumulator import Accumulator
from chat.claude.backends.asking import Asking
from chat.claude.backends.backend import Call, CallFailed, Piece, Without
from chat.claude.backends.extras import Extras
from chat.claude.backends.failures import PATIENCE_WITH_PINGS, Progress, failure_of, incomplete, unusable_key
from chat.claude.backends.file_store import FilesRefused, FileStore, delete
from chat.claude.backends.listing import known_model
from chat.claude.backends.patience import in_time
from chat.claude.backends.sending import forget_what_was_sent, with_room_for
from chat.known_models import KnownModel
from chat.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

log = structlog.get_logger(__name__)

# The SDK would sleep for as long as a server asks; people look at a reply that does not start.
_LONGEST_RETRY_AFTER_SECONDS: Final = 20
# How long the end of the body may take after the message's: it only lets the connection be used again.
_TRAILER_SECONDS: Final = 0.5
_MODELS_LISTED: Final = 100
# So many events of a burst are taken before others may run: each costs some 50 us, and sockets wait meanwhile.
_EVENTS_AT_ONCE: Final = 50
# At DEBUG these log whole requests, with what people wrote in them.
_TALKATIVE: Final = ("anthropic", "httpx2", "httpcore2")
_COPIED_PATHS: Final = ("/v1/messages/count_tokens", "/v1/messages", "/v1/models", "/v1")


class _Config(NamedTuple):
    """The settings that a client is made of."""

    key: str
    url: str
    connect_seconds: float
    read_seconds: float

    @property
    def account(self) -> str:
        return hashlib.sha256(f"{self.url}\n{self.key}".encode()).hexdigest()

    @classmethod
    def now(cls) -> "_Config":
        return cls(
            settings.ANTHROPIC_API_KEY,
            _root_of(settings.ANTHROPIC_BASE_URL),
            settings.CLAUDE_CONNECT_SECONDS,
            settings.CLAUDE_READ_SECONDS,
        )


class AnthropicBackend:
    """Calls Anthropic's Messages API. One client for each event loop: its connections belong to the loop."""

    def __init__(self) -> None:
        self._clients: dict[asyncio.AbstractEventLoop, tuple[_Config, asyncio.Task[AsyncAnthropic]]] = {}
        self._extras = Extras()
        self._files_refused = FilesRefused()

    async def stream(self, call: Call) -> AsyncGenerator[Piece, None]:
        """Yield pieces as they arrive and `End` last; raise CallFailed. Closing the generator closes the connection."""
        reply = Accumulator()
        got = Progress()
        try:
            events, refused = await self._open(call)
            if refused:
                yield Without(refused)
            got = Progress(opened=True, retries_left=call.retries - _retries_taken(events))
            # The SDK's own stream would close its connection only when the garbage collector finds it.
            # It passes over pings: they end no wait of its own, and bring nothing to us.
            patience = settings.CLAUDE_READ_SECONDS * PATIENCE_WITH_PINGS
            async with events, contextlib.aclosing(in_time(aiter(events), patience)) as coming:
                count = 0
                async for event in coming:
                    if event.type == "message_stop":
                        break
                    piece = reply.take(event)
                    if piece is not None:
                        yield piece
                    count += 1
                    if count % _EVENTS_AT_ONCE == 0:
                        await asyncio.sleep(0)
                else:
                    raise incomplete("message_stop", _with(reply, got))
                if reply.stop_reason is None:
                    raise incomplete("a stop reason", _with(reply, got))
                yield reply.end()
                await _read_trailer(events)
        except (CallFailed, ProtocolError):  # what it carries couldn't be looked up
            raise
        except Exception as error:  # noqa: BLE001 - those of the SDK, of httpx2, of the decoders below it
            # Not `from error`: it holds the request, with the key and what people wrote.
            raise failure_of(error, call, _with(reply, got)) from None

    async def warm_up(self) -> None:
        """Load the SDK and make this loop's client, so that the first reply does not wait for it."""
        if unusable_key() is not None:
            return
        try:
            await self._client()
        except Exception as error:  # noqa: BLE001 - the first reply will meet it again, and say what it means
            log.warning("claude.no_client", error=type(error).__name__)

    async def list_models(self) -> list[KnownModel]:
        """Return the models that may be called, the newest first."""
        unusable = unusable_key()
        if unusable is not None:
            raise unusable
        # A client of its own: this may run on a loop that ends right after.
        async with await _build_aside(_Config.now()) as client:
            page = await client.models.list(limit=_MODELS_LISTED)
            return [known_model(model) for model in page.data if model.lifecycle != "retired"]

    async def close(self) -> None:
        """Close this loop's client, and with it every stream that is open."""
        held = self._clients.pop(asyncio.get_running_loop(), None)
        if held is None:
            return
        if not held[1].done():
            # Its making imports the SDK, for seconds on a busy machine: no one who is told to end waits for that.
            held[1].cancel()
        elif not _has_failed(held[1]):
            await held[1].result().close()

    async def _open(self, call: Call) -> "tuple[AsyncStream[RawMessageStreamEvent], tuple[str, ...]]":
        """Return the open stream, and what the call was taken without.

        The SDK tries again, `call.retries` times, when Anthropic is busy or cannot be reached.
        """
        unusable = unusable_key()
        if unusable is not None:
            raise unusable
        client = await self._client()
        if call.retries != client.max_retries:
            client = client.with_options(max_retries=call.retries)  # takes 13 ms
        store = self._store(client)
        async with with_room_for(call.file_tokens):
            create: Any = client.messages.create  # its overloads cannot tell what a dict of arguments makes of it
            asking = Asking(call, self._extras, store)
            stream: AsyncStream[RawMessageStreamEvent] = await asking.opened(create)
            forget_what_was_sent(stream)
            return stream, asking.refused

    def _store(self, client: "AsyncAnthropic") -> FileStore | None:
        """Return where large files are uploaded; None where they go with each call."""
        account = _Config.now().account
        if settings.CLAUDE_FILES_HOURS <= 0 or self._files_refused.is_left_alone(account):
            return None
        return FileStore(client.files, account, self._files_refused)

    @property
    def account(self) -> str:
        """Return a name for what stands behind address and key: each keeps its own files."""
        return _Config.now().account

    async def delete_file(self, file_id: str) -> bool:
        """Delete a file that was uploaded for this account; return whether it is gone."""
        return unusable_key() is None and await delete((await self._client()).files, file_id)

    async def _client(self) -> "AsyncAnthropic":
        loop = asyncio.get_running_loop()
        config = _Config.now()
        held = self._clients.get(loop)
        if held is None or held[0] != config or _has_failed(held[1]):
            self._forget_closed_loops()
            held = (config, asyncio.create_task(_build_aside(config)))
            self._clients[loop] = held
        # Shielded: many calls wait for the one client, and one that is stopped must not take it from the others.
        return await asyncio.shield(held[1])

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._clients if loop.is_closed()]:
            del self._clients[loop]


def _root_of(url: str) -> str:
    """Return an address without the path that the SDK adds: copied with it, it would be asked for /v1/v1/messages."""
    root = url.strip().partition("?")[0].partition("#")[0].rstrip("/")
    for path in _COPIED_PATHS:
        while root.lower().endswith(path):
            root = root[: -len(path)].rstrip("/")
    return root


def _has_failed(task: "asyncio.Task[AsyncAnthropic]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _build_aside(config: _Config) -> "AsyncAnthropic":
    """Do as `_build`, in a thread that a process which ends does not wait for."""
    loop = asyncio.get_running_loop()
    built: asyncio.Future[AsyncAnthropic] = loop.create_future()

    def tell(client: "AsyncAnthropic | None", error: BaseException | None) -> None:
        if built.done():
            return
        if client is not None:
            built.set_result(client)
        else:
            built.set_exception(error or RuntimeError("no client"))

    def build() -> None:
        client, error = None, None
        try:
            client = _build(config)
        except BaseException as raised:  # noqa: BLE001 - the waiting call is told
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, client, error)

    threading.Thread(target=build, name="anthropic", daemon=True).start()
    return await built


def _build(config: _Config) -> "AsyncAnthropic":
    """Import the SDK and make a client. Takes two seconds the first time: for a thread."""
    import anthropic

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Of reading, and of what must not take longer: writing a request, waiting for one of our own connections.
    timeout = anthropic.Timeout(config.read_seconds, connect=config.connect_seconds)
    client = anthropic.AsyncAnthropic(
        api_key=config.key,
        base_url=config.url,
        timeout=timeout,
        # Its spans could carry what people wrote to their collector.
        open_telemetry=False,
        middleware=[_wait_once],
        http_client=anthropic.DefaultAsyncHttpxClient(timeout=timeout, event_hooks={"response": [_refuse_long_waits]}),
    )
    # These are imported when they are first looked at; that, too, belongs into the thread.
    _ = client.messages, client.models, client.files
    return client


async def _wait_once(request: Any, call_next: Callable[[Any], Any]) -> Any:
    """Keep the SDK from trying again what was silent for `CLAUDE_READ_SECONDS`: people would wait three times as long."""
    from anthropic import APITimeoutError

    try:
        return await call_next(request)
    except APITimeoutError as error:
        cause = error.__cause__
        if cause is None or type(cause).__name__ == "ConnectTimeout":
            raise
        # The SDK tries again whatever is an error of its own, or is raised from one.
        raise cause  # noqa: B904


async def _refuse_long_waits(response: Any) -> None:
    """Keep the SDK from sleeping for minutes because a server asks for it: the reply fails and says so."""
    try:
        wait = float(response.headers.get("retry-after", 0))
    except ValueError:  # a date
        wait = math.inf
    if wait > _LONGEST_RETRY_AFTER_SECONDS:
        response.headers["x-should-retry"] = "false"


def _retries_taken(events: "AsyncStream[RawMessageStreamEvent]") -> int:
    """Return how often the SDK had tried before this stream opened."""
    taken = events.response.request.headers.get("x-stainless-retry-count", "0")
    return int(taken) if taken.isdecimal() else 0


def _with(reply: Accumulator, got: Progress) -> Progress:
    return got._replace(began=reply.began, has_said=reply.has_said)


async def _read_trailer(events: "AsyncStream[RawMessageStreamEvent]") -> None:
    """Read the body's end after the message's, so that its connection may serve the next call."""
    try:
        async with asyncio.timeout(_TRAILER_SECONDS):
            async for _event in events:
                pass
    except Exception:  # noqa: BLE001 - the message is complete; how its connection ends is of no interest
        log.debug("claude.trailer_missing")
