"""Blocks of code between fences, as CommonMark has them, but that blocks within a block of markdown pair up.

People who show markdown in a block of markdown often use fences of one length. A fence with the name of a language can't end
a block, so it begins one within, which the next bare fence ends. Where that leaves a block without an end, the first bare
fence ends it, as in CommonMark: what follows is not code. The page has the same rule (markdown-fences.js).
"""

from typing import Final

from markdown_it.rules_block import StateBlock

_MARKERS: Final = "`~"
_CHARS_AT_LEAST: Final = 3
# Each block of a text that blocks within leave without an end is read to the text's end.
_UNPAIRED_AT_MOST: Final = 10
_UNPAIRED: Final = "unpaired_fences"
# Its marker, its length, and what stands behind it.
Fence = tuple[str, int, str]
_MARKDOWN: Final = frozenset({"markdown", "md", "mdx", "gfm", "commonmark"})


def fence(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A rule of the parser."""
    opening = fence_at(state, start_line)
    if opening is None:
        return False
    marker, length, info = opening
    if marker == "`" and "`" in info:
        return False
    if silent:
        return True
    last, is_closed = _end(state, start_line, end_line, opening)
    state.line = last + is_closed
    token = state.push("fence", "code", 0)
    token.info = info
    token.content = state.getLines(start_line + 1, last, state.sCount[start_line], True)
    token.markup = marker * length
    token.map = [start_line, state.line]
    return True


def fence_at(state: StateBlock, line: int) -> Fence | None:
    """Return the marker, length and words of a line that is a fence."""
    begin, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    if begin >= end or state.src[begin] not in _MARKERS or state.is_code_block(line):
        return None
    marker = state.src[begin]
    behind = state.skipCharsStr(begin, marker)
    length = min(behind, end) - begin
    return (marker, length, state.src[behind:end]) if length >= _CHARS_AT_LEAST else None


def _end(state: StateBlock, start_line: int, end_line: int, opening: Fence) -> tuple[int, bool]:
    """Return the line behind a block's last one, and whether a fence stands there that ends it."""
    unpaired: int = state.env.get(_UNPAIRED, 0)
    if is_markdown(opening[2]) and unpaired < _UNPAIRED_AT_MOST:
        found = _end_among(state, start_line, end_line, opening)
        if found[1]:
            return found
        state.env[_UNPAIRED] = unpaired + 1
    marker, length, _ = opening
    return _end_among(state, start_line, end_line, (marker, length, ""))


def _end_among(state: StateBlock, start_line: int, end_line: int, opening: Fence) -> tuple[int, bool]:
    fences = OpenFences()
    fences.meet(opening)
    for line in range(start_line + 1, end_line):
        if state.bMarks[line] + state.tShift[line] < state.eMarks[line] and state.sCount[line] < state.blkIndent:
            return line, False
        fences.meet(fence_at(state, line))
        if not fences.open:
            return line, True
    return end_line, False


class OpenFences:
    """The blocks of code that are open at a line, the innermost last: the length of each fence, and what it takes."""

    def __init__(self) -> None:
        self.marker = ""
        self.open: list[tuple[int, bool]] = []

    def meet(self, fence: Fence | None) -> bool:
        """Take a line, which may be a fence; return whether it is one, or in a block."""
        if fence is None:
            return bool(self.open)
        marker, length, info = fence
        is_opening = not (marker == "`" and "`" in info)
        if not self.open:
            if is_opening:
                self.marker = marker
                self.open.append((length, is_markdown(info)))
            return is_opening
        most, takes_others = self.open[-1]
        if marker == self.marker and length >= most:
            if not info.strip(" \t"):
                self.open.pop()
            elif takes_others and is_opening:
                self.open.append((length, is_markdown(info)))
        return True


def is_markdown(info: str) -> bool:
    """Whether fences in a block of this kind may begin blocks of their own."""
    words = info.split()
    return bool(words) and words[0].lower() in _MARKDOWN
