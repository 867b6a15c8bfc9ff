"""What processes send one another: tagged structs, each in bytes of its own, and the groups that they go to.

Two versions of the program run side by side during an upgrade, so within a VERSION a struct only grows: a new field stands
last and has a default. A process of the version before ignores what it does not know, and a new process takes the default
for what it is not told. A change that old processes would misread needs a new VERSION: they then leave those messages, and
take what they miss from the database.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from chat.realtime.events import Event

VERSION: Final = 1
_TYPE: Final = "hub.messages"  # Channels wants a type in each message of a layer
_LAYER_PREFIX: Final = "parley."

CONTROL_GROUP: Final = "control"
CLAUDE_GROUP: Final = "claude"
PRESENCE_GROUP: Final = "presence"


class Control(msgspec.Struct, frozen=True, array_like=True, tag="control"):
    """Look at a user's access again. recheck: their credentials. access: their membership of a room."""

    order: Literal["recheck", "access"]
    user_id: int
    room: str = ""


class Wake(msgspec.Struct, frozen=True, array_like=True, tag="wake"):
    """A reply waits to be run."""


class StopReply(msgspec.Struct, frozen=True, array_like=True, tag="stop"):
    """A reply is to end; it is named by its row's id."""

    reply: int


class DedicatedBeat(msgspec.Struct, frozen=True, array_like=True, tag="beat"):
    """A process that only runs replies lives, so the server processes run none."""


class Question(msgspec.Struct, frozen=True, array_like=True):
    """Base of what is asked of all processes. ask: a name for its one response. asker: the process to be told."""

    ask: str = ""
    asker: str = ""


class KeyframeWanted(Question, frozen=True, array_like=True, tag="keyframe"):
    """Wants the newest state of a running reply from the process that runs it. message: the id of its message."""

    message: str = ""


class Response(msgspec.Struct, frozen=True, array_like=True, tag="response"):
    """The response to a question. body: a struct in MessagePack, as the asker expects it."""

    ask: str
    body: bytes


class Present(msgspec.Struct, frozen=True, array_like=True):
    """One tab in one place. kind, name: of `presence.Topic`; the rest of `presence.Tab`."""

    kind: str
    name: str
    connection_id: str
    user_id: int
    username: str
    display_name: str = ""


class PresenceNews(msgspec.Struct, frozen=True, array_like=True, tag="presence"):
    """What a process tells of its tabs. number: how many changes it has sent so far.

    hello: it has just begun. goodbye: it ends. ask: the process that shall send its whole list. changes: those with this
    number, each with whether the tab has arrived.
    """

    number: int
    hello: bool = False
    goodbye: bool = False
    ask: str = ""
    whole: list[Present] | None = None
    changes: list[tuple[bool, Present]] | None = None


Message = Event | Control | Wake | StopReply | DedicatedBeat | KeyframeWanted | Response | PresenceNews

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Message)
encode: Final = _encoder.encode
"""Return a message in bytes."""
decode: Final = _decoder.decode
"""Return the message in some bytes. Raises msgspec.DecodeError for what this version can't read."""


def group_of(message: Message) -> str:
    """Return the group that a message goes to, if it is not for one process alone."""
    if isinstance(message, Event):
        return message.group
    return CONTROL_GROUP if isinstance(message, Control) else CLAUDE_GROUP


def layer_group(group: str) -> str:
    """Return a group's name on the channel layer, where `:` is not allowed."""
    return _LAYER_PREFIX + group.replace(":", ".")


def packed(bodies: Sequence[bytes], origin: str) -> dict[str, Any]:
    """Return encoded messages of one process to one group as one message of the channel layer."""
    return {"type": _TYPE, "version": VERSION, "origin": origin, "bodies": list(bodies)}


def unpacked(message: dict[str, Any]) -> list[bytes]:
    """Return the encoded messages in a message of the channel layer. Raises ValueError for another version's."""
    if message.get("type") != _TYPE or message.get("version") != VERSION or not isinstance(message.get("bodies"), list):
        raise ValueError("a message of another version")
    return list(message["bodies"])
