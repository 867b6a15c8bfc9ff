"""People who write and ask for what hurts, within what the protocol allows."""

import asyncio
import json
from typing import Any, Final

from tests.faults.nemesis import Fault
from tests.faults.scene import Scene
from tests.faults.tab import Tab
from tests.servers.socket_client import SocketClient

_CHARS_AT_MOST: Final = 20_000
_TEXTS: Final = (
    "<a@b>" * 4000,
    "```mcschema\n<!--\n" * 1000,
    "```autohotkey\n" + "\n" * 6000 + "x",
    "> " * 5000 + "x",
    "[" * 10_000 + "x",
    "*a **b " * 2500,
    "`" * 9000 + "x" + "`" * 8999,
    "- " * 4000 + "x",
    "|a" * 3000 + "|\n" + "|-" * 3000 + "|\nx",
    "x" * _CHARS_AT_MOST,
)
_PAGES: Final = 60
_PAGE: Final = 200


class HostileText(Fault):
    """A member posts texts that are made to be slow to render, or large as HTML."""

    name = "hostile text"
    hold_seconds = 1.0

    async def begin(self, scene: Scene) -> None:
        # Of the owner: a tab of a person whose access has ended would be refused, and prove nothing.
        own = [each for each in scene.workload.tabs if isinstance(each, Tab) and each.user == _owner(scene)]
        tab = scene.random.choice(own)
        self._writing = [asyncio.create_task(self._post(tab, scene.rooms[0], text)) for text in _TEXTS]

    async def _post(self, tab: Tab, room: str, text: str) -> dict[str, Any] | None:
        op = tab.new_op()
        payload = {"room": room, "content": f"{op}: {text}"[:_CHARS_AT_MOST].strip(), "clientId": op}
        return await tab.write("create_message", room, op, payload)

    async def end(self, scene: Scene) -> str:
        responses = await asyncio.gather(*self._writing)
        stored = sum(response is not None and response["success"] for response in responses)
        return f"{stored} texts were stored" if stored == len(_TEXTS) else ""


def _owner(scene: Scene) -> str:
    assert scene.owner is not None
    return scene.owner.id


class HostileSizes(Fault):
    """A member asks for all that there is, again and again, and reads nothing of it."""

    name = "much asked and nothing read"
    hold_seconds = 2.0

    async def begin(self, scene: Scene) -> None:
        self._sockets = [await scene.reader(process) for process in scene.processes]
        for socket in self._sockets:
            await socket.request("join_room", room=scene.rooms[0])
            socket.connection.transport.pause_reading()
            await self._ask(socket, scene.rooms[0])

    async def _ask(self, socket: SocketClient, room: str) -> None:
        for number in range(_PAGES):
            frame = {"type": "get_messages", "id": f"page-{number}", "payload": {"room": room, "limit": _PAGE}}
            await socket.connection.send(json.dumps(frame))

    async def end(self, scene: Scene) -> str:
        for socket in self._sockets:
            await socket.abort()
        return f"{_PAGES * len(self._sockets)} pages asked for"
