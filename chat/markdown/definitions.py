"""Definitions of links, as CommonMark has them, but that one that makes no link is drawn as the text it is.

Someone wrote it to be read: `[alice]: https://example.org` would vanish. It names no one (`mark_mentions` leaves it alone).
The page has the same rules (markdown-definitions.js).
"""

from collections.abc import Callable
from typing import Final, Protocol, cast

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.token import Token

from chat.markdown.blank_parts import with_words

_READ: Final = "definitions_read"


class _Definition(dict[str, str]):
    """Where a definition leads. It notes each look at that in a list."""

    def __init__(self, found: dict[str, str], read: "list[_Definition]") -> None:
        super().__init__(found)
        self._read = read

    def __getitem__(self, key: str) -> str:
        if key == "href":
            self._read.append(self)
        return super().__getitem__(key)


class _Parser(Protocol):
    """is_in_definition: set while one is read, so that the parser refuses one that leads nowhere."""

    is_in_definition: bool


def add_definitions(parser: MarkdownIt) -> None:
    parser.block.ruler.at("reference", _reference)
    parser.inline.ruler.at("link", _noted(with_words(link)))
    parser.inline.ruler.at("image", _noted(image))
    parser.core.ruler.after("inline", "definitions", _draw_unused)


def is_definition(token: Token) -> bool:
    """Whether a block's words are a definition that is drawn."""
    return "definition" in token.meta


def _reference(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A rule for a definition: a paragraph, of which `_draw_unused` decides whether it stays."""
    parser = cast(_Parser, state.md)
    parser.is_in_definition = True
    try:
        if not reference(state, start_line, end_line, silent):
            return False
    finally:
        parser.is_in_definition = False
    lines = state.getLines(start_line, state.line, state.blkIndent, False).strip()
    references, label = state.env["references"], normalizeReference(_label_of(lines))
    found = None  # of two with one name, the first counts
    if not isinstance(references[label], _Definition):
        found = references[label] = _Definition(references[label], state.env.setdefault(_READ, []))
    state.push("paragraph_open", "p", 1).map = [start_line, state.line]
    token = state.push("definition", "", 0)
    token.content, token.map = lines, [start_line, state.line]
    token.meta = {"definition": found}
    state.push("paragraph_close", "p", -1)
    return True


def _label_of(lines: str) -> str:
    end = 1
    while lines[end] != "]":
        end += 2 if lines[end] == "\\" else 1
    return lines[1:end]


def _noted(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Return a rule for links that leaves no note of what it read for one that it did not make."""

    def noted(state: StateInline, silent: bool) -> bool:
        read: list[_Definition] = state.env.get(_READ, [])
        before = len(read)
        is_made = rule(state, silent)
        if silent or not is_made or state.tokens[-1].type == "written":
            del read[before:]
        return is_made

    return noted


def _draw_unused(state: StateCore) -> None:
    """A rule for the text, once links are made: definitions that made one go, all others become words."""
    used = {id(each) for each in state.env.get(_READ, ())}
    unused: list[Token] = []
    left_out: set[int] = set()
    for at, token in enumerate(state.tokens):
        if token.type != "definition":
            continue
        if id(token.meta["definition"]) in used:
            left_out.update((at - 1, at, at + 1))
            continue
        if unused and _follows(state.tokens, at, unused[-1]):
            left_out.update((at - 2, at - 1, at))
            unused[-1].content += f"\n{token.content}"
            unused[-1].map = [_lines_of(unused[-1])[0], _lines_of(token)[1]]
        else:
            unused.append(token)
    if left_out:
        state.tokens = [token for at, token in enumerate(state.tokens) if at not in left_out]
    for token in unused:
        token.type, token.children = "inline", []
        # They make no links of themselves, or of others.
        state.md.inline.parse(token.content, state.md, {}, token.children)


def _follows(tokens: list[Token], at: int, before: Token) -> bool:
    """Whether a definition is the next line of the one before it."""
    return at > 2 and tokens[at - 3].type == "definition" and _lines_of(before)[1] == _lines_of(tokens[at])[0]


def _lines_of(token: Token) -> list[int]:
    return token.map or [0, 0]
