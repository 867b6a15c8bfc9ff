"""Emphasis in scripts that put no space between words, and beside quotation marks.

CommonMark tells a marker that opens from one that closes by the spaces around it: in `**重要：**这是` it finds neither, and
shows stars. These are the CJK-friendly amendments to it, and the same for typographic quotation marks, which stand in one
language where a word begins and in another where it ends. The page has the same rule (markdown-flanking.js).
"""

from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

from chat.markdown.scripts import is_wide

QUOTATION_MARKS: Final = "“”„‟‘’‚‛«»‹›"


class State(StateInline):
    """memo: what rules have found out about the text, so that none looks for it at each of its signs."""

    def __init__(self, src: str, md: MarkdownIt, env: EnvType, outTokens: list[Token]) -> None:  # noqa: N803
        super().__init__(src, md, env, outTokens)
        self.memo: dict[object, Any] = {}

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - the library's names
        scanned = super().scanDelims(start, canSplitWord)
        end = start + scanned.length
        before = self.src[start - 1] if start > 0 else " "
        after = self.src[end] if end < self.posMax else " "
        if before == "{" and after == "}":  # x^{*}
            return Scanned(False, False, scanned.length)
        if not canSplitWord:
            return scanned  # "_" stands in too many names
        is_beside_wide = is_wide(before) or is_wide(after)
        opens = (is_beside_wide or after in QUOTATION_MARKS) and not isWhiteSpace(ord(after))
        closes = (is_beside_wide or before in QUOTATION_MARKS) and not isWhiteSpace(ord(before))
        return Scanned(scanned.can_open or opens, scanned.can_close or closes, scanned.length)


class Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens
