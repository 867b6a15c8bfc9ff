"""Joins what a model writes to the text that it was asked to go on with. No I/O.

It is asked to repeat nothing and to go on in mid-line, and yet begins now and then with the last words once more, or opens
again the code block that it is in. Words are held back only for as long as they may be such a repetition.
"""

import re
from typing import Final

from chat.claude.reading.paragraphs import open_fence

# So much of the text's end may be repeated.
_TAIL_CHARS: Final = 2_000
# Less than this may be repeated on purpose: "very, very", a row of a table, a line of zeros.
_TELLING_BYTES: Final = 12
_TELLING_LETTERS: Final = 4
_FENCE_LINE_CHARS: Final = 100
# A fence with a language opens a block, also inside of one; a bare one closes it.
_REOPENED: Final = re.compile(r"\s{0,100}(`{3,}|~{3,})[ \t]{0,10}[A-Za-z][^\n`]{0,100}\n")


class Seam:
    """so_far: the text to go on with."""

    def __init__(self, so_far: str) -> None:
        self._tail = so_far[-_TAIL_CHARS:]
        self._fence = open_fence(so_far, in_lists=True)
        self._held = ""
        self._is_sewn = not so_far.strip()

    def joined(self, more: str) -> str:
        """Return what to append: nothing yet while all that came may be a repetition."""
        if self._is_sewn:
            return more
        self._held += more
        if self._may_be_fence() or self._without_fence().strip() in self._tail:
            return ""
        return self.rest()

    def rest(self) -> str:
        """Return what is held back, without what repeats the text so far."""
        if self._is_sewn:
            return ""
        self._is_sewn = True
        words = self._without_fence()
        for text in (words, words.lstrip()):
            for tail in (self._tail, self._tail.rstrip()):
                repeated = _overlap(tail, text)
                if repeated:
                    return text[repeated:]
        return words

    def _may_be_fence(self) -> bool:
        line = self._held.lstrip()
        return bool(self._fence) and line[:1] in ("`", "~") and "\n" not in line and len(line) < _FENCE_LINE_CHARS

    def _without_fence(self) -> str:
        found = _REOPENED.match(self._held) if self._fence else None
        is_same = found is not None and found[1][0] == self._fence[0]
        return self._held[found.end() :] if found is not None and is_same else self._held


def _overlap(tail: str, text: str) -> int:
    """Return the length of the longest beginning of a text with which the tail ends, if that is long enough to tell."""
    for length in range(min(len(tail), len(text)), 0, -1):
        if tail.endswith(text[:length]):
            return length if _is_telling(text[:length]) else 0
    return 0


def _is_telling(text: str) -> bool:
    words = "".join(text.split())
    return len(words.encode(errors="replace")) >= _TELLING_BYTES and len(set(words)) >= _TELLING_LETTERS
