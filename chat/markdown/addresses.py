"""Bare addresses: where one ends. The page has the same rule (markdown-addresses.js).

The library ends an address at a space, an ASCII sign of a sentence, or the end of the text. That takes in what follows it in
scripts without spaces, closing quotation marks, and the marker that closes an emphasis around it.
"""

import re
import unicodedata
from typing import Final

from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it.rules_inline import StateInline

from chat.markdown.flanking import QUOTATION_MARKS
from chat.markdown.scripts import is_sign, is_unspaced, is_wide

# They end an address wherever they stand in it.
_ENDS: Final = QUOTATION_MARKS + "…—―"
# They stand within titles, and so within addresses.
_WITHIN_WORDS: Final = "・･"
# At its end: signs of any script, emoji with what belongs to them, what is not seen.
_TRAILING: Final = frozenset({"Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "So", "Sk", "Cf"})
_TRAILING_MARKS: Final = "\ufe0f\u20e3"
_HOST: Final = re.compile(r"[a-z]+:(?://)?[^/?#]*", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)
_SCHEME_CHARS: Final = 6
_HOST_CHARS: Final = 300
_MARKERS: Final = "*_~"


class Addresses(LinkifyIt):
    """Finds addresses of the web and of mail that say that they are some."""

    def __init__(self) -> None:
        # A bare "example.py" is a file more often than a place; only what says http(s):// or mailto: becomes a link.
        super().__init__(None, {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        self.add("ftp:", None).add("//", None)

    def match_at_start(self, text: str) -> Match | None:
        found: Match | None = super().match_at_start(text)
        if found is None:  # behind a port, the library finds no end there
            end = next((at for at, char in enumerate(text[:_HOST_CHARS]) if is_wide(char)), 0)
            found = super().match_at_start(text[:end])
        while found is not None and (end := end_of(found.raw)) < len(found.raw):
            found = super().match_at_start(found.raw[:end])
        return found

    def match(self, text: str) -> list[Match] | None:
        """Return the addresses in a text. Each is looked at again on its own, so that both ways find the same."""
        matches: list[Match] = []
        for found in super().match(text) or ():
            own = self.match_at_start(found.raw)
            if own is not None:
                own.index, own.last_index = found.index, found.index + len(own.raw)
                matches.append(own)
        return matches or None


def end_of(address: str) -> int:
    """Return where an address ends that the library has found."""
    end = next((at for at, char in enumerate(address) if _is_end(char)), len(address))
    end = min(end, _end_of_host(address))
    while end > 0 and not address[end - 1].isascii() and _is_trailing(address[end - 1]):
        end -= 1
    return end


def _is_end(char: str) -> bool:
    return not char.isascii() and (char in _ENDS or (is_wide(char) and is_sign(char) and char not in _WITHIN_WORDS))


def _is_trailing(char: str) -> bool:
    return unicodedata.category(char) in _TRAILING or char in _TRAILING_MARKS


def _end_of_host(address: str) -> int:
    """No domain of the first level begins in Latin letters and goes on in a script without spaces, or in emoji."""
    host = _HOST.match(address)
    if host is None:
        return len(address)
    first = max(host.group().rfind(each) for each in ".@:/") + 1
    if not address[first : first + 1].isascii():
        return len(address)
    rest = range(first, host.end())
    return next(
        (at for at in rest if is_unspaced(address[at]) or unicodedata.category(address[at]) == "So"), len(address)
    )


def link_address(state: StateInline, silent: bool) -> bool:
    """The library's rule for addresses among words, but that an emphasis around an address closes behind it."""
    if not state.md.options.linkify or state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.pending[-_SCHEME_CHARS:])
    linkify = state.md.linkify
    if scheme is None or linkify is None:
        return False
    begun = len(scheme.group(1))
    found = linkify.match_at_start(state.src[state.pos - begun : state.posMax])
    if found is not None:
        end = _end_by_marker(state, found.raw)
        found = linkify.match_at_start(found.raw[:end]) if end < len(found.raw) else found
    if found is None or len(found.raw) <= begun:
        return False
    target = state.md.normalizeLink(found.url)
    if not state.md.validateLink(target):
        return False
    if not silent:
        state.pending = state.pending[:-begun]
        _push_link(state, target, state.md.normalizeLinkText(found.url))
    state.pos += len(found.raw) - begun
    return True


def _push_link(state: StateInline, target: str, words: str) -> None:
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": target}
    opening.markup, opening.info = "linkify", "auto"
    state.push("text", "", 0).content = words
    closing = state.push("link_close", "a", -1)
    closing.markup, closing.info = "linkify", "auto"


def _end_by_marker(state: StateInline, address: str) -> int:
    """Return where the marker stands in an address that closes what is open around it."""
    if not any(marker in address for marker in _MARKERS):
        return len(address)
    opened = {marker: _open_markers(state, marker) for marker in _MARKERS}
    at = 0
    while at < len(address):
        end = at
        while address[end : end + 1] == address[at]:
            end += 1
        if address[at] in _MARKERS and opened[address[at]] and _closes(address, at, end):
            return at
        at = end
    return len(address)


def _closes(address: str, at: int, end: int) -> bool:
    marker, after = address[at], address[end : end + 1]
    if marker == "~" and end - at < 2:
        return False
    return after == "" or after in _MARKERS or (marker != "_" and not after.isascii())


def _open_markers(state: StateInline, marker: str) -> int:
    count = 0
    for each in state.delimiters:
        if each.marker == ord(marker):
            if each.close and count:
                count -= 1
            elif each.open:
                count += 1
    return count
