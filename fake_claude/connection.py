"""A client's connection to the fake: HTTP/1.1 requests in, one at a time, and the knowledge of when the client leaves."""

import asyncio
import itertools
import json
import secrets
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httptools

from fake_claude.exchange import ClientGone, Exchange

Responder = Callable[[Exchange, str, dict[str, str]], Awaitable[None]]


class Connection(asyncio.Protocol):
    """respond: called with each request, its path and its headers. opened: where it stands while it is open."""

    _numbers = itertools.count(1)

    def __init__(self, respond: Responder, after_tools: dict[str, Any], opened: "set[Connection]") -> None:
        self._respond_with = respond
        self._after_tools = after_tools
        self._opened = opened
        self._number = next(self._numbers)
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._new_request()

    def _new_request(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def abort(self) -> "asyncio.Task[None] | None":
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task

    # --- Called by asyncio ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.abort()

    def eof_received(self) -> None:
        self._client_left()

    def connection_lost(self, _error: Exception | None) -> None:
        self._client_left()
        self._opened.discard(self)

    def pause_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.writable.clear()

    def resume_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.writable.set()

    def _client_left(self) -> None:
        if self._exchange is not None:
            self._exchange.gone.set()
            self._exchange.writable.set()

    # --- Called by the parser ---------------------------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._transport is not None
        path = httptools.parse_url(self._url).path.decode()
        headers, raw = self._headers, b"".join(self._body)
        self._new_request()
        is_form = headers.get("content-type", "").startswith("multipart/")
        body: Any = None  # which is refused
        with suppress(ValueError):
            body = json.loads(raw) if raw and not is_form else {}
        request_id = f"req_{secrets.token_hex(8)}"
        remember = self._after_tools.__setitem__
        method = self._parser.get_method().decode()
        form = raw if is_form else b""
        self._exchange = Exchange(body, request_id, self._number, self._transport, remember, len(raw), method, form)
        self._task = asyncio.ensure_future(self._respond(self._exchange, path, headers))

    async def _respond(self, exchange: Exchange, path: str, headers: dict[str, str]) -> None:
        try:
            await self._respond_with(exchange, path, headers)
        except ClientGone:
            pass
        except Exception:  # noqa: BLE001
            # A mode with a mistake in it must not leave its client waiting.
            traceback.print_exc()
            if self._transport is not None:
                self._transport.abort()
        finally:
            self._exchange = None
