"""The one form in which messages are searched: the index, the query and the excerpt all read a text by these rules.

- Letters are folded as those of names are (accounts.folding).
- Scripts without spaces (and Korean, whose endings have none) are cut into overlapping pairs.
- A symbol is a token of its own, so `C++` is three tokens in a row. Punctuation only separates.

Tokens hold no space, quote or backslash: both databases are given them as words between spaces.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from accounts.folding import TAGS, fold, is_left_out

_TOKEN_CHARS: Final = 64
_TERMS_AT_MOST: Final = 12
_QUERY_CHARS: Final = 200

_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)
# What follows a letter and belongs to it, without being a mark: vowels and finals of old Hangul, half-width voicing marks.
_TAKEN_ALONG: Final = {*range(0x1160, 0x1200), 0xFF9E, 0xFF9F}
_WITHOUT_SPACES: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x11FF), (0x1780, 0x17FF), (0x1950, 0x19DF), (0x1A20, 0x1AAF), (0x1B00, 0x1B7F),
    (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x312F), (0x3130, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0xA4CF),
    (0xA960, 0xA9FF), (0xAA60, 0xAADF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip
# Punctuation that means something inside a word or beside it; the other only separates.
_MEANT: Final = frozenset("#%&*@_§¶†‡‰")
# They are left out at the ends of a word that is searched: people write `*word*`, and markdown draws none of these.
_BARE_AT_ENDS: Final = frozenset("*_^~|=<>`")
_RUNS: Final = re.compile(r"w+|b+|rr?|st*|t")
# The same for a folded text of ASCII alone, as most are: it takes a tenth of the time, which the writer gives for each post.
_ASCII_TOKENS: Final = re.compile(r"[a-z0-9]+|[#$%&*+<=>@^_`|~]")
# Letters, digits, and what only separates them.
_PLAIN_ASCII: Final = re.compile(r"[0-9A-Za-z\s!\"'(),\-./:;?\[\\\]{}]*", re.ASCII)
_LONG_ASCII: Final = re.compile(r"\w{65}", re.ASCII)  # one more than _TOKEN_CHARS


class Token(NamedTuple):
    """A word, a pair of letters, or a symbol, and where it stands in the folded text.

    kind: `w` of a word, `b` of scripts without spaces, anything else for symbols. first_end: where its first letter ends.
    """

    text: str
    kind: str
    start: int
    end: int
    first_end: int


class Term(NamedTuple):
    """What one chunk of a query asks for: tokens that stand side by side. is_open: the last one may go on."""

    tokens: tuple[str, ...]
    is_open: bool

    @property
    def phrase(self) -> str:
        """The tokens as they stand between spaces in what the index holds."""
        return f" {' '.join(self.tokens)}{'' if self.is_open else ' '}"


class _Kinds(dict[int, str]):
    """The kind of a folded character, a letter for each; a space for what separates."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = _kind_of(chr(code), code)
        return kind


def _kind_of(char: str, code: int) -> str:
    category = unicodedata.category(char)
    if code in TAGS:
        return "t"
    if code in _FLAG_LETTERS:
        return "r"
    if category[0] == "S" or category == "Cn" or char in _MEANT:
        return "s"
    if category[0] in "LNM":
        return "b" if any(first <= code <= last for first, last in _WITHOUT_SPACES) else "w"
    return " "


_KINDS: Final = _Kinds()


def tokens_of(folded: str) -> Iterator[Token]:
    """Return the tokens of a folded text, in its order."""
    for run in _RUNS.finditer(folded.translate(_KINDS)):
        start, end = run.span()
        kind = run.group()[0]
        if kind != "b":
            yield Token(folded[start : min(end, start + _TOKEN_CHARS)], kind, start, end, end)
            continue
        for position in range(start, end):
            last = min(position + 2, end)
            yield Token(folded[position:last], kind, position, last, position + 1)


def terms_of(query: str) -> list[Term]:
    """Return what a query asks for; its last word may be unfinished. Tokens carry no operators."""
    chunks = [chunk for each in query[:_QUERY_CHARS].split() if (chunk := _asked(list(tokens_of(fold(each)))))]
    chunks = chunks[:_TERMS_AT_MOST]
    return [_term(chunk, is_last=number == len(chunks)) for number, chunk in enumerate(chunks, 1)]


def _asked(tokens: list[Token]) -> list[Token]:
    if all(token.kind not in "wb" for token in tokens):
        return tokens
    while tokens[0].text in _BARE_AT_ENDS:
        tokens = tokens[1:]
    while tokens[-1].text in _BARE_AT_ENDS:
        tokens = tokens[:-1]
    return tokens


