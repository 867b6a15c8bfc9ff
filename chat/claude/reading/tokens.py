"""How many tokens a text is at most likely to be. Pure, and quick: a context is measured message by message.

No tokenizer is at hand before a call, so this errs on the high side: English comes out at up to twice its true size, other
scripts closer to it. A script that the vocabulary hardly knows costs a token for each byte of UTF-8, never more.
"""

import json
from bisect import bisect_right
from itertools import accumulate
from typing import Any, Final

_TENTHS: Final = 10
# Of the high side: a word of four letters and its blank are 1.9 tokens at most, and 1.1 as a rule.
_LIKELY_TENTHS: Final = 6
# What the Messages API adds around the text of a turn, and around tool definitions.
TURN_TOKENS: Final = 8
TOOLS_TOKENS: Final = 500


def _weights() -> bytes:
    """Tenths of a token for each byte of UTF-8: the first byte of a character tells its script, the others count 0."""
    tenths = [0] * 256
    for byte in range(0x80):
        char = chr(byte)
        if char.islower():
            tenths[byte] = 4
        elif char.isupper():
            tenths[byte] = 8  # capitals, keys and base64 are cut into short pieces
        elif char == " ":
            tenths[byte] = 3
        else:
            tenths[byte] = 10  # digits, punctuation, line breaks
    for byte in range(0xC0, 0xE0):  # two bytes
        tenths[byte] = 10 if byte <= 0xC9 or byte in (0xCE, 0xCF, 0xD0, 0xD1) else 20  # Latin, Greek, Cyrillic
    for byte in range(0xE0, 0xF0):  # three bytes
        tenths[byte] = 20 if 0xE3 <= byte <= 0xED else 30  # kana, Han, Hangul
    for byte in range(0xF0, 0x100):  # four bytes: emoji, rare scripts
        tenths[byte] = 40
    return bytes(tenths)


_WEIGHTS: Final = _weights()


def estimate(text: str) -> int:
    """Return the tokens that a text is taken for."""
    return -(-sum(_tenths(text)) // _TENTHS)


def likely(text: str) -> int:
    """Return how many tokens a text of the model's is likely to have cost: English comes out about right, others near it."""
    return -(-sum(_tenths(text)) * _LIKELY_TENTHS // (_TENTHS * _TENTHS))


def estimate_json(value: Any) -> int:
    return estimate(json.dumps(value, ensure_ascii=False))


def beginning(text: str, tokens: int) -> str:
    """Return the longest beginning that is taken for so many tokens or fewer."""
    return _first(text.encode(errors="replace"), tokens)


def ending(text: str, tokens: int) -> str:
    """Return the longest end that is taken for so many tokens or fewer."""
    encoded = text.encode(errors="replace")
    rest = sum(encoded.translate(_WEIGHTS)) - max(tokens, 0) * _TENTHS
    if rest <= 0:
        return text
    spent = list(accumulate(encoded.translate(_WEIGHTS)))
    cut = bisect_right(spent, rest - 1) + 1  # the first byte whose loss leaves little enough
    return encoded[cut:].decode(errors="ignore")


def _first(encoded: bytes, tokens: int) -> str:
    spent = list(accumulate(encoded.translate(_WEIGHTS)))
    return encoded[: bisect_right(spent, max(tokens, 0) * _TENTHS)].decode(errors="ignore")


def _tenths(text: str) -> bytes:
    # A lone surrogate cannot be encoded; it is left out of what is sent.
    return text.encode(errors="replace").translate(_WEIGHTS)
