"""Keeps apart what a model says before and after it uses a tool: to a reader, each is a paragraph of its own. No I/O.

The model sends them as texts of their own and puts no white space between. Joined as they come, "Let me look." and "Found
it." run into each other, and a sentence after a closing fence becomes part of the code.
"""

import re
from typing import Final

# An opening or closing fence. Inside of a list it is indented as well, and ends with its item.
_FENCE: Final = re.compile(r"([ \t]{0,40})(`{3,}+|~{3,}+)")
# With more, a line is code on its own.
_MOST_INDENTATION: Final = 3
_ITEM: Final = re.compile(r" {0,3}(?:[-*+]|[0-9]{1,9}[.)])(?:\s|$)")
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


def open_fence(text: str, *, in_lists: bool = False) -> str:
    """Return the fence that would end the code block in which a text stops, or nothing when it stops in none.

    in_lists: also a block that ends with its item of a list.
    """
    fence, is_in_list = "", False
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            fence = "" if found is not None and _closes(found, fence, in_lists=in_lists) else fence
        elif found is not None and _opens(found, is_in_list=is_in_list, in_lists=in_lists):
            fence, is_in_list = found[2], is_in_list and bool(found[1])
        elif line[:1].strip() or _ITEM.match(line):
            is_in_list = _ITEM.match(line) is not None
    return fence


def _opens(found: "re.Match[str]", *, is_in_list: bool, in_lists: bool) -> bool:
    indentation, marks, rest = *found.groups(), found.string[found.end() :]
    return (in_lists or _is_slight(indentation, is_in_list=is_in_list)) and (marks[0] == "~" or "`" not in rest)


def _closes(found: "re.Match[str]", fence: str, *, in_lists: bool) -> bool:
    indentation, marks, rest = *found.groups(), found.string[found.end() :]
    is_same = marks[0] == fence[0] and len(marks) >= len(fence) and not rest.strip()
    return is_same and (in_lists or _is_slight(indentation, is_in_list=False))


def _is_slight(indentation: str, *, is_in_list: bool) -> bool:
    return not indentation or (not is_in_list and len(indentation) <= _MOST_INDENTATION and "\t" not in indentation)
