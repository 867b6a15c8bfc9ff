"""What is left out at both ends of a text. Indentation is not: in code, lists and quotations it means something."""

from typing import Final

_LINE_BREAKS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def without_blank_ends(text: str) -> str:
    """Return the text without blank lines at its ends, and without white space at the end of its last line."""
    text = text.rstrip()
    blank = text[: len(text) - len(text.lstrip())]
    return text[max(blank.rfind(each) for each in _LINE_BREAKS) + 1 :] if blank else text
