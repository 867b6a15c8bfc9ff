"""The fake's HTTP server: a thread and an event loop of its own, so that it responds while a test waits."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from fake_claude import wire
from fake_claude.connection import Connection
from fake_claude.exchange import Exchange
from fake_claude.files import PATH, Files, Refused, fail
from fake_claude.replies import Mode, Normal
from fake_claude.requests import all_text_of, refusal_of, usage_of, uses_gone_on_with

_START_SECONDS: Final = 10
_WAIT_SECONDS: Final = 10.0
_BACKLOG: Final = 1024
_MOST_BODY_BYTES: Final = 32 * 1024 * 1024


@dataclass(eq=False)
class Seen:
    """A request to POST /v1/messages. Times are of time.monotonic()."""

    body: dict[str, Any]
    headers: dict[str, str]
    key: str
    started_at: float
    exchange: Exchange = field(repr=False)
    mode: Mode | None = None
    # When the client went away or the response ended, whichever came first.
    closed_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the response was sent to the end of its body."""
        return self.exchange.is_whole

    @property
    def body_bytes(self) -> int:
        return self.exchange.body_bytes

    @property
    def deltas(self) -> int:
        """How many deltas have been sent so far."""
        return self.exchange.deltas

    @property
    def connection(self) -> int:
        """Which connection it came by: they are numbered in the order in which they were opened."""
        return self.exchange.connection


class FakeClaude:
    """A context manager: the server listens while the block runs.

    default: the mode of requests that nothing else is meant for. choose: asked first, with the body; None to pass.
    """

    def __init__(
        self, port: int = 0, default: Mode | None = None, choose: Callable[[dict[str, Any]], Mode | None] | None = None
    ) -> None:
        self.default: Mode = default or Normal()
        # What the account offers: a test changes it.
        self.models = [wire.model_info(model) for model in wire.MODELS]
        self.files = Files()
        self.requests: list[Seen] = []
        self.paths: list[str] = []
        self.port = port
        self._choose = choose
        self._queue: deque[Mode] = deque()
        self._rules: list[tuple[str, Mode]] = []
        self._after_tools: dict[str, Mode] = {}
        self._cached: set[str] = set()
        self._changed = threading.Condition()
        self._connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- For the test -------------------------------------------------------------------------------------------

    def will(self, *modes: Mode) -> None:
        """Respond to the next requests so, each one once; then the default again."""
        self._queue.extend(modes)

    def when(self, text: str, mode: Mode) -> None:
        """Respond so whenever the system prompt or the last turn holds this text; the queue is left alone."""
        self._rules.append((text, mode))

    def forget_cached(self) -> None:
        """Find nothing in the cache that was put there so far, as after a while."""
        self._cached.clear()

    def release(self) -> None:
        """Let every response go on that is held now."""
        for seen in list(self.requests):
            if seen.closed_at is None and self._loop is not None:
                self._loop.call_soon_threadsafe(seen.exchange.released.set)

    def wait_until(self, condition: Callable[[Self], bool], seconds: float = _WAIT_SECONDS) -> bool:
        """Wait for something to be true of the requests; return whether it became so. Blocks: not on an event loop."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), seconds)

    async def until(self, condition: Callable[[Self], bool], seconds: float = _WAIT_SECONDS) -> bool:
        """Do as wait_until, on an event loop."""
        return await asyncio.to_thread(self.wait_until, condition, seconds)

    # --- Starting and stopping ------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, on the same port again after a `stop`."""
        started = threading.Event()
        failures: list[OSError] = []
        self._thread = threading.Thread(target=self._run, args=(started, failures), daemon=True, name="fake-claude")
        self._thread.start()
        if not started.wait(_START_SECONDS):
            raise RuntimeError("The fake did not start.")
        if failures:
            raise failures[0]

    def stop(self) -> None:
        """Close everything; new connections are refused from now on."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"The fake did not end in {_START_SECONDS} s.")
        self._thread = self._loop = None

    def _run(self, started: threading.Event, failures: list[OSError]) -> None:
        loop = asyncio.new_event_loop()
        try:
            server = loop.run_until_complete(
                loop.create_server(
                    lambda: Connection(self.respond, self._after_tools, self._connections),
                    "127.0.0.1",
                    self.port,
                    backlog=_BACKLOG,
                )
            )
        except OSError as error:
            failures.append(error)
            loop.close()
            started.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._loop = loop
        started.set()
        try:
            loop.run_forever()
        finally:
            server.close()
            loop.run_until_complete(self._close_connections())
            loop.close()

    async def _close_connections(self) -> None:
        tasks = [connection.abort() for connection in list(self._connections)]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)

    # --- For the connections ----------------------------------------------------------------------------------------

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _mode_for(self, body: dict[str, Any]) -> Mode:
        for tool_use_id in uses_gone_on_with(body):
            if tool_use_id in self._after_tools:
                return self._after_tools[tool_use_id]
        chosen = self._choose(body) if self._choose is not None else None
        if chosen is not None:
            return chosen
        text = all_text_of(body)
        for wanted, mode in self._rules:
            if wanted in text:
                return mode
        return self._queue.popleft() if self._queue else self.default

    async def respond(self, exchange: Exchange, path: str, headers: dict[str, str]) -> None:
        """Respond to one request as the mode wants it."""
        self.paths.append(path)
        key = _key_of(headers)
        if not key:
            await exchange.fail(401, "authentication_error", "x-api-key header is required")
        elif path == "/v1/models":
            await exchange.respond(200, wire.model_list(self.models))
        elif path.startswith("/v1/models/"):
            await exchange.respond(200, wire.model_info(path.rpartition("/")[2]))
        elif path == PATH or path.startswith(f"{PATH}/"):
            await self.files.respond(exchange, path, headers, key)
        elif path not in ("/v1/messages", "/v1/messages/count_tokens"):
            await exchange.fail(404, "not_found_error", "Not found")
        elif "anthropic-version" not in headers:
            await exchange.fail(400, "invalid_request_error", "anthropic-version: header is required")
        elif path == "/v1/messages/count_tokens":
            await exchange.respond(200, {"input_tokens": wire.tokens(exchange.body)})
        else:
            await self._respond_to_message(exchange, headers, key)

    async def _respond_to_message(self, exchange: Exchange, headers: dict[str, str], key: str) -> None:
        seen = Seen(exchange.body, headers, key, time.monotonic(), exchange)
        self.requests.append(seen)
        self._note()
        try:
            if seen.body_bytes > _MOST_BODY_BYTES:
                raise Refused(413, "request_too_large", "Request exceeds the maximum size")
            whole = self.files.put_into(exchange.body, key)
            refusal = refusal_of(whole)
            if refusal is not None:
                raise Refused(400, "invalid_request_error", refusal)
            seen.mode = self._mode_for(exchange.body)
            exchange.usage = usage_of(whole, self._cached)
            await seen.mode.respond(exchange)
        except Refused as refused:
            await fail(exchange, refused)
        finally:
            seen.closed_at = time.monotonic()
            self._note()


def _key_of(headers: dict[str, str]) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ").strip() or headers.get("x-api-key", "")
