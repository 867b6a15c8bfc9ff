"""The one form in which words and names are compared: without case, accents, compatibility forms and invisible signs.

The vowel signs of Indian and Thai scripts stay: they spell the word. Hebrew points and Arabic vowel signs go, because
people leave them out. Messages (chat.search.folding), names of people and rooms and, in JavaScript, the pages (folding.js)
have it.
"""

import unicodedata
from typing import Final

_FIRST_ACCENT_CLASS: Final = 200
# Hebrew points, and Arabic vowel signs: their combining classes.
_POINT_CLASSES: Final = range(10, 36)
# Letters with a stroke and the like, which have no decomposition.
_PLAIN_LETTERS: Final = {
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe",
}  # fmt: skip
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
TAGS: Final = range(0xE0020, 0xE0080)
# Arabic's line to stretch a word, and the variation selectors.
_INVISIBLE: Final = {0x0640, *range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


class _Folded(dict[int, str | None]):
    """What becomes of a character of a decomposed text; None: it's left out."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        self[code] = folded = None if is_left_out(char, code) else _folded_letter(char)
        return folded


def is_left_out(char: str, code: int) -> bool:
    """Whether a character of a decomposed text counts for nothing."""
    if code in _INVISIBLE or code in _SKIN_TONES:
        return True
    combining = unicodedata.combining(char)
    if combining >= _FIRST_ACCENT_CLASS or combining in _POINT_CLASSES:
        return True
    return unicodedata.category(char) == "Cf" and code not in TAGS


def _folded_letter(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    decomposed = unicodedata.normalize("NFKD", char.casefold())
    kept = "".join(each for each in decomposed if not is_left_out(each, ord(each)))
    return "".join(_PLAIN_LETTERS.get(each, each) for each in kept.casefold())


_FOLDED: Final = _Folded()


def fold(text: str) -> str:
    """Return the text without case, accents and invisible signs, each character in its one form."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text).translate(_FOLDED))
