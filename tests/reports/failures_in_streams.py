"""A stream that opens and fails before any word is tried again, as a status would be; one that has said a word is not.

Report 18: overload inside a 200 stream was told to people at once, as an interrupted reply; *Retry* then made a second
version beside an empty first one. The docs promise two more attempts.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fake_claude import (
    Blocks,
    Cut,
    ErrorInStream,
    Garbage,
    Mode,
    NoMessageStop,
    Normal,
    Overloaded,
    Reset,
    Stall,
    ToolUse,
)
from fake_claude.replies import thinking, tool_use

ERRORS: Final = ("overloaded_error", "rate_limit_error", "api_error", "timeout_error")
PLACES: Final = ("first", "start", "ping", "block")


@dataclass(frozen=True)
class InTools(ErrorInStream):
    """Fails while it asks for tools: after two pieces in the input of the first, after four in that of the second."""

    text: str | None = ""

    def blocks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        return [*super().blocks(body), tool_use("list_members", x="y"), tool_use("list_members", x="z")]


class Case(NamedTuple):
    """failure: what comes instead of a reply, as often as it is asked. requests: how many are made then."""

    kind: str
    failure: Mode
    code: str
    requests: int
    state: str = "failed"

    def __str__(self) -> str:
        return self.kind


_CODES: Final = {
    "overloaded_error": "overloaded",
    "rate_limit_error": "rate_limited",
    "api_error": "server_error",
    "timeout_error": "server_error",
}

PASSING: Final = (
    *(
        Case(f"{error} at {place}", ErrorInStream(at=place, error=error, message="No."), _CODES[error], 3)
        for error in ERRORS
        for place in PLACES
    ),
    Case("an error of a kind that is not known yet", ErrorInStream(at="start", error="new_error"), "server_error", 3),
    Case("overload in a tool's input", InTools(after=2), "overloaded", 3),
    Case("overload after a whole use of a tool", InTools(after=4), "overloaded", 3),
    Case("a blank, then overload", ErrorInStream(after=1, text=" "), "overloaded", 3),
    Case("blanks that no one sees, then overload", ErrorInStream(after=1, text="\u200b\n"), "overloaded", 3),
    Case("a blank thought, then a cut", Cut(after=1, thinking="\n", text="So."), "cut", 3),
    Case("a status", Overloaded(), "overloaded", 3),
    Case("a cut before the message starts", Cut(at="first"), "cut", 3),
    Case("a cut after the message has started", Cut(at="start"), "cut", 3),
    Case("a reset after a ping", Reset(at="ping"), "cut", 3),
    Case("an end in good order after the message has started", NoMessageStop(at="block"), "incomplete", 3),
)

LASTING: Final = (
    Case("a bad key", ErrorInStream(at="start", error="authentication_error"), "bad_key", 1),
    Case("no credit", ErrorInStream(at="start", error="billing_error"), "no_credit", 1),
    Case("no permission", ErrorInStream(at="ping", error="permission_error"), "forbidden", 1),
    Case("a request that is refused", ErrorInStream(at="first", error="invalid_request_error"), "bad_request", 1),
    Case("what cannot be read", Garbage(at="start"), "garbage", 1),
    Case("an empty body", NoMessageStop(at="first"), "garbage", 1),
    Case("silence after the message has started", Stall(at="start"), "stalled", 1),
    Case("overload after a word", ErrorInStream(after=1, text="One two."), "overloaded", 1, "interrupted"),
    Case("a cut after a word", Cut(after=1, text="One two."), "cut", 1, "interrupted"),
    Case("overload in a tool's input after a word", InTools(after=3, text="Look."), "overloaded", 1, "interrupted"),
    Case("overload after a thought", ErrorInStream(after=1, thinking="Hm, so."), "overloaded", 1, "interrupted"),
)

# How often it fails, and in which ways, before the reply comes.
THEN_A_REPLY: Final[tuple[tuple[Mode, ...], ...]] = (
    (ErrorInStream(at="start"),),
    (ErrorInStream(at="first"), ErrorInStream(at="block")),
    (Overloaded(), ErrorInStream(at="ping")),
    (ErrorInStream(at="ping", error="api_error"), Overloaded()),
    (Cut(at="start"), ErrorInStream(at="start")),
    (ErrorInStream(after=1, text="\n\n"), InTools(after=4)),
)

# The second call of a reply, with the results of a tool, is a call like any other.
SECOND_ROUND: Final = ToolUse("list_members", text="Let me look.")
THOUGHTS_ONLY: Final = Blocks((thinking("It is late."),))
REPLY: Final = Normal("At last.")
