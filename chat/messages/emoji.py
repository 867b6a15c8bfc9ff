"""Which texts are one emoji, each in its one written form.

emoji.txt holds Unicode's emoji in their qualified form, a subgroup to a line. It is made of emojibase-data 17.0.0 (MIT,
© Miles Johnson), en/data.json: each `hexcode` and those of its `skins`, without the components, and with U+FE0F behind the
single ones of `type` 0. Python's table of characters is older.
"""

from functools import cache
from pathlib import Path
from typing import Final

_LIST: Final = Path(__file__).with_name("emoji.txt")
# They ask for colour or for none. One emoji is written with and without them.
_WITHOUT_FORMS: Final = dict.fromkeys((0xFE0E, 0xFE0F))


def canonical_emoji(text: str) -> str | None:
    """Return the emoji that a text is, as Unicode writes it; None for any other text."""
    return _by_bare_form().get(text.translate(_WITHOUT_FORMS))


@cache
def _by_bare_form() -> dict[str, str]:
    return {emoji.translate(_WITHOUT_FORMS): emoji for emoji in _LIST.read_text(encoding="utf-8").split()}
