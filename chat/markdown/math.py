r"""Mathematics, kept as it was written: `\(x\)`, `\[x\]`, `$$x$$` and `$x$`.

It is taken before escapes, emphasis and blocks, which would eat its backslashes, stars and lines of signs. A dollar alone is
money more often: it needs a partner, words without space at both ends, and no letter or digit beside them, but of scripts
that have no spaces.
The page has the same rules (markdown-math.js).
"""

import html
import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final, cast

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.markdown.flanking import State
from chat.markdown.scripts import is_unspaced

_PAIRS: Final = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"))
_DISPLAYED: Final = _PAIRS[:2]
# Looking for the end of one takes time for each line.
_LINES_AT_MOST: Final = 200
# "$5 for me and 10$ for you"
_AMOUNT: Final = re.compile(r"[0-9][0-9.,]*")
_MONEY: Final = re.compile(r"[0-9][0-9.,]*\s+[^\W\d_]{2}")


def keep_mathematics(parser: MarkdownIt) -> None:
    """Make the parser take mathematics first."""
    parser.inline.ruler.before("escape", "math", _inline)
    parser.inline.add_terminator_char("$")
    parser.block.ruler.before("fence", "math", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.add_render_rule("math", _rendered)


def _rendered(_self: Any, tokens: Sequence[Token], at: int, *_more: Any) -> str:
    token = tokens[at]
    return f'<span class="{class_of(token.content)}">{html.escape(token.content, quote=False)}</span>'


def class_of(mathematics: str) -> str:
    return "math math-block" if mathematics.startswith(("$$", "\\[")) else "math"


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    end = _end_of_pair(state) or _end_of_dollars(state)
    if not end:
        return False
    if not silent:
        state.push("math", "span", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _end_of_pair(state: StateInline) -> int:
    """Return where mathematics between two different signs, or two pairs of dollars, ends; 0 if there is none here."""
    source, begin, memo = state.src, state.pos + 2, cast(State, state).memo
    closing = next((end for start, end in _PAIRS if source.startswith(start, state.pos)), "")
    # What is not found from here is not found further on: each text is searched once in vain.
    if not closing or (closing, state.posMax) in memo:
        return 0
    end = source.find(closing, begin, state.posMax)
    if end < 0:
        memo[closing, state.posMax] = True
        return 0
    is_escaped_link = closing == "\\]" and source[end + 2 : end + 3] in ("(", "[", ":")
    return 0 if is_escaped_link or not source[begin:end].strip(" \t\n") else end + 2


def _end_of_dollars(state: StateInline) -> int:
    source, at = state.src, state.pos
    after = source[at + 1 : at + 2]
    if source[at] != "$" or not _is_apart(source[at - 1 : at] if at else "") or after.isspace() or after == "$":
        return 0
    memo = cast(State, state).memo
    if "dollars" not in memo:
        # A line end and a code mark end nothing, and so nothing ends behind them.
        places = (each for each in range(1, len(source)) if source[each] in "$\n`")
        memo["dollars"] = [each for each in places if source[each] != "$" or _may_end(source, each)]
    ends: list[int] = memo["dollars"]
    found = bisect_left(ends, at + 2)
    end = ends[found] if found < len(ends) else state.posMax
    if end >= state.posMax or source[end] != "$" or source[at + 1] in "`\n" or _is_money(source, at + 1, end):
        return 0
    return end + 1


def _may_end(source: str, at: int) -> bool:
    before = source[at - 1]
    return not before.isspace() and before not in "\\$" and _is_apart(source[at + 1 : at + 2])


def _is_apart(char: str) -> bool:
    """Whether a character, or none, leaves a dollar beside it a sign of mathematics. Some scripts have no spaces."""
    return char != "$" and (not char.isalnum() or is_unspaced(char))


def _is_money(source: str, start: int, end: int) -> bool:
    amount = _AMOUNT.match(source, start, end)
    if amount is None:
        return False
    return _MONEY.match(source, start, end) is not None or is_unspaced(source[amount.end() : amount.end() + 1])


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A rule for mathematics that stands on lines of its own: a paragraph, whatever its lines look like."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    closing = next((end for opening, end in _DISPLAYED if state.src.startswith(opening, begin)), None)
    if closing is None or state.is_code_block(start_line):
        return False
    last = _last_line(state, start_line, end_line, closing)
    if last < 0:
        return False
    if not silent:
        state.line = last + 1
        state.push("paragraph_open", "p", 1).map = [start_line, state.line]
        inline = state.push("inline", "", 0)
        lines = state.getLines(start_line, state.line, state.blkIndent, False)
        inline.content = lines[: lines.rfind(closing) + 2].lstrip(" \t")
        inline.map, inline.children = [start_line, state.line], []
        state.push("paragraph_close", "p", -1)
    return True


def _last_line(state: StateBlock, start_line: int, end_line: int, closing: str) -> int:
    """Return the line that ends with a sign, or -1 where a blank line or another end comes first."""
    for line in range(start_line, min(end_line, start_line + _LINES_AT_MOST)):
        begin, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
        if begin >= end or (line > start_line and state.sCount[line] < state.blkIndent):
            return -1
        at = state.src.find(closing, begin + 2 if line == start_line else begin, end)
        if at >= 0:
            return line if not state.src[at + 2 : end].strip(" \t") else -1
    return -1
