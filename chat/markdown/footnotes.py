"""Footnotes: `[^1]` where it is referred to, and `[^1]: words` as a paragraph where they stand, with links to each other.

A mark without words is text. The links have no ids to lead to, since those of one message would be those of another, too:
the page finds the other end within the message (footnotes.js). The page has the same rules (markdown-footnotes.js).
"""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_MARK: Final = re.compile(r"\[\^([A-Za-z0-9_-]{1,40})\]")
_DEFINITION: Final = re.compile(r"\[\^([A-Za-z0-9_-]{1,40})\]:[ \t]*(?=\S)")
_MARKED: Final = "footnotes_marked"


def add_footnotes(parser: MarkdownIt) -> None:
    parser.block.ruler.before("reference", "footnote", _definition)
    parser.inline.ruler.before("link", "footnote", _mark)
    parser.core.ruler.after("inline", "footnotes", _unlink)


def _key(label: str) -> str:
    """Return a name among those of links that no link has: theirs are in capitals."""
    return f"footnote {label.lower()}"


def _mark(state: StateInline, silent: bool) -> bool:
    found = _MARK.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    if found is None or _key(found[1]) not in state.env.get("references", {}):
        return False
    if not silent:
        label = found[1]
        state.push("sup_open", "sup", 1).attrs = {"class": "footnote-mark"}
        if not state.linkLevel:
            state.env.setdefault(_MARKED, set()).add(label.lower())
            state.push("link_open", "a", 1).attrs = {"href": f"#fn:{label.lower()}"}
        state.push("text", "", 0).content = label
        if not state.linkLevel:
            state.push("link_close", "a", -1)
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
    inline.content, inline.map = f" {words}", [start_line, line]
    # The parser puts what it makes of the words behind them.
    inline.children = [
        Token("sup_open", "sup", 1, attrs={"class": "footnote-words"}),
        Token("link_open", "a", 1, attrs={"href": f"#fnref:{found[1].lower()}"}),
        Token("text", "", 0, content=found[1]),
        Token("link_close", "a", -1),
        Token("sup_close", "sup", -1),
    ]
    inline.meta = {"footnote": found[1].lower()}
    state.push("paragraph_close", "p", -1)
    return True


def _unlink(state: StateCore) -> None:
    """A rule for the text, once marks are made: words without a mark have nothing to lead back to."""
    marked = state.env.get(_MARKED, ())
    for token in state.tokens:
        label = token.meta.get("footnote")
        if label is not None and label not in marked and token.children:
            del token.children[3], token.children[1]


def _at(state: StateBlock, line: int) -> re.Match[str] | None:
    return _DEFINITION.match(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line])
