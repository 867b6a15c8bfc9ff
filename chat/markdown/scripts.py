"""Scripts that put no space between words. The page has the same table (static/chat/js/pages/markdown/scripts.js)."""

import unicodedata
from typing import Final

# With what is attached to a word in Korean: a name, a link or a marked word ends where one of these begins.
UNSPACED: Final = (
    ("\u0e00", "\u0fff"),  # Thai, Lao, Tibetan
    ("\u1000", "\u109f"),  # Myanmar
    ("\u1100", "\u11ff"),  # Hangul
    ("\u1780", "\u17ff"),  # Khmer
    ("\u2e80", "\ua4cf"),  # CJK punctuation, kana, Bopomofo, Hangul, Han, Yi
    ("\ua960", "\ua97f"),  # Hangul
    ("\uac00", "\ud7ff"),  # Hangul
    ("\uf900", "\ufaff"),  # Han
    ("\uff66", "\uffdc"),  # narrow kana and Hangul
    ("\U0001aff0", "\U0001b2ff"),  # kana, Tangut
    ("\U00020000", "\U0003ffff"),  # Han
)
# Signs as wide as those, which stand beside them.
WIDE_SIGNS: Final = (("\ufe10", "\ufe1f"), ("\ufe30", "\ufe6f"), ("\uff00", "\uff65"), ("\uffe0", "\uffef"))


def is_unspaced(char: str) -> bool:
    return char > "\u0dff" and any(first <= char <= last for first, last in UNSPACED)


def is_wide(char: str) -> bool:
    """Whether this is a character of such a script, or a sign beside them."""
    return is_unspaced(char) or (char > "\ufe0f" and any(first <= char <= last for first, last in WIDE_SIGNS))


def is_sign(char: str) -> bool:
    """Whether this is punctuation or a symbol."""
    return unicodedata.category(char)[0] in "PS"
