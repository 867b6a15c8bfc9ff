"""The parser: CommonMark without HTML, with what people and models use beside it: see the modules that it puts together.

The page's is the same in JavaScript (static/chat/js/pages/markdown/markdown-parser.js); both are tested against one table.
"""

import re
from functools import cache
from typing import Final

from markdown_it import MarkdownIt

from chat.markdown.addresses import Addresses, link_address
from chat.markdown.blank_parts import add_blank_parts
from chat.markdown.definitions import add_definitions
from chat.markdown.extras import add_extras
from chat.markdown.fences import fence
from chat.markdown.flanking import Inline
from chat.markdown.footnotes import add_footnotes
from chat.markdown.math import keep_mathematics
from chat.markdown.mentions import mark_mentions

# Looking for bare addresses takes time in proportion to the text for each thing that begins like one.
_COLONS_WITH_LINKS: Final = 100
SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
# Within this site, where no scheme says where else.
_PLACE: Final = ("/", "?", "#", ".")
_SCHEME: Final = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):", re.IGNORECASE)


class Parser(MarkdownIt):
    # Set while a definition is read: it has to lead somewhere. `[12:30]: hello` is what someone says.
    is_in_definition = False

    def __init__(self, *, links: bool) -> None:
        super().__init__("commonmark", {"html": False, "linkify": links, "breaks": True})
        self.inline = Inline()
        self.linkify = Addresses()
        self.configure("commonmark", {"html": False, "linkify": links, "breaks": True})
        self.enable(["table", "strikethrough", *(["linkify"] if links else [])])
        self.inline.ruler.at("linkify", link_address)
        keep_mathematics(self)
        self.block.ruler.at("fence", fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
        add_definitions(self)
        add_blank_parts(self)
        # Before text is joined: what was escaped is still told from what was not.
        self.core.ruler.before("text_join", "mention", mark_mentions)
        add_extras(self)
        add_footnotes(self)

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Whether an address may be followed: what is not a link then stays as it was written."""
        scheme = _SCHEME.match(url)
        if scheme is None:
            return super().validateLink(url) and (not self.is_in_definition or url.startswith(_PLACE))
        return super().validateLink(url) and scheme.group(1).lower() in SCHEMES


def parser_for(content: str) -> MarkdownIt:
    return parser(links=content.count(":") <= _COLONS_WITH_LINKS)


@cache
def parser(*, links: bool) -> MarkdownIt:
    """Return the parser; with `links` it also makes links of bare addresses."""
    return Parser(links=links)
