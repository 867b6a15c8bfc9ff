"""How many tokens a text costs, as far as its characters tell. Pure, and quick: a context is measured message by message.

No tokenizer of today's models is public, and a call that counts is too slow for each message. So each block of 256
characters has a weight. Those of scripts come from the last tokenizer that Anthropic has published (the npm package
@anthropic-ai/tokenizer 0.0.4), with which today's agrees outside of the Latin script. There it makes 1.2 to 1.5 times as
many tokens, measured through `count_tokens`: https://sol.ava.dev/writings/2026-04-17-opus-4-7-tokenizer.html.

`likely` is the middle, and what is billed where Anthropic's count is not known. `estimate` is the high side, by one factor
for all scripts: budgets and reservations must not leak.
"""

import json
from bisect import bisect_right
from itertools import accumulate
from typing import Any, Final

_HUNDREDTHS: Final = 100
# Rare words and names, and languages that share a script with a more common one.
_HIGH_SIDE_PERCENT: Final = 150
# What the Messages API adds around the text of a turn, and around tool definitions.
TURN_TOKENS: Final = 8
TOOLS_TOKENS: Final = 500


def _weights_of_latin() -> bytes:
    """Return hundredths of a token for each of the first 256 characters."""
    hundredths = [0] * 256
    for code in range(256):
        char = chr(code)
        if code >= 0x80:
            hundredths[code] = 200  # also in words that would be one token without it
        elif char.islower() or char == " ":
            hundredths[code] = 31
        elif char.isdigit():
            hundredths[code] = 54
        elif char.isupper():
            hundredths[code] = 60  # capitals, keys and base64 are cut into short pieces
        else:
            hundredths[code] = 75  # punctuation, line breaks
    return bytes(hundredths)


# Hundredths of a token for each character of a block, by its first and last 256 characters.
_BLOCKS: Final = (
    (0x01, 0x02, 250),  # Latin letters with marks
    (0x03, 0x03, 115),  # Greek
    (0x04, 0x04, 52),  # Cyrillic
    (0x05, 0x05, 125),  # Armenian, Hebrew
    (0x06, 0x08, 100),  # Arabic, Syriac
    (0x09, 0x09, 135),  # Devanagari, Bengali
    (0x0A, 0x0D, 185),  # Gurmukhi, Gujarati, Oriya, Tamil, Telugu, Kannada, Malayalam, Sinhala
    (0x0E, 0x0E, 185),  # Thai, Lao
    (0x0F, 0x0F, 250),  # Tibetan
    (0x10, 0x10, 150),  # Myanmar, Georgian
    (0x12, 0x1D, 250),  # Ethiopic, Cherokee, Khmer, Mongolian
    (0x11, 0x11, 200),  # Hangul in pieces
    (0x1E, 0x1F, 220),  # Vietnamese, old Greek
    (0x20, 0x2F, 120),  # punctuation, arrows, signs
    (0x30, 0x30, 105),  # kana
    (0x31, 0xA6, 100),  # Han
    (0xA7, 0xAB, 250),
    (0xAC, 0xD7, 115),  # Hangul
    (0xD8, 0xDF, 130),  # half of an emoji, or of a character of a rare script
    (0xE0, 0xF8, 200),
    (0xF9, 0xFF, 120),  # full width, variants
)


def _weights_of_blocks() -> bytes:
    """Return them by the upper half of a character's UTF-16; nothing for the first block, whose characters differ."""
    hundredths = [0] * 256
    for first, last, weight in _BLOCKS:
        hundredths[first : last + 1] = [weight] * (last + 1 - first)
    return bytes(hundredths)


_LATIN: Final = _weights_of_latin()
_BY_BLOCK: Final = _weights_of_blocks()


def estimate(text: str) -> int:
    """Return the most tokens that a text is taken for."""
    return -(-_hundredths(text) * _HIGH_SIDE_PERCENT // (_HUNDREDTHS * _HUNDREDTHS))


def likely(text: str) -> int:
    """Return how many tokens a text is likely to cost."""
    return -(-_hundredths(text) // _HUNDREDTHS)


def likely_of(most: int) -> int:
    """Return how many tokens a text is likely to cost that was taken for so many on the high side."""
    return most * _HUNDREDTHS // _HIGH_SIDE_PERCENT


def estimate_json(value: Any) -> int:
    return estimate(json.dumps(value, ensure_ascii=False))


def beginning(text: str, tokens: int) -> str:
    """Return the longest beginning that is taken for so many tokens or fewer, on the high side."""
    units, spent = _spent(text)
    return _text(units[: 2 * bisect_right(spent, _room(tokens))])


def ending(text: str, tokens: int) -> str:
    """Return the longest end that is taken for so many tokens or fewer, on the high side."""
    units, spent = _spent(text)
    rest = (spent[-1] if spent else 0) - _room(tokens)
    if rest <= 0:
        return text
    cut = bisect_right(spent, rest - 1) + 1  # the first unit whose loss leaves little enough
    return _text(units[2 * cut :])


def _hundredths(text: str) -> int:
    latin = text.encode("latin-1", "ignore")
    weight = sum(latin.translate(_LATIN))
    if len(latin) < len(text):
        weight += sum(_units(text)[::2].translate(_BY_BLOCK))
    return weight


def _spent(text: str) -> tuple[bytes, list[int]]:
    """Return a text's units of UTF-16, and what it weighs up to and with each of them."""
    units = _units(text)
    upper, lower = units[::2], units[1::2].translate(_LATIN)
    weights = (block or latin for block, latin in zip(upper.translate(_BY_BLOCK), lower, strict=True))
    return units, list(accumulate(weights))


def _room(tokens: int) -> int:
    return max(tokens, 0) * _HUNDREDTHS * _HUNDREDTHS // _HIGH_SIDE_PERCENT


def _units(text: str) -> bytes:
    # A lone surrogate is left out of what is sent.
    return text.encode("utf-16-be", "surrogatepass")


def _text(units: bytes) -> str:
    return units.decode("utf-16-be", "ignore")
