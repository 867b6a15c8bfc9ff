"""The floor: floor.c as a peer, which shows what the machine takes for a broadcast whatever the server is made of."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from bench.load.compiler import compiled
from bench.peers.servers import Peer

_SOURCE: Final = Path(__file__).with_name("floor.c")
_SENDER: Final = {"id": "1", "username": "sender"}
_WORDS: Final = "Message 00000001 with about as many words as people write in a line"
_TYPING: Final = {"room": "bench", "user": _SENDER, "typing": True}
_MESSAGE: Final = {
    "room": "bench",
    "change": 10000,
    "message": {
        "id": "10000",
        "room": "bench",
        "seq": 10000,
        "change": 10000,
        "kind": "text",
        "author": _SENDER,
        "content": _WORDS,
        "html": f"<p>{_WORDS}</p>\n",
        "createdAt": 1790000000000,
        "reactions": [],
        "mentions": [],
        "clientId": "00000001",
    },
}


class Floor(Peer):
    """The least that a broadcast can do: floor.c, each delivery written on its own, or what is due joined."""

    def __init__(self, writes: Literal["each", "joined"], directory: Path) -> None:
        name = "C, one write per delivery" if writes == "each" else "C, joined writes"
        super().__init__(name, "the floor: ready-made frames to the sockets, and nothing else", directory)
        self._writes = writes
        self._program = Path()

    def version(self) -> str:
        return "floor.c"

    def install(self) -> None:
        self._program = compiled(_SOURCE)

    def _environment(self) -> Mapping[str, str]:
        return {}

    def _command(self) -> Sequence[str]:
        return [
            str(self._program),
            self._writes,
            str(self.port),
            _frame("typing", _TYPING),
            _frame("new_message", _MESSAGE),
        ]


def _frame(type_: str, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": type_, "timestamp": 1790000000000, "data": data, "success": True}, separators=(",", ":"))


def floors(directory: Path) -> list[Peer]:
    return [Floor("each", directory), Floor("joined", directory)]
