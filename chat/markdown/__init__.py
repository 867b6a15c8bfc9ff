"""Message text to safe HTML, and which people a text names: one parser for pages, mentions and Claude's prompts."""

from chat.markdown.blank_ends import without_blank_ends
from chat.markdown.formatting import (
    HTML_BYTES_AT_MOST,
    as_written,
    html_bytes_for,
    is_as_written,
    is_drawn,
    is_drawn_as_written,
    is_plain,
    render,
    start_over,
    warm_up,
)
from chat.markdown.mentions import Meanings, candidates, names_in, without_mentions

__all__ = [
    "HTML_BYTES_AT_MOST",
    "Meanings",
    "as_written",
    "candidates",
    "html_bytes_for",
    "is_as_written",
    "is_drawn",
    "is_drawn_as_written",
    "is_plain",
    "names_in",
    "render",
    "start_over",
    "warm_up",
    "without_blank_ends",
    "without_mentions",
]
