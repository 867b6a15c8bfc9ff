"""A reply that says nothing says so, and can be retried; the results of a reply's last tool are read.

Report 19: six calls were paid, the last results never read, and the reply was empty. An empty `end_turn`, or one with
thoughts only, showed nothing but its price.
"""

from typing import Any, Final, NamedTuple

from fake_claude import Blocks, Mode, ToolUse
from fake_claude.replies import text, thinking

NO_REPLY: Final = "Claude gave no reply."
NO_ROOM: Final = "Claude reached the length limit before it replied. Retry gives it more room."


class Case(NamedTuple):
    """said: what the members read as the reason, in `reply.error`; nothing where the stop reason tells."""

    kind: str
    blocks: tuple[dict[str, Any], ...]
    stop_reason: str
    said: str

    def mode(self) -> Mode:
        return Blocks(self.blocks, stop_reason=self.stop_reason)

    def __str__(self) -> str:
        return self.kind


CASES: Final = (
    Case("no block at all", (), "end_turn", NO_REPLY),
    Case("an empty text", (text(""),), "end_turn", NO_REPLY),
    Case("a blank text", (text(" \n\n"),), "end_turn", NO_REPLY),
    Case("ideographic blanks", (text("\N{IDEOGRAPHIC SPACE}\N{NO-BREAK SPACE}"),), "end_turn", NO_REPLY),
    Case("characters that are not drawn", (text("\N{ZERO WIDTH SPACE}\N{WORD JOINER}\ufeff"),), "end_turn", NO_REPLY),
    Case("a blank pattern of Braille", (text("\N{BRAILLE PATTERN BLANK}"),), "end_turn", NO_REPLY),
    Case("a filler", (text("\N{HANGUL FILLER}\n"),), "max_tokens", NO_ROOM),
    Case("thoughts only", (thinking("It is late."),), "end_turn", NO_REPLY),
    Case("thoughts that are kept back", (thinking(""),), "end_turn", NO_REPLY),
    Case("a stop sequence before any word", (), "stop_sequence", NO_REPLY),
    Case("a reason that is not known yet", (), "of_tomorrow", NO_REPLY),
    Case("thoughts that fill the room", (thinking("It is late, " * 50),), "max_tokens", NO_ROOM),
    Case("no room for a word", (), "max_tokens", NO_ROOM),
    Case("a blank before the room ends", (text("\n"),), "max_tokens", NO_ROOM),
    Case("a refusal without a word", (), "refusal", ""),
    Case("too much to read", (), "model_context_window_exceeded", ""),
    Case("a word", (text("Yes."),), "end_turn", ""),
    Case("a word before the room ends", (text("Yes"),), "max_tokens", ""),
    Case("a digit after thoughts", (thinking("Hm."), text("7")), "end_turn", ""),
)

ROUNDS: Final = 6


def insatiable() -> Mode:
    """Return a model that asks for a tool as long as it may, and for much longer than it should."""
    mode = ToolUse("list_members")
    for _ in range(2 * ROUNDS):
        mode = ToolUse("list_members", then=mode)
    return mode
