"""Keeps apart what a model says before and after it uses a tool: to a reader, each is a paragraph of its own. No I/O.

The model sends them as texts of their own and puts no white space between. Joined as they come, "Let me look." and "Found
it." run into each other, and a sentence after a closing fence becomes part of the code.
"""

import re
from typing import Final

# An opening or closing fence at the beginning of a line. Fences inside lists are indented, and end with their item.
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
# White space that a text begins with is held back until a word follows. No indentation is as wide.
_HELD_CHARS: Final = 200


class Paragraphs:
    """Takes one kind of a reply's words, as they come, and tells what to add to the text so far."""

    def __init__(self) -> None:
        self._is_apart = False
        self._held = ""

    def tool_used(self) -> None:
        """Begin a paragraph with the next word."""
        self._is_apart = True

    def joined(self, so_far: str, more: str) -> str:
        """Return what to append for the next words: nothing yet where they are blank and a paragraph is to begin."""
        if not self._is_apart:
            return more
        lead = self._held + more
        words = lead.lstrip()
        indentation = lead[: len(lead) - len(words)].rpartition("\n")[2][-_HELD_CHARS:]
        if not words:
            self._held = indentation
            return ""
        self._is_apart, self._held = False, ""
        return f"{break_after(so_far)}{indentation}{words}"

    @property
    def is_apart(self) -> bool:
        """Whether the next words need the text so far."""
        return self._is_apart


def break_after(text: str) -> str:
    """Return what ends a text's last paragraph, and a code block that it left open."""
    if not text.strip():
        return ""
    fence = open_fence(text)
    if fence:
        text, closing = f"{text}\n{fence}", f"{'' if text.endswith(chr(10)) else chr(10)}{fence}"
    else:
        closing = ""
    blank = text[len(text.rstrip()) :]
    missing = 2 - min(blank.count("\n"), 2)
    if not missing and not blank.endswith("\n"):
        missing = 1  # white space alone would indent what follows
    return closing + "\n" * missing


def open_fence(text: str) -> str:
    """Return the fence that would end the code block in which a text stops, or nothing when it stops in none."""
    fence = ""
    for found in _FENCE.finditer(text):
        marks, rest = found.groups()
        if not fence:
            if marks[0] == "~" or "`" not in rest:
                fence = marks
        elif marks[0] == fence[0] and len(marks) >= len(fence) and not rest.strip():
            fence = ""
    return fence
