"""Mentions. The parser marks what may be one; the names that exist then decide what it is.

So there is one rule: what is shown as a mention is what its person is told of, and what makes Claude reply. Marks are
elements of the HTML, which nothing that people write can forge: the parser escapes theirs.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from chat.markdown.definitions import is_definition
from chat.markdown.scripts import is_unspaced

# Names of one text that are looked up. Each is a parameter of the statement by which a whole round of messages is looked
# up: SQLite takes 32,766, and a text has room for thousands of names that no one has.
LOOKED_UP_AT_MOST: Final = 100
_NAME_CHARS: Final = 32
_RUN: Final = re.compile(r"@([a-z0-9][a-z0-9_.-]*)", re.ASCII | re.IGNORECASE)
_MARKED: Final = re.compile(r'<span class="mention">@([A-Za-z0-9_.-]{1,32})</span>')
_OPEN: Final = '<span class="mention">'
_SEPARATORS: Final = "_.-"
_FORMS: Final = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
# What ties an @ to the word before it: an address, a path, a handle of another site.
_TIES: Final = "@/."


class Meanings(NamedTuple):
    """What candidates mean, as far as it was found out. Names are in lower case.

    asked: those that were looked up. existing: those of them that people have.
    """

    asked: Collection[str]
    existing: Collection[str]

    def names_in(self, html: str) -> list[str]:
        """Return the names that the marks of a text mean, in its order, each once."""
        marks = dict.fromkeys(match[1].lower() for match in _MARKED.finditer(html))
        return list(dict.fromkeys(name for mark in marks if (name := self._of(mark)) is not None))

    def settled(self, html: str, shown: Collection[str]) -> str:
        """Return HTML whose marks show these names alone: what is not a mention must not look like one."""

        def decided(match: re.Match[str]) -> str:
            mark = match[1]
            name = self._of(mark)
            if name is None or name not in shown:
                return f"@{mark}"
            return f"{_OPEN}@{mark[: len(name)]}</span>{mark[len(name) :]}"

        return _MARKED.sub(decided, html)

    def _of(self, mark: str) -> str | None:
        """Return the longest name that exists; nothing shorter may stand for one that was not looked up."""
        for name in _prefixes(mark):
            if name in self.existing:
                return name
            if name not in self.asked:
                break
        return None


def candidates(html: str) -> list[str]:
    """Return the names that marked HTML may mention, in its order, each once, the longest of each mark first."""
    found: dict[str, None] = {}
    for match in _MARKED.finditer(html):
        for name in _prefixes(match[1]):
            found[name] = None
        if len(found) >= LOOKED_UP_AT_MOST:
            break
    return list(found)[:LOOKED_UP_AT_MOST]


def without_mentions(html: str) -> str:
    """Return marked HTML without any mark. Claude's replies mention no one."""
    return _MARKED.sub(r"@\1", html) if _OPEN in html else html


def names_in(html: str) -> set[str]:
    """Return the names that settled HTML mentions."""
    return {match[1].lower() for match in _MARKED.finditer(html)} if _OPEN in html else set()


def _prefixes(mark: str) -> Iterator[str]:
    """Yield what a mark may name, the longest first: `joe.then`, `joe.`, `joe` of `@joe.Then`."""
    name = mark.lower()
    for end in range(len(name), 0, -1):
        if end == len(name) or name[end] in _SEPARATORS:
            yield name[:end]


# --- What may be a mention ----------------------------------------------------------------------------------------


def spans_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield where text has something that may be a mention: from its @ to behind the longest name that it may mean."""
    beside = -1  # where @bob/@joe has its slash
    for match in _RUN.finditer(text):
        start, end = match.start(), match.end()
        if (start - 1 != beside and _is_tied(text[start - 1 : start])) or _goes_on(text[end : end + 2]):
            continue
        beside = end if text[end : end + 1] == "/" else -1
        if _is_in_word(text[end : end + 1]):
            end = _last_separator(text, start, end)
        if end > start + 1 + _NAME_CHARS:
            end = _last_separator(text, start, start + 2 + _NAME_CHARS)
        if end > start + 1:
            yield start, end


def _last_separator(text: str, start: int, end: int) -> int:
    """Return the last place before `end` where a name may end, or `start`."""
    return next((at for at in range(end - 1, start + 1, -1) if text[at] in _SEPARATORS), start)


def _is_tied(before: str) -> bool:
    return before != "" and (before in _TIES or _is_in_word(before))


def _goes_on(after: str) -> bool:
    """Whether this is the beginning of a path or an address: @types/node, @joe@example.org."""
    return len(after) == 2 and after[0] in "/@" and _is_in_word(after[1])


def _is_in_word(char: str) -> bool:
    category = unicodedata.category(char) if char else ""
    # The form of an emoji, and the key around a digit, are marks of no letter.
    if category[:1] not in ("L", "M", "N") or category == "Me" or char in _FORMS:
        return False
    return not is_unspaced(char)


def mark_mentions(state: StateCore) -> None:
    """A rule of the parser: mark mentions in its words, not in code, links or their definitions, or what others said."""
    quotes = 0
    for block in state.tokens:
        if block.type in ("blockquote_open", "blockquote_close"):
            quotes += block.nesting
        elif (
            block.type == "inline"
            and block.children
            and not quotes
            and "@" in block.content
            and not is_definition(block)
        ):
            block.children = list(_marked(block.children))


def _marked(tokens: list[Token]) -> Iterator[Token]:
    links = 0
    words: list[Token] = []
    for token in tokens:
        if token.type in ("text", "text_special") and not links:
            words.append(token)
            continue
        yield from _split(words)
        words = []
        if token.type in ("link_open", "link_close"):
            links += token.nesting
        yield token
    yield from _split(words)


def _split(words: list[Token]) -> Iterator[Token]:
    """Yield words that stand side by side, with their mentions marked. An escaped @ begins none, nor does an entity."""
    text = "".join(token.content for token in words)
    if "@" not in text:
        yield from words
        return
    escaped: set[int] = set()
    length = 0
    for token in words:
        if token.type == "text_special":
            escaped.add(length)
        length += len(token.content)
    position = 0
    for start, end in spans_in(text):
        if start not in escaped:
            yield Token("text", "", 0, content=text[position:start])
            yield Token("mention_open", "span", 1, attrs={"class": "mention"})
            yield Token("text", "", 0, content=text[start:end])
            yield Token("mention_close", "span", -1)
            position = end
    yield Token("text", "", 0, content=text[position:])
