"""A stream of server-sent events, as a program without a library for them reads it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.servers.people import Person
from tests.servers.server_process import ServerProcess
from tests.servers.tabs import bearer

ARRIVAL_SECONDS = 10


class ServerEvent(NamedTuple):
    type: str
    id: str | None
    frame: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.frame["data"])


class EventStream:
    """One response over a connection of its own: status, headers, and then the events one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self.comments: list[str] = []
        self.retry = 0
        self._buffer = b""

    @classmethod
    async def open(
        cls,
        process: ServerProcess,
        room: str,
        person: Person | None = None,
        *,
        query: str = "",
        headers: dict[str, str] | None = None,
        method: str = "GET",
        small_buffers: bool = False,
    ) -> "EventStream":
        shown = {**(bearer(person) if person else {}), **(headers or {})}
        return await cls.at(process.port, f"{room}{query}", shown, method=method, small_buffers=small_buffers)

    @classmethod
    async def at(
        cls, port: int, target: str, headers: Mapping[str, str], *, method: str = "GET", small_buffers: bool = False
    ) -> "EventStream":
        """Ask at a port for a stream; `target` is the room, with a query if there is one."""
        limit = 4096 if small_buffers else 2**20
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
        stream = cls(reader, writer)
        shown = {"Host": f"127.0.0.1:{port}", **headers}
        lines = [f"{method} /stream/{target} HTTP/1.1", *(f"{name}: {value}" for name, value in shown.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        except BaseException:
            stream.close()
            raise
        stream.status = int(head[0].split()[1])
        stream.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:-2])}
        return stream

    async def body(self) -> dict[str, Any]:
        """Return the JSON of a refusal."""
        async with asyncio.timeout(ARRIVAL_SECONDS):
            size = int(self.headers["content-length"])
            return dict(json.loads(await self._reader.readexactly(size)))

    async def next(self, seconds: float = ARRIVAL_SECONDS) -> ServerEvent | None:
        """Return the next event; None at the end of the body."""
        async with asyncio.timeout(seconds):
            return await self._next(None)

    async def next_unless_silent(self, seconds: float) -> ServerEvent | None:
        """Return the next event, however long it takes. Raises TimeoutError when nothing comes, not even a keepalive."""
        return await self._next(seconds)

    async def _next(self, silence_seconds: float | None) -> ServerEvent | None:
        while True:
            while b"\n\n" in self._buffer:
                block, self._buffer = self._buffer.split(b"\n\n", 1)
                event = self._event(block.decode())
                if event is not None:
                    return event
            async with asyncio.timeout(silence_seconds):
                chunk = await self._chunk()
            if not chunk:
                return None
            self._buffer += chunk

    async def expect(self, type_: str, seconds: float = ARRIVAL_SECONDS) -> ServerEvent:
        """Return the next event of a type; what comes before is left aside. seconds: how long each may take."""
        while (event := await self.next(seconds)) is not None:
            if event.type == type_:
                return event
        raise AssertionError(f"the stream ended before {type_}")

    async def rest(self) -> list[ServerEvent]:
        found = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found

    def close(self) -> None:
        self.writer.transport.abort()

    async def _chunk(self) -> bytes:
        line = await self._reader.readline()
        size = int(line, 16) if line else 0
        data = await self._reader.readexactly(size)
        if line:
            await self._reader.readexactly(2)
        return data

    def _event(self, block: str) -> ServerEvent | None:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if not name:
                self.comments.append(value.strip())
            elif name == "retry":
                self.retry = int(value)
            else:
                assert name not in fields, f"a field comes twice: {block}"
                fields[name] = value.removeprefix(" ")
        if "data" not in fields:
            return None
        frame = json.loads(fields["data"])
        assert fields["event"] == frame["type"]
        return ServerEvent(fields["event"], fields.get("id"), frame)
