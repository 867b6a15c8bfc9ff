"""A TCP proxy that does to connections what networks do: delay, silence, a cut at any byte, half a close, a lost response.

All proxies of a run share one thread with an event loop of its own, so that they pass bytes while a test waits.
"""

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

_CHUNK_BYTES: Final = 65536
_CALL_SECONDS: Final = 10
# How far back a mark is looked for that two chunks share.
_OVERLAP_BYTES: Final = 64

# PostgreSQL's word that it has committed.
COMMITTED: Final = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Flow:
    """One direction of a connection."""

    def __init__(
        self, link: "Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_response: bool
    ) -> None:
        self._link = link
        self._reader = reader
        self._writer = writer
        self._is_response = is_response
        self._tail = b""

    async def run(self) -> None:
        """Pass bytes on until the source ends or the link is cut."""
        try:
            if await self._pass_all() and self._link.takes(self._writer) and self._writer.can_write_eof():
                self._writer.write_eof()
        except OSError:
            self._link.cut()  # a reset is one for both sides

    async def _pass_all(self) -> bool:
        """Pass bytes on; return whether the source's end is to be passed on, too."""
        proxy = self._link.proxy
        while True:
            data = await self._reader.read(_CHUNK_BYTES)
            if data and proxy.delay_seconds:
                await asyncio.sleep(proxy.delay_seconds)
            await proxy.may_flow.wait()  # in a black hole not even the end of a connection gets through
            await self._link.may_flow.wait()
            if not data:
                return True
            if self._is_response and not self._passes(data):
                return False
            if not await self._write_up_to_cut(data):
                return False
            if not self._is_response and proxy.last_words and proxy.last_words in data:
                proxy.abandon_now()

    def _passes(self, data: bytes) -> bool:
        """Lose this response and cut the connection if it is one of those that are to be lost."""
        proxy = self._link.proxy
        seen = self._tail + data
        self._tail = seen[-_OVERLAP_BYTES:]
        if proxy.lost_responses <= 0 or proxy.mark not in seen:
            return True
        proxy.lost_responses -= 1
        proxy.responses_lost += 1
        self._link.cut()
        return False

    async def _write_up_to_cut(self, data: bytes) -> bool:
        link = self._link
        if not link.takes(self._writer):
            return True
        if link.bytes_left is None or len(data) < link.bytes_left:
            if link.bytes_left is not None:
                link.bytes_left -= len(data)
            self._writer.write(data)
            await self._writer.drain()
            return True
        self._writer.write(data[: link.bytes_left])
        with suppress(OSError):
            await self._writer.drain()
        link.bytes_left = None
        link.proxy.cuts += 1
        link.close()  # not a reset: the bytes before the cut shall arrive
        return False


