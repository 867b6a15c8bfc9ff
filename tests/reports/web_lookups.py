"""Searches and fetches of the web: what goes back to Anthropic's API, and what a pause may leave open."""

from typing import Any, Final, NamedTuple

from fake_claude.lookups import web_fetch, web_search
from fake_claude.replies import text, thinking, tool_use

Blocks = tuple[dict[str, Any], ...]


class Paused(NamedTuple):
    """A message that pauses after some of its blocks, and goes on with the rest."""

    kind: str
    first: Blocks
    rest: Blocks = ()
    stop_reason: str = "pause_turn"

    def __str__(self) -> str:
        return self.kind


_TIDES: Final = tuple(web_search("tides", ("https://example.org/tides", "Tides"), ("https://a.example/", "A")))
_MOON: Final = tuple(web_search("луна 月 🌕", ("https://пример.example/月", "Луна «и» 月")))
_FAILED: Final = tuple(web_search("x", error="unavailable"))
_PAGE: Final = tuple(web_fetch("https://example.org/tides?a=1&b=%20#top", text="Two a day.\nAt most."))
_CLOSED: Final = tuple(web_fetch("https://example.org/closed", error="url_not_accessible"))
_EMPTY: Final[Blocks] = ({**_TIDES[0]}, {**_TIDES[1], "content": []})
_CITED: Final[Blocks] = (
    *_TIDES,
    {
        "type": "text",
        "text": "Twice a day.",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://example.org/tides",
                "title": "Tides",
                "encrypted_index": "Zm9v",
                "cited_text": "Two a day.",
            }
        ],
    },
)

PAUSES: Final = (
    Paused("after a search", _TIDES),
    Paused("between a search and its result", _TIDES[:1], _TIDES[1:]),
    Paused("between two searches", _TIDES, _MOON),
    Paused("with two searches of which one is open", (*_TIDES, _MOON[0]), _MOON[1:]),
    Paused("with a query in other scripts", _MOON),
    Paused("after a search that failed", _FAILED),
    Paused("after a search that found nothing", _EMPTY),
    Paused("after a page was read", _PAGE),
    Paused("between a fetch and its page", _PAGE[:1], _PAGE[1:]),
    Paused("after a page that could not be read", _CLOSED),
    Paused("after words and a thought", (thinking("I look."), text("Let me see."), *_TIDES, *_PAGE)),
    Paused("after a text with citations", _CITED),
    Paused("for a tool of ours beside a search", (*_TIDES, tool_use("list_members")), stop_reason="tool_use"),
)
