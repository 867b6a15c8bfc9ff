"""Message text to safe HTML: markdown with HTML off, then an allow-list. No images: they would tell who reads.

Most messages have nothing to format; those take a short cut that gives the same HTML (a property test compares them).
Anything else may take long: a server has it rendered by `chat.realtime.rendering`, in a process with a deadline. Code gets
no colours here: the page colours it, where a slow grammar holds up no one.
"""

import html
import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

import nh3
from markdown_it.token import Token

from accounts.visible import has_ink
from chat.markdown.mentions import LOOKED_UP_AT_MOST, spans_in
from chat.markdown.parser import SCHEMES, parser, parser_for
from chat.markdown.rendered_text import rendered_text

# Text that no rule of markdown, linkify or mentions could touch.
_PLAIN: Final = re.compile(r"(?![0-9]+[.)])[A-Za-z0-9 ,;?'\"()éèêàâäöüßñçÄÖÜ’–—…]+[.!]?")
_INDENTATION_AT_MOST: Final = 3
# A text that would become more HTML than this is shown as it was written: 4,000 bytes, and five for each of its own.
# Escaping "&" takes five, so that what is shown as it was written has the same bound.
_HTML_BYTES_ANYWAY: Final = 4_000
_HTML_BYTES_PER_BYTE: Final = 5
HTML_BYTES_AT_MOST: Final = 400_000
# Elements in each other. Browsers change what is deeper than 512, and code that walks such a page runs out of stack. The
# page has the same bound (block-size.js).
_DEPTH_AT_MOST: Final = 100
_AS_WRITTEN: Final = '<p class="as-written">'
_TAGS: Final = {
    "a", "blockquote", "br", "code", "del", "details", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "kbd", "li", "ol",
    "p", "pre", "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href"}, "ol": {"start"}, "code": {"class"}, "span": {"class"}, "sup": {"class"}, "pre": {"data-language"},
}  # fmt: skip


def _paragraph(escaped: str) -> str:
    return f"<p>{escaped}</p>\n"


def is_drawn_as_written(html: str, content: str) -> bool:
    """Return whether a message's HTML is its content in a paragraph, letter by letter."""
    return html == _paragraph(content)


def render(content: str) -> str:
    """Return the HTML of a message: safe to put into a page as it is, and no larger than `html_bytes_for`."""
    if is_plain(content):
        return _paragraph(html.escape(content.lstrip(" "), quote=False))
    most = html_bytes_for(content)
    made = parser_for(content)
    tokens = made.parse(content)
    if _depth_of(tokens) > _DEPTH_AT_MOST:
        return as_written(content)
    parsed = made.renderer.render(tokens, made.options, {})
    if len(parsed) > 2 * most:  # it leaves out what the allow-list adds to links, and may quote more
        return as_written(content)
    cleaned = nh3.clean(
        parsed,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )
    if len(cleaned.encode()) > most:
        return as_written(content)
    # As the parser says, nothing in it is a mention.
    vanishes = not is_drawn(cleaned) and has_ink(content)  # a link without words, an empty heading
    return _unformatted(_escaped(_lines(content))) if vanishes else cleaned


def is_drawn(html_: str) -> bool:
    """Whether anything of a message's HTML is seen: words, a line, or the frame around code."""
    return "<hr" in html_ or "<pre" in html_ or has_ink(rendered_text(html_))


def html_bytes_for(content: str) -> int:
    """Return how many bytes the HTML of a text may have."""
    return min(HTML_BYTES_AT_MOST, _HTML_BYTES_ANYWAY + _HTML_BYTES_PER_BYTE * len(content.encode()))


def as_written(content: str) -> str:
    """Return the HTML of a text that is not formatted, because that would take too long or become too large."""
    lines = _lines(content)
    pieces: list[str] = []
    position = 0
    # Further ones are not looked up, and marks count towards the size.
    for start, end in islice(spans_in(lines), LOOKED_UP_AT_MOST):
        pieces += [_escaped(lines[position:start]), f'<span class="mention">{lines[start:end]}</span>']
        position = end
    return _unformatted("".join([*pieces, _escaped(lines[position:])]))


def _lines(content: str) -> str:
    return content.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _unformatted(inside: str) -> str:
    return f"{_AS_WRITTEN}{inside}</p>\n"


def _escaped(lines: str) -> str:
    return html.escape(lines, quote=False).replace("\n", "<br>")


def is_as_written(html_: str) -> bool:
    """Whether this HTML is that of `as_written`: the allow-list lets no other paragraph keep a class."""
    return html_.startswith(_AS_WRITTEN)


def _depth_of(tokens: Sequence[Token]) -> int:
    depth = deepest = 0
    for block in tokens:
        depth += block.nesting
        deepest = max(deepest, depth)
        inner = depth
        for token in block.children or ():
            inner += token.nesting
            deepest = max(deepest, inner)
    return deepest


def warm_up() -> None:
    """Make the parsers, and everything that they make when they are first used."""
    for links in (True, False):
        parser(links=links).render("*a* `b` [c](https://d.e)\n\n- f\n\n| g |\n|---|\n| @h |\n")
    nh3.clean("")


def start_over() -> None:
    """Forget the parsers: one that was interrupted may be half changed."""
    parser.cache_clear()
    warm_up()


def is_plain(content: str) -> bool:
    """Whether the short cut applies: such text is rendered at once, anything else off the event loop."""
    words = content.lstrip(" ")  # four spaces would make it code
    is_indented = len(content) - len(words) > _INDENTATION_AT_MOST
    return not is_indented and _PLAIN.fullmatch(words) is not None and words[-1] != " " and "  " not in words
