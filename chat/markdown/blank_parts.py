"""Parts of a text that would draw nothing: a link without words, an empty heading, an empty quotation.

Someone wrote them to be seen, so they are drawn as they were written. The page has the same rules (markdown-blank-parts.js).
"""

import html
from collections.abc import Callable, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, heading
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from accounts.visible import has_ink

# What is made of quotations of nothing, one in another.
_QUOTATION: Final = ("blockquote_open", "blockquote_close", "paragraph_open", "inline", "paragraph_close")
_DRAWN: Final = ("code_inline", "image", "math")


def add_blank_parts(parser: MarkdownIt) -> None:
    parser.block.ruler.at("heading", _heading, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.block.ruler.at("blockquote", _blockquote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.add_render_rule("written", _rendered)


def draws(tokens: Sequence[Token]) -> bool:
    """Whether anything of these is seen."""
    return any(token.type in _DRAWN or has_ink(token.content) for token in tokens)


def with_words(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Return a rule for links that refuses one without words; what stands for it then is text, which names no one."""

    def worded(state: StateInline, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if silent:
            return True
        # Words before it were pushed with it.
        opened = next(at for at in range(before, len(state.tokens)) if state.tokens[at].type == "link_open")
        if draws(state.tokens[opened:]):
            return True
        del state.tokens[opened:], state.tokens_meta[opened:]
        state.push("written", "", 0).content = state.src[start : state.pos]
        return True

    return worded


def _rendered(_self: Any, tokens: Sequence[Token], at: int, *_more: Any) -> str:
    return html.escape(tokens[at].content, quote=False)


def _heading(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    before = len(state.tokens)
    if not heading(state, start_line, end_line, silent):
        return False
    if not silent and not state.tokens[before + 1].content:
        _write(state, before, start_line)
    return True


def _blockquote(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    before = len(state.tokens)
    if not blockquote(state, start_line, end_line, silent):
        return False
    if not silent and all(map(_is_quotation, state.tokens[before:])):
        _write(state, before, start_line)
    return True


def _is_quotation(token: Token) -> bool:
    return token.type in _QUOTATION and not token.content.strip("> \n")


def _write(state: StateBlock, before: int, start_line: int) -> None:
    """Put a paragraph with the text of these lines in place of what was made of them."""
    del state.tokens[before:]
    lines = [start_line, state.line]
    state.push("paragraph_open", "p", 1).map = lines
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start_line, state.line, state.blkIndent, False).strip()
    inline.map, inline.children = lines, []
    state.push("paragraph_close", "p", -1)
