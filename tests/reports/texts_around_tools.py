"""Texts around a tool are paragraphs of their own; texts of one message, and those around a pause, are not.

Report 17: "Let me look." and "Found it." were glued to "Let me look.Found it.", and prose landed inside a code block.
"""

from typing import Any, Final, NamedTuple

from fake_claude import Blocks, Mode
from fake_claude.lookups import web_search
from fake_claude.replies import text, thinking, tool_use

Block = dict[str, Any]


class Case(NamedTuple):
    """rounds: the messages that Claude sends one after the other. stops: why each of them but the last ends."""

    kind: str
    rounds: list[list[Block]]
    text: str
    thinking: str = ""
    stops: str = "tool_use"

    def mode(self) -> Mode:
        then: Mode = Blocks(tuple(self.rounds[-1]))
        for blocks in reversed(self.rounds[:-1]):
            then = Blocks(tuple(blocks), then, stop_reason=self.stops)
        return then

    def __str__(self) -> str:
        return self.kind


def _use() -> Block:
    return tool_use("list_members")


def _around(before: str, after: str, joined: str, kind: str) -> Case:
    return Case(kind, [[text(before), _use()], [text(after)]], joined)


_PAUSED: Final = web_search("tides")
_FOUND: Final = web_search("moon")

CASES: Final = (
    _around("Let me look.", "Found it.", "Let me look.\n\nFound it.", "a sentence before and after"),
    _around("Look. ", "Found.", "Look. \n\nFound.", "a blank at the end"),
    _around("Look.\n", "Found.", "Look.\n\nFound.", "one line break at the end"),
    _around("Look.\n\n", "Found.", "Look.\n\nFound.", "a blank line is there already"),
    _around("Look.", "\n\nFound.", "Look.\n\nFound.", "a blank line comes with the next text"),
    _around("Look.\n\n   ", "Found.", "Look.\n\n   \nFound.", "blanks after a blank line would indent what follows"),
    _around("Look.", "    x = 1\n", "Look.\n\n    x = 1\n", "an indented block after the tool keeps its indentation"),
    _around("```py\nx = 1\n```", "Found.", "```py\nx = 1\n```\n\nFound.", "prose after a closing fence"),
    _around("```py\nx = 1", "Found.", "```py\nx = 1\n```\n\nFound.", "prose after a block that was left open"),
    _around(
        "~~~~\na ~~~ b\n", "Found.", "~~~~\na ~~~ b\n~~~~\n\nFound.", "a longer fence of tildes that was left open"
    ),
    _around("  ```py\n  x = 1", "Found.", "  ```py\n  x = 1\n```\n\nFound.", "an indented block that was left open"),
    _around("- a\n  ```\n  x", "Found.", "- a\n  ```\n  x\n\nFound.", "a block in a list that was left open"),
    _around("- one\n- two", "- three", "- one\n- two\n\n- three", "lists"),
    _around("| a |\n| - |\n| 1 |", "So: 1", "| a |\n| - |\n| 1 |\n\nSo: 1", "prose after a table"),
    _around("# Title", "Text", "# Title\n\nText", "text after a heading"),
    _around("調べます。", "見つけました。", "調べます。\n\n見つけました。", "a script without spaces"),
    _around("أبحث.", "وجدته.", "أبحث.\n\nوجدته.", "a script from right to left"),
    _around("\N{LEFT-POINTING MAGNIFYING GLASS}", "\N{PARTY POPPER}", "🔍\n\n🎉", "emoji beyond the basic plane"),
    Case("nothing was said before the tool", [[_use()], [text("Found.")]], "Found."),
    Case("only blanks were said before the tool", [[text(" \n"), _use()], [text("Found.")]], " \nFound."),
    Case("nothing is said after it", [[text("Look."), _use()], [text("\n\n")]], "Look."),
    Case("two tools at once", [[text("Look."), _use(), _use()], [text("Found.")]], "Look.\n\nFound."),
    Case(
        "a tool in each of three rounds",
        [[text("One."), _use()], [text("Two."), _use()], [_use()], [text("Three.")]],
        "One.\n\nTwo.\n\nThree.",
    ),
    Case("two texts of one message", [[text("One, "), text("two.")]], "One, two."),
    Case(
        "two texts of one message after a tool",
        [[text("Look."), _use()], [text("One, "), text("two.")]],
        "Look.\n\nOne, two.",
    ),
    Case(
        "a tool of ours between texts of one message",
        [[text("A."), _use(), text("B.")], [text("C.")]],
        "A.\n\nB.\n\nC.",
    ),
    Case("a search by Anthropic between two texts", [[text("Look."), *_FOUND, text("Found.")]], "Look.\n\nFound."),
    Case(
        "a pause in mid-word",
        [[*_FOUND, text("The ti")], [text("de is high.")]],
        "The tide is high.",
        stops="pause_turn",
    ),
    Case(
        "a pause in the middle of a search",
        [[text("Look."), _PAUSED[0]], [_PAUSED[1], text("Found.")]],
        "Look.\n\nFound.",
        stops="pause_turn",
    ),
    Case(
        "thoughts around a tool",
        [[thinking("Where is it?"), _use()], [thinking("There."), text("Found.")]],
        "Found.",
        "Where is it?\n\nThere.",
    ),
    Case(
        "thoughts and texts around a tool",
        [[thinking("Hm."), text("Look."), _use()], [thinking("Ah."), text("Found.")]],
        "Look.\n\nFound.",
        "Hm.\n\nAh.",
    ),
)
