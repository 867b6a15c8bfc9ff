"""The text of a message as people read it: what search, quotes and notifications show in place of its markdown."""

import re
from html import unescape
from typing import Final
from urllib.parse import unquote

# Text on both sides of these is one word; every other element stands apart.
_INLINE: Final = frozenset(
    "a abbr b code del em i ins kbd mark s small span strong sub sup u".split()  # noqa: SIM905 - a row of names
)
# The allow-list's output: no comments, and no `>` inside a value without quotes around it.
_TAG: Final = re.compile(r'</?([a-z0-9]+)(?: [^<>"]*(?:"[^"]*"[^<>"]*)*)?>')
_CUT_OFF: Final = re.compile(r"<[^<>]*\Z|&[a-z#0-9]{0,8}\Z")
_ADDRESS: Final = re.compile(r' href="(https?://[^"]*)"')


def rendered_text(html: str) -> str:
    """Return the text of a message's HTML, or of its beginning."""
    return unescape(_CUT_OFF.sub("", _TAG.sub(_between, html)))


def _between(tag: "re.Match[str]") -> str:
    return "" if tag[1] in _INLINE else "\n"


def rendered_or_written(html: str, content: str) -> str:
    """Return the text of a message. Only notices, and rows that no one posted, have no HTML."""
    return rendered_text(html) if html else content


def searched_text(html: str, content: str) -> str:
    """Return what a message is found by: its text, and where its links lead."""
    text = rendered_or_written(html, content)
    if " href=" not in html:
        return text
    addresses = dict.fromkeys(unescape(found) for found in _ADDRESS.findall(html))
    return "\n".join([text, *(each for each in addresses if each not in text and unquote(each) not in text)])
