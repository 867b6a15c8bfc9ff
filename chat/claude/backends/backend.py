"""What a model is to the runner: something that is called and streams pieces. No I/O here, and nothing of anthropic.

`client.py` (Anthropic) and `demo.py` (built in) are the two backends; the runner knows only this.
"""

import functools
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from chat.models import ReplyState, Usage

Messages = list[dict[str, Any]]


class KeptFile(NamedTuple):
    """A file that was uploaded: how calls name it, and until when."""

    id: str
    expires_at: datetime


class Store(Protocol):
    """Where a backend keeps large files for a while, so that calls only name them. account: what they belong to."""

    account: str

    async def keep(self, media_type: str, data: bytes) -> KeptFile | None:
        """Upload a file; None where it has to go with the call."""
        ...


class Carrier(Protocol):
    """Puts the files into the turns that name them."""

    async def carried(self, messages: Messages, store: Store | None) -> Messages: ...

    async def refuse(self, blocks: Messages, detail: str) -> None:
        """Hear of blocks of a call whose file was refused, and why."""
        ...

    async def forget(self, account: str, ids: list[str]) -> None:
        """Hear of uploaded files that are gone."""
        ...


class Call(NamedTuple):
    """One request to a model. system, messages and tools are blocks as the Messages API has them.

    may_use_tools: False where the model is to reply from what it has; the tools stay in the call for the earlier uses.
    retries: how often the backend may try again before it fails.
    carrier: puts the files into the turns that name them; file_tokens: what these are taken for.
    effort: a word that the model knows; empty for its own choice. unthinking: the type of `thinking` by which it does
    without; empty where it may think.
    """

    model: str
    system: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    max_tokens: int
    tools: list[dict[str, Any]]
    may_use_tools: bool = True
    retries: int = 2
    carrier: Carrier | None = None
    file_tokens: int = 0
    effort: str = ""
    unthinking: str = ""

    async def carried(self, store: Store | None) -> Messages:
        """Return the messages with their files."""
        return self.messages if self.carrier is None else await self.carrier.carried(self.messages, store)


class Text(NamedTuple):
    """The next words of the reply."""

    text: str


class Thinking(NamedTuple):
    """The next words of the summary of what the model thinks before it replies."""

    text: str


class ToolCall(NamedTuple):
    """The model wants to use a tool; `input` is complete."""

    id: str
    name: str
    input: dict[str, Any]


class ServerUse(NamedTuple):
    """The model uses a tool of Anthropic's own; `input` is complete. Its result may come in the next call."""

    id: str
    name: str
    input: dict[str, Any]


class ServerResult(NamedTuple):
    """What a tool of Anthropic's own has brought. error: the code of its failure. pages: titles and addresses."""

    id: str
    error: str
    pages: tuple[tuple[str, str], ...]


class Without(NamedTuple):
    """The call was taken only without what it asked for: names of `Call`'s fields."""

    asked: tuple[str, ...]


class ToolBegun(NamedTuple):
    """The model begins to use a tool, its own (a web search, say) or one of ours: what follows is a paragraph apart."""


def total(calls: Iterable[Usage]) -> Usage:
    return functools.reduce(Usage.plus, calls, Usage())


class End(NamedTuple):
    """The last piece of a call: why it ended, and the assistant's blocks, to be sent back with tool results."""

    stop_reason: str
    content: list[dict[str, Any]]


# Usage is that of one call so far. Cumulative: a later one replaces an earlier one.
Piece = Without | Text | Thinking | ToolBegun | ToolCall | ServerUse | ServerResult | Usage | End


class CallFailed(Exception):
    """A call that did not reach its `End`.

    code: one word for logs (`overloaded`, `bad_key`, `stalled`, ...). sentence: what the members see. detail: what the
    administrators see; never a key, never text of people. began: whether a word of the reply had come, so that what
    has arrived may be kept. retries_left: how often the same call may be tried again, because the failure may pass.
    """

    def __init__(self, code: str, sentence: str, detail: str, *, began: bool, retries_left: int = 0) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.sentence = sentence
        self.detail = detail
        self.began = began
        self.retries_left = retries_left

    @property
    def state(self) -> ReplyState:
        return ReplyState.INTERRUPTED if self.began else ReplyState.FAILED


class Backend(Protocol):
    def stream(self, call: Call) -> AsyncGenerator[Piece, None]:
        """Yield pieces as they arrive and `End` last; raise CallFailed. Closing the generator closes the connection."""
        ...

    async def close(self) -> None: ...
