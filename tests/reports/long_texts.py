"""Legal texts whose JSON is long. Each must fit into a frame, however a client's library writes it."""

from typing import Final, NamedTuple


class LongText(NamedTuple):
    kind: str
    unit: str  # repeated up to the limit of characters

    def of(self, chars: int) -> str:
        """Return the text with so many code points."""
        return (self.unit * (chars // len(self.unit) + 1))[:chars]


LONG_TEXTS: Final = (
    LongText("Latin letters", "x"),
    LongText("letters with accents", "é"),
    LongText("Cyrillic letters, which json.dumps writes with six signs each", "ж"),
    LongText("Greek letters", "λόγος"),
    LongText("Arabic letters", "مرحبا "),
    LongText("Hindi, letters with marks", "हिन्दी"),
    LongText("Chinese signs, three bytes each", "日"),
    LongText("Korean syllables", "한국"),
    LongText("emoji, four bytes each or two escapes of six", "😀"),
    LongText("emoji of several parts", "👩\u200d👩\u200d👧"),
    LongText("Gothic letters, beyond the first plane", "𐌰"),
    LongText("ideographs of the second plane", "𠀀"),
    LongText("quotation marks, which JSON escapes", '"'),
    LongText("backslashes, which JSON escapes", "\\"),
    LongText("line ends, which JSON escapes", "a\n"),
    LongText("control characters, six signs each", "a\u0001"),
    LongText("line separators, which some libraries escape", "a\u2028"),
    LongText("private use, which some libraries escape", "a\ue000"),
)