def _term(tokens: list[Token], *, is_last: bool) -> Term:
    last = tokens[-1]
    # A run's last letter stands alone in the index, and in a longer text it's the first of a pair.
    if last.kind == "b" and len(tokens) > 1 and tokens[-2].kind == "b" and tokens[-2].end == last.end:
        return Term(tuple(token.text for token in tokens[:-1]), is_open=False)
    return Term(tuple(token.text for token in tokens), is_open=last.kind == "b" or (is_last and last.kind == "w"))


def is_plain_ascii(text: str) -> bool:
    """Return whether a tokenizer that knows nothing but ASCII finds the same words in the text itself."""
    return _PLAIN_ASCII.fullmatch(text) is not None and _LONG_ASCII.search(text) is None


def words_for_index(text: str, bytes_at_most: int) -> str:
    """Return a text's tokens with a space before and after each, as many as the index takes."""
    folded = fold(text)
    if folded.isascii():
        words = " ".join([token[:_TOKEN_CHARS] for token in _ASCII_TOKENS.findall(folded)])
    else:
        words = " ".join([token.text for token in tokens_of(folded)])
    if len(words) * 4 > bytes_at_most and len(words.encode()) > bytes_at_most:
        words = words.encode()[:bytes_at_most].decode(errors="ignore").rpartition(" ")[0]
    return f" {words} "


# --- Where a text holds what was asked for ---------------------------------------------------------------------------


class _Place(NamedTuple):
    """A token of a text, with the chunk of the text that it comes from: where that begins, and what it says."""

    token: Token
    at: int
    chunk: str


def hits_in(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Yield where the text holds one of the terms, from its beginning on."""
    longest = max((len(term.tokens) for term in terms), default=0)
    ahead: list[_Place] = []
    behind = 0
    for place in _places_of(text):
        ahead.append(place)
        if len(ahead) == longest:
            if found := _hit_at(ahead, terms, behind):
                yield found
                behind = found[1]
            ahead.pop(0)
    while ahead:
        if found := _hit_at(ahead, terms, behind):
            yield found
            behind = found[1]
        ahead.pop(0)


def _places_of(text: str) -> Iterator[_Place]:
    for found in _CHUNK.finditer(text):
        chunk = found.group()
        for token in tokens_of(fold(chunk)):
            yield _Place(token, found.start(), chunk)


_CHUNK: Final = re.compile(r"\S+")


def _hit_at(places: list[_Place], terms: Sequence[Term], behind: int) -> tuple[int, int] | None:
    """Return where the longest term begins and ends that begins with the first place, at or after `behind`."""
    best: tuple[int, int] | None = None
    for term in terms:
        if not _begins_with(places, term):
            continue
        first, last = places[0], places[len(term.tokens) - 1]
        is_one_letter = last.token.kind == "b" and len(term.tokens[-1]) == 1
        start = _in_text(first, first.token.start, is_end=False)
        end = _in_text(last, last.token.first_end if is_one_letter else last.token.end, is_end=True)
        if start >= behind and (best is None or end > best[1]):
            best = (start, end)
    return best


def _begins_with(places: list[_Place], term: Term) -> bool:
    if len(places) < len(term.tokens):
        return False
    *whole, last = term.tokens
    if any(place.token.text != token for place, token in zip(places, whole, strict=False)):
        return False
    held = places[len(whole)].token.text
    return held.startswith(last) if term.is_open else held == last


def _in_text(place: _Place, position: int, *, is_end: bool) -> int:
    """Return where a position in a folded chunk is in the text: at the edge of the letter that it belongs to."""
    if place.chunk.isascii():
        return place.at + position
    chunk, folded, index = place.chunk, 0, 0
    while index < len(chunk):
        after = _letter_end(chunk, index)
        width = len(fold(chunk[index:after]))
        if is_end and folded + width >= position:
            return place.at + after
        if not is_end and folded + width > position:
            return place.at + index
        folded, index = folded + width, after
    return place.at + len(chunk)


def _letter_end(chunk: str, start: int) -> int:
    end = start + 1
    while end < len(chunk) and _goes_along(chunk[end], ord(chunk[end])):
        end += 1
    return end


def _goes_along(char: str, code: int) -> bool:
    return unicodedata.category(char)[0] == "M" or code in _TAKEN_ALONG or is_left_out(char, code)
