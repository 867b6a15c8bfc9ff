"""The server's frames, as far as the soak reads them. Two thousand tabs share one core: what is not named is skipped."""

from typing import Final

import msgspec
from msgspec import Raw, Struct


class Error(Struct):
    code: str


class Frame(Struct):
    type: str
    requestId: str = ""
    success: bool = True
    data: Raw = Raw(b"{}")
    error: Error | None = None


class Reply(Struct):
    state: str
    version: int
    attempt: int
    n: int


class Message(Struct):
    id: str
    seq: int
    change: int
    content: str
    clientId: str = ""
    reply: Reply | None = None


class Durable(Struct):
    change: int
    message: Message


class Delta(Struct):
    messageId: str
    version: int
    attempt: int
    n: int
    text: str = ""


class Keyframe(Struct):
    messageId: str
    version: int
    attempt: int
    n: int
    text: str


class Joined(Struct):
    change: int
    epoch: str
    reset: bool
    messages: list[Message]
    streams: list[Keyframe]


class Response(Struct):
    """Of `create_message`, `edit_message` and `execute`."""

    message: Message


class Page(Struct):
    messages: list[Message]
    hasNewer: bool


frame: Final = msgspec.json.Decoder(Frame).decode
durable: Final = msgspec.json.Decoder(Durable).decode
delta: Final = msgspec.json.Decoder(Delta).decode
keyframe: Final = msgspec.json.Decoder(Keyframe).decode
joined: Final = msgspec.json.Decoder(Joined).decode
response: Final = msgspec.json.Decoder(Response).decode
