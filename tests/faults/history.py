"""What happened in a run, as JSON lines: every write and its response, all that each tab heard, and the faults.

Times are seconds since the run began, on one clock for all tabs; `sent` is the server's own time stamp of a frame on
that clock. A record says what was seen, never what it means: that is the checker's business.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec


class Record(msgspec.Struct, tag_field="is", tag=True, omit_defaults=True):
    t: float


class Row(msgspec.Struct, omit_defaults=True):
    """A message in one of its states. `reply` is the state of Claude's reply, empty for people's messages."""

    id: str
    seq: int
    change: int
    kind: str = "text"
    author: str = ""
    content: str = ""
    client_id: str = ""
    is_deleted: bool = False
    reactions: list[tuple[str, str]] = []  # (emoji, user id), sorted
    reply: str = ""
    prompt: str = ""

    @classmethod
    def of(cls, message: dict[str, Any]) -> Self:
        """Return the row that a message on the wire shows."""
        reply = message.get("reply") or {}
        return cls(
            id=message["id"],
            seq=message["seq"],
            change=message["change"],
            kind=message["kind"],
            author=(message["author"] or {}).get("id", ""),
            content=message["content"],
            client_id=message.get("clientId", ""),
            is_deleted="deletedAt" in message,
            reactions=sorted((each["emoji"], user["id"]) for each in message["reactions"] for user in each["users"]),
            reply=reply.get("state", ""),
            prompt=reply.get("prompt", ""),
        )


class RunBegan(Record):
    """`faults` are those that must happen in this run, `listeners` the tabs that read server-sent events."""

    profile: str
    seed: int
    faults: list[str] = []
    listeners: list[str] = []


class Opened(Record):
    tab: str
    user: str
    connection: int


class Closed(Record):
    tab: str
    connection: int
    code: int


class JoinAsked(Record):
    tab: str
    connection: int
    room: str
    after: int | None = None


class Joined(Record):
    sent: float
    tab: str
    connection: int
    room: str
    change: int
    reset: bool
    rows: list[Row]


class Left(Record):
    """The server has ended this tab's subscription."""

    tab: str
    connection: int
    room: str


class Heard(Record):
    """A durable event."""

    sent: float
    tab: str
    connection: int
    room: str
    type: str
    row: Row


class Delta(Record):
    sent: float
    tab: str
    connection: int
    room: str
    message: str
    version: int
    attempt: int
    n: int
    text: str


class Noted(Record):
    """Any other frame that no one asked for."""

    sent: float
    tab: str
    connection: int
    room: str
    type: str


class Invoked(Record):
    """A tab wants something written. `op` is unique in the run, and the client id of what is created."""

    op: str
    tab: str
    user: str
    type: str
    room: str
    message: str = ""
    content: str = ""
    emoji: str = ""


class Sent(Record):
    """A frame with this write went out; more than once when no response came."""

    op: str
    connection: int


class Responded(Record):
    """`code` is the error's, empty for success. `is_final`: the tab does not send it again."""

    op: str
    connection: int
    code: str = ""
    is_final: bool = True
    message: str = ""
    seq: int = 0
    change: int = 0


class FaultBegan(Record):
    fault: str
    number: int


class FaultEnded(Record):
    """`proof` says what shows that the fault really happened; empty when nothing does."""

    fault: str
    number: int
    proof: str = ""


class Revoked(Record):
    """These tabs may hear nothing more of a room, or nothing at all if it is empty.

    `within`: the seconds in which it must take effect, whatever other fault is in the way; 0 where the rule says it.
    """

    what: str
    user: str
    tabs: list[str]
    room: str = ""
    within: float = 0.0


class Memory(Record):
    process: str
    bytes: int


class Exited(Record):
    """A process that was told to end has ended; `code` is None when it had to be killed."""

    process: str
    seconds: float
    code: int | None


class Stored(Record):
    """A room as the database has it at the end."""

    room: str
    rows: list[Row]


class Fresh(Record):
    """The same room as a tab reads it that had never opened it before."""

    room: str
    rows: list[Row]


AnyRecord = (
    RunBegan
    | Opened
    | Closed
    | JoinAsked
    | Joined
    | Left
    | Heard
    | Delta
    | Noted
    | Invoked
    | Sent
    | Responded
    | FaultBegan
    | FaultEnded
    | Revoked
    | Memory
    | Exited
    | Stored
    | Fresh
)
R = TypeVar("R", bound=Record)

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyRecord)


class Recorder:
    """Writes a history as it happens. Used on one event loop and, by `now`, on any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb")
        self._began = time.monotonic()
        self._began_by_calendar = time.time()
        self._connections = itertools.count(1)

    def now(self) -> float:
        return round(time.monotonic() - self._began, 4)

    def of_stamp(self, millis: float) -> float:
        """Return the time of a frame's own time stamp."""
        return round(millis / 1000 - self._began_by_calendar, 3)

    def new_connection(self) -> int:
        """Return a number that no other connection of the run has."""
        return next(self._connections)

    def add(self, make: Callable[..., Record], /, **facts: Any) -> None:
        self._file.write(_encoder.encode(make(t=self.now(), **facts)) + b"\n")

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[Record]:
    """Return the records of a file, in the order in which they were written."""
    with path.open("rb") as lines:
        return [_decoder.decode(line) for line in lines]


class History:
    """Records, found by their kind."""

    def __init__(self, records: list[Record]) -> None:
        self._by_kind: dict[type[Record], list[Any]] = {}
        for record in records:
            self._by_kind.setdefault(type(record), []).append(record)
        self.records = records

    def all(self, kind: type[R]) -> list[R]:
        return self._by_kind.get(kind, [])

    def of_types(self, *kinds: type[Record]) -> Iterator[Record]:
        """Yield the records of several kinds in their order."""
        return (record for record in self.records if isinstance(record, kinds))
