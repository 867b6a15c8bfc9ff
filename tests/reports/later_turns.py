"""What tools have found is there in later turns, in its place, and only for as long as what it quotes is.

Report 21: results of tools were in the calls of the one reply only. Asked again, Claude did not know what it had found.
"""

from typing import Any, Final, NamedTuple

from fake_claude import Blocks, Mode
from fake_claude.lookups import web_search
from fake_claude.replies import text, thinking, tool_use

USE: Final = "<use>"
RESULT: Final = "<result>"
Block = dict[str, Any]


class Case(NamedTuple):
    """rounds: the messages that Claude sends. turns: how the next call tells of them, after the prompt."""

    kind: str
    rounds: list[list[Block]]
    turns: list[list[str]]

    def mode(self) -> Mode:
        then: Mode = Blocks(tuple(self.rounds[-1]))
        for blocks in reversed(self.rounds[:-1]):
            then = Blocks(tuple(blocks), then, stop_reason="tool_use")
        return then

    def __str__(self) -> str:
        return self.kind


def _use(name: str = "list_members", **input_: Any) -> Block:
    return tool_use(name, **input_)


CASES: Final = (
    Case("a text before and after", [[text("Look."), _use()], [text("So.")]], [["Look.", USE], [RESULT], ["So."]]),
    Case("no text before", [[_use()], [text("So.")]], [[USE], [RESULT], ["So."]]),
    Case("no text after", [[text("Look."), _use()], [text(" ")]], [["Look.", USE], [RESULT]]),
    Case("no text at all", [[_use()], [text("\n")]], [[USE], [RESULT]]),
    Case("two at once", [[text("A"), _use(), _use()], [text("B")]], [["A", USE, USE], [RESULT, RESULT], ["B"]]),
    Case(
        "a text between two at once",
        [[text("A"), _use(), text("B"), _use()], [text("C")]],
        [["A", USE, "B", USE], [RESULT, RESULT], ["C"]],
    ),
    Case(
        "a text that was said before the result, after the use",
        [[text("A"), _use(), text("B")], [text("C")]],
        [["A", USE, "B"], [RESULT], ["C"]],
    ),
    Case(
        "three rounds, one without a text",
        [[text("A"), _use()], [_use()], [text("B"), _use()], [text("C")]],
        [["A", USE], [RESULT], [USE], [RESULT], ["B", USE], [RESULT], ["C"]],
    ),
    Case(
        "a code block that was left open",
        [[text("```py\nx = 1"), _use()], [text("So.")]],
        [["```py\nx = 1\n```", USE], [RESULT], ["So."]],
    ),
    Case(
        "scripts of several bytes",
        [[text("調べます。🔍"), _use()], [text("🎉")]],
        [["調べます。🔍", USE], [RESULT], ["🎉"]],
    ),
    Case("a NUL", [[text("a\x00b"), _use()], [text("b\x00c")]], [["ab", USE], [RESULT], ["bc"]]),
    Case(
        "thoughts do not come back", [[thinking("Hm"), _use()], [thinking("Ah"), text("B")]], [[USE], [RESULT], ["B"]]
    ),
    Case("a tool that does not exist leaves nothing", [[text("A"), _use("rm")], [text("B")]], [["A\n\nB"]]),
    Case("a use that failed", [[_use("search_history", query="")], [text("B")]], [[USE], [RESULT], ["B"]]),
    Case("an input without bounds", [[_use(x="y" * 50_000)], [text("B")]], [[USE], [RESULT], ["B"]]),
    Case("a number without bounds", [[_use(x=10**300)], [text("B")]], [[USE], [RESULT], ["B"]]),
    Case("Anthropic's own tools", [[text("A"), *web_search("x"), text("B")]], [["A\n\nB"]]),
    Case("no tools", [[text("A")]], [["A"]]),
)
