"""Footnotes: `[^1]` where it is referred to, and `[^1]: words` as a paragraph where they stand.

A mark without words is text. There are no links between the two: an id in one message would be that of another one, too.
The page has the same rules (markdown-footnotes.js).
"""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_MARK: Final = re.compile(r"\[\^([A-Za-z0-9_-]{1,40})\]")
_DEFINITION: Final = re.compile(r"\[\^([A-Za-z0-9_-]{1,40})\]:[ \t]*(?=\S)")


def add_footnotes(parser: MarkdownIt) -> None:
    parser.block.ruler.before("reference", "footnote", _definition)
    parser.inline.ruler.before("link", "footnote", _mark)


def _key(label: str) -> str:
    """Return a name among those of links that no link has: theirs are in capitals."""
    return f"footnote {label.lower()}"


def _mark(state: StateInline, silent: bool) -> bool:
    found = _MARK.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if found is None or _key(found[1]) not in state.env.get("references", {}):
        return False
    if not silent:
        state.push("sup_open", "sup", 1)
        state.push("text", "", 0).content = found[1]
        state.push("sup_close", "sup", -1)
    state.pos = found.end()
    return True


def _definition(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    found = _at(state, start_line)
    if found is None or silent or state.is_code_block(start_line):
        return False
    line = start_line + 1
    while (
        line < end_line and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent and not _at(state, line)
    ):
        line += 1
    state.env.setdefault("references", {})[_key(found[1])] = {"href": "", "title": ""}
    words = state.getLines(start_line, line, state.blkIndent, False).lstrip(" \t")[found.end() - found.start() :]
    state.line = line
    state.push("paragraph_open", "p", 1).map = [start_line, line]
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = f"[^{found[1]}] {words}", [start_line, line], []
    state.push("paragraph_close", "p", -1)
    return True


def _at(state: StateBlock, line: int) -> re.Match[str] | None:
    return _DEFINITION.match(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line])
