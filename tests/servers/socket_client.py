"""A tab, as the tests see one: a WebSocket, what came over it, and what was asked.

Written from docs/protocol.md on the `websockets` library; it shares no code with the server.
"""

import asyncio
import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
Data = dict[str, Any]

ARRIVAL_SECONDS = 10


class RequestRefused(Exception):
    """The server's response to a request is an error."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(f"{frame['error']['code']}: {frame['error']['message']}")
        self.frame = frame
        self.code = str(frame["error"]["code"])


class SocketClient:
    def __init__(self, connection: ClientConnection, *, sends_pongs: bool = True) -> None:
        self.connection = connection
        self.frames: list[Frame] = []  # everything that ever came, in order
        self.welcome: Data = {}
        self._unread: list[Frame] = []
        self._sends_pongs = sends_pongs
        self._numbers = itertools.count(1)
        # A request id doubles as client id, which is unique for a person: two tabs must not count alike.
        self._prefix = secrets.token_hex(4)
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())
        self.closed_at = 0.0

    @classmethod
    async def open(cls, url: str, *, headers: dict[str, str] | None = None, sends_pongs: bool = True) -> Self:
        """Open a socket and read its welcome. Raises websockets' InvalidStatus when it is refused."""
        connection = await connect(
            url,
            additional_headers=headers,
            compression=None,
            ping_interval=None,
            max_size=None,
            proxy=None,
            close_timeout=2,
            open_timeout=ARRIVAL_SECONDS,
        )
        client = cls(connection, sends_pongs=sends_pongs)
        client.welcome = await client.expect("welcome")
        return client

    @property
    def connection_id(self) -> str:
        return str(self.welcome["connectionId"])

    # --- Sending

    async def send(self, type: str, **fields: Any) -> None:
        """Send a frame with exactly these fields beside its type."""
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def send_text(self, text: str) -> None:
        await self.connection.send(text)

    async def ask(self, type: str, **payload: Any) -> Frame:
        """Send a request and return its one response, whether it is an error or not."""
        request_id = f"{self._prefix}-{next(self._numbers)}"
        await self.connection.send(json.dumps({"type": type, "id": request_id, "payload": payload}))
        return await self.response_to(request_id)

    async def response_to(self, request_id: str | int) -> Frame:
        return await self.frame(lambda frame: frame.get("requestId") == request_id, f"the response to {request_id}")

    async def request(self, type: str, **payload: Any) -> Any:
        """Send a request and return its data; raise RequestRefused when the response is an error."""
        response = await self.ask(type, **payload)
        if not response["success"]:
            raise RequestRefused(response)
        return response["data"]

    async def refusal(self, type: str, **payload: Any) -> Data:
        """Send a request that must be refused, and return the error."""
        response = await self.ask(type, **payload)
        assert response["success"] is False and response["type"] == "error", f"not refused: {response}"
        return dict(response["error"])

    async def post(self, room: str, content: str, **fields: Any) -> Data:
        """Post a message and return it."""
        return dict((await self.request("create_message", room=room, content=content, **fields))["message"])

    # --- Receiving

    async def frame(self, matches: Callable[[Frame], bool], what: str, seconds: float = ARRIVAL_SECONDS) -> Frame:
        """Return the oldest unread frame that matches, waiting for it; other frames stay unread."""
        until = time.monotonic() + seconds
        async with self._news:
            while True:
                for position, frame in enumerate(self._unread):
                    if matches(frame):
                        return self._unread.pop(position)
                left = until - time.monotonic()
                if self._reader.done() or left <= 0:
                    raise AssertionError(f"{self._state()} while waiting for {what}; unread: {self._shown()}")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), left)

    async def expect(
        self, type: str, *, where: Callable[[Data], bool] | None = None, seconds: float = ARRIVAL_SECONDS, **facts: Any
    ) -> Data:
        """Return the data of the next unread event of this type with these facts in it."""
        found = await self.frame(lambda frame: _has(frame, type, where, facts), f"{type} {facts}", seconds)
        return dict(found["data"])

    async def expect_message(self, content: str, type: str = "new_message", seconds: float = ARRIVAL_SECONDS) -> Data:
        found = await self.expect(type, where=lambda data: data["message"]["content"] == content, seconds=seconds)
        return dict(found["message"])

    async def expect_error(self, seconds: float = ARRIVAL_SECONDS) -> Data:
        """Return the error that a frame without an id gets."""
        found = await self.frame(
            lambda frame: frame["type"] == "error" and "requestId" not in frame, "an error", seconds
        )
        return dict(found["error"])

    async def collect(self, type: str, count: int, seconds: float = ARRIVAL_SECONDS) -> list[Data]:
        return [await self.expect(type, seconds=seconds) for _ in range(count)]

    def unread(self, type: str, where: Callable[[Data], bool] | None = None, **facts: Any) -> list[Data]:
        """Return what has come of this type and was not expected by anybody yet."""
        return [frame["data"] for frame in self._unread if _has(frame, type, where, facts)]

    def forget(self) -> None:
        """Treat all that has come until now as read."""
        self._unread.clear()

    async def fence(self) -> None:
        """Return when the server has read all that was sent before, and its responses are here."""
        await self.ask("ping")

    async def wait(self, seconds: float) -> None:
        """Let time pass; what comes meanwhile is read, and pings get their pongs."""
        await asyncio.sleep(seconds)

    # --- The end

    async def close(self) -> None:
        await self.connection.close()
        await asyncio.wait([self._reader])

    async def abort(self) -> None:
        """Cut the connection as a dead network does: no closing frame."""
        self.connection.transport.abort()
        await asyncio.wait([self._reader])

    @property
    def is_open(self) -> bool:
        return not self._reader.done()

    async def wait_closed(self, seconds: float = ARRIVAL_SECONDS) -> tuple[int, str]:
        """Wait until the server closes; return the code and the reason."""
        done, _ = await asyncio.wait([self._reader], timeout=seconds)
        assert done, f"still open after {seconds} s; unread: {self._shown()}"
        return self.connection.close_code or 1006, self.connection.close_reason or ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self.connection:
                frame = json.loads(text)
                self.frames.append(frame)
                if frame["type"] == "ping" and self._sends_pongs:
                    await self.send("pong")
                    continue
                async with self._news:
                    self._unread.append(frame)
                    self._news.notify_all()
        self.closed_at = time.monotonic()
        async with self._news:
            self._news.notify_all()

    def _state(self) -> str:
        if self._reader.done():
            return f"closed ({self.connection.close_code} {self.connection.close_reason!r})"
        return "nothing came"

    def _shown(self) -> str:
        return json.dumps(self._unread[-10:], ensure_ascii=False)[:3000]


def _has(frame: Frame, type: str, where: Callable[[Data], bool] | None, facts: dict[str, Any]) -> bool:
    if frame["type"] != type:
        return False
    data = frame.get("data", {})
    return all(data.get(name) == value for name, value in facts.items()) and (where is None or where(data))