class Link:
    """A client's connection and the one to the target. `bytes_left`: cut after so many more, in either direction."""

    def __init__(self, proxy: "Proxy", near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.bytes_left: int | None = None
        self.may_flow = asyncio.Event()
        self.may_flow.set()
        self._ends = (near, far)
        self._ended: set[asyncio.StreamWriter] = set()

    def takes(self, end: asyncio.StreamWriter) -> bool:
        """Whether this end may still be written to; what comes for it after half a close is dropped."""
        return end not in self._ended

    def cut(self) -> None:
        """Reset both ends: what waits in a buffer is gone."""
        for end in self._ends:
            end.transport.abort()

    def close(self) -> None:
        for end in self._ends:
            end.close()

    def half_close(self, towards_target: bool) -> None:
        """End one direction only; the other goes on."""
        end = self._ends[1 if towards_target else 0]
        if end.can_write_eof() and not end.is_closing():
            self._ended.add(end)
            end.write_eof()


class Proxy:
    """Passes bytes between its own port and a target's. Used on the loop of a `ProxyThread`, or by its methods."""

    def __init__(self, thread: "ProxyThread", target_port: int, seed: int) -> None:
        self._thread = thread
        self._target_port = target_port
        self._random = random.Random(seed)
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.delay_seconds = 0.0
        self.may_flow = asyncio.Event()
        self.may_flow.set()
        self.mark = b""
        self.lost_responses = 0  # still to be lost
        self.responses_lost = 0
        self.cuts = 0
        self.last_words = b""
        self.abandoned = 0

    # --- What a fault may ask for, from any thread

    def delay(self, seconds: float) -> None:
        """Let every chunk wait for so long; 0 ends it."""
        self._thread.call(lambda: setattr(self, "delay_seconds", seconds))

    def black_hole(self, is_on: bool) -> None:
        """Let nothing through, neither bytes nor ends. Afterwards all of it arrives, late, as TCP has it."""
        self._thread.call(self.may_flow.clear if is_on else self.may_flow.set)

    def cut(self, share: float = 1.0) -> int:
        """Reset this share of the connections, chosen at random, and return how many those were."""
        return self._thread.call(lambda: self._for_share(share, Link.cut))

    def cut_at_byte(self, bytes_at_most: int, share: float = 1.0) -> int:
        """End each of these connections after some more bytes, from 1 to this many."""

        def prepare(link: Link) -> None:
            link.bytes_left = self._random.randint(1, bytes_at_most)

        return self._thread.call(lambda: self._for_share(share, prepare))

    def spare(self) -> None:
        """Let those live that have not come to the byte at which they were to end."""
        self._thread.call(lambda: self._for_share(1.0, lambda link: setattr(link, "bytes_left", None)))

    def abandon_after(self, last_words: bytes) -> None:
        """Let nothing more through the connections that are open when a client says this, not even their end."""
        self._thread.call(lambda: setattr(self, "last_words", last_words))

    def half_close(self, share: float = 1.0) -> int:
        """End one direction of each of these connections."""
        return self._thread.call(
            lambda: self._for_share(share, lambda link: link.half_close(self._random.random() < 0.5))
        )

    def lose_responses(self, mark: bytes, count: int) -> None:
        """Lose the next so many responses in which these bytes stand, and the connections with them."""

        def prepare() -> None:
            self.mark, self.lost_responses = mark, count

        self._thread.call(prepare)

    @property
    def open_links(self) -> int:
        return self._thread.call(lambda: len(self._links))

    # --- On the loop

    def abandon_now(self) -> None:
        self.last_words = b""
        self.abandoned += self._for_share(1.0, lambda link: link.may_flow.clear())

    def _for_share(self, share: float, do: Callable[[Link], None]) -> int:
        chosen = [link for link in self._links if self._random.random() < share]
        for link in chosen:
            do(link)
        return len(chosen)

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for link in list(self._links):
            link.cut()

    async def _accepted(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        await self.may_flow.wait()
        try:
            target_reader, far = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            near.transport.abort()
            return
        link = Link(self, near, far)
        self._links.add(link)
        try:
            up, down = Flow(link, reader, far, False), Flow(link, target_reader, near, True)
            await asyncio.gather(up.run(), down.run())
        except asyncio.CancelledError:
            pass  # at the end of the run; asyncio's own callback cannot take a task that was cancelled
        finally:
            self._links.discard(link)
            link.close()


class ProxyThread:
    """Runs proxies while its block runs."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxies")
        self._proxies: list[Proxy] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CALL_SECONDS)
        assert not self._thread.is_alive(), f"the proxies' loop did not end in {_CALL_SECONDS} s"
        self._loop.close()

    def to(self, target_port: int, seed: int = 0) -> Proxy:
        """Return a new proxy that listens, and passes to this port."""
        proxy = Proxy(self, target_port, seed)
        self._wait(proxy.listen())
        self._proxies.append(proxy)
        return proxy

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the loop of the proxies and return its result."""

        async def run() -> T:
            return function()

        return self._wait(run())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_SECONDS)

    async def _end(self) -> None:
        for proxy in self._proxies:
            await proxy.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
