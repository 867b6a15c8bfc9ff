"""The others in the room: one asks Claude, and they go on talking and typing while it replies. A thread of its own."""

import asyncio
import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from bench import parley
from bench.browser import texts
from tests.servers.people import Person
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient

POSTS_PER_SECOND: Final = 2.0
_REPLY_SECONDS: Final = 180


class Others:
    """A context manager: they talk while the block runs, on this core. Raises at its end what went wrong among them."""

    def __init__(self, site: Site, room: str, people: Sequence[Person], core: int) -> None:
        self._url = site.processes[0].socket_url
        self._room = room
        self._people = people
        self._core = core
        self._reply_ended = threading.Event()
        self._leaving = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="others", daemon=True)
        self.posts = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure from error

    def have_reply(self) -> bool:
        """Whether Claude's reply has ended, or never will."""
        return self._reply_ended.is_set()

    def _run(self) -> None:
        os.sched_setaffinity(0, {self._core})  # of this thread alone
        try:
            asyncio.run(self._talk())
        except BaseException as failure:  # noqa: BLE001 - raised again where the block ends
            self._failure = failure
        finally:
            self._reply_ended.set()

    async def _talk(self) -> None:
        tabs = [await SocketClient.open(self._url, headers=parley.authorization(person)) for person in self._people]
        for tab in tabs:
            await tab.request("join_room", room=self._room)
        response = await tabs[0].request("execute", session=self._room, prompt=texts.PROMPT)
        message = response["reply"]["id"]
        ending = asyncio.create_task(self._await_end(tabs[0], message))
        while not self._leaving.is_set():
            tab = tabs[1 + self.posts % (len(tabs) - 1)]
            await tab.send("typing", payload={"room": self._room, "typing": True})
            await asyncio.sleep(1 / POSTS_PER_SECOND)
            await tab.post(self._room, texts.said(self.posts))
            self.posts += 1
        await ending
        for tab in tabs:
            await tab.close()

    async def _await_end(self, tab: SocketClient, message_id: str) -> None:
        def is_end(frame: dict[str, object]) -> bool:
            data = frame.get("data")
            shown = data.get("message") if isinstance(data, dict) else None
            return frame["type"] in ("stream_end", "error") and isinstance(shown, dict) and shown["id"] == message_id

        try:
            frame = await tab.frame(is_end, "the end of Claude's reply", _REPLY_SECONDS)
            if frame["type"] == "error":
                raise RuntimeError(f"Claude's reply failed: {frame['error']}")
        finally:
            self._reply_ended.set()
