"""Message text to safe HTML: markdown with HTML off, then an allow-list. No images: they would tell who reads.

Most messages have nothing to format; those take a short cut that gives the same HTML (a property test compares them).
"""

import html
import re
from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MENTION: Final = re.compile(r"(?<![\w@/.])@([a-z0-9](?:[a-z0-9_.-]{0,30}[a-z0-9_-])?)", re.ASCII | re.IGNORECASE)

# Text that no rule of markdown, linkify or mentions could touch.
_PLAIN: Final = re.compile(r"(?![0-9]+[.)])[A-Za-z0-9 ,;?'\"()éèêàâäöüßñçÄÖÜ’–—…]+[.!]?")
_HIGHLIGHTED_CHARS_AT_MOST: Final = 20_000
# Looking for bare addresses takes time in proportion to the text for each thing that begins like one.
_COLONS_WITH_LINKS: Final = 100
_TAGS: Final = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}, "code": {"class"}, "span": {"class"}, "pre": {"data-language"}}


def render(content: str) -> str:
    """Return the HTML of a message: safe to put into a page as it is."""
    if is_plain(content):
        return f"<p>{html.escape(content, quote=False)}</p>\n"
    return nh3.clean(
        _parser(links=content.count(":") <= _COLONS_WITH_LINKS).render(content),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def is_plain(content: str) -> bool:
    """Whether the short cut applies: such text is rendered at once, anything else off the event loop."""
    return _PLAIN.fullmatch(content) is not None and content.strip() == content and "  " not in content


def mentioned_names(content: str) -> set[str]:
    """Return the user names that a text mentions, whether or not there are such people."""
    return {match.group(1).lower() for match in MENTION.finditer(content)} if "@" in content else set()


@cache
def _parser(*, links: bool) -> MarkdownIt:
    """Return the parser; with `links` it also makes links of bare addresses."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": links, "breaks": True, "highlight": _highlight})
    parser.enable(["table", "strikethrough", *(["linkify"] if links else [])])
    parser.disable("image")
    # A bare "example.py" is a file more often than a place; only what says http(s):// or mailto: becomes a link.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})  # type: ignore[union-attr]
    parser.core.ruler.push("mention", _mark_mentions)
    return parser


def _highlight(code: str, language: str, _attributes: str) -> str:
    if not language or len(code) > _HIGHLIGHTED_CHARS_AT_MOST:
        return html.escape(code, quote=False)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return html.escape(code, quote=False)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _mark_mentions(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children and "@" in block.content:
            block.children = [piece for child in block.children for piece in _split_mentions(child)]


def _split_mentions(token: Token) -> list[Token]:
    if token.type != "text" or "@" not in token.content:
        return [token]
    pieces: list[Token] = []
    position = 0
    for match in MENTION.finditer(token.content):
        before, name = token.content[position : match.start()], token.content[match.start() : match.end()]
        pieces += [
            Token("text", "", 0, content=before),
            Token("mention_open", "span", 1, attrs={"class": "mention"}),
            Token("text", "", 0, content=name),
            Token("mention_close", "span", -1),
        ]
        position = match.end()
    return [*pieces, Token("text", "", 0, content=token.content[position:])] if pieces else [token]
