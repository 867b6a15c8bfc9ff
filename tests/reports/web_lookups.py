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


class Shown(NamedTuple):
    """Blocks of a lookup, and what the room is shown: input, result, and the pages' titles and addresses."""

    kind: str
    blocks: list[dict[str, Any]]
    input: str
    result: str
    pages: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.kind


_TWO: Final = (("https://example.org/tides", "Tides"), ("http://a.example/?q=1&r=2", "A <b>title</b>"))

_TIDE: Final = ("https://例え.example/", "潮")


def _led(url: str, *, is_shown: bool) -> Shown:
    pages = ((url, "T"),) if is_shown else ()
    return Shown(f"a link to {url[:40]!r}", web_search("x", (url, "T")), "x", "1 page", pages)


def _failed(code: str, result: str) -> Shown:
    return Shown(f"a search that fails with {code}", web_search("x", error=code), "x", result)


def _closed(code: str, result: str) -> Shown:
    url = "https://a.example/"
    return Shown(f"a page that fails with {code}", web_fetch(url, error=code), url, result)


SHOWN: Final = (
    Shown("two pages", web_search("tides", *_TWO), "tides", "2 pages", _TWO),
    Shown("a page that was read", web_fetch(*_TWO[0]), _TWO[0][0], "read", _TWO[:1]),
    Shown("a page without a title", web_fetch(_TWO[0][0], None), _TWO[0][0], "read", ((_TWO[0][0], ""),)),
    Shown("other scripts", web_search("潮 مد", _TIDE), "潮 مد", "1 page", (_TIDE,)),
    Shown("a long query in lines", web_search("a\n\tb " * 200, *_TWO), ("a b " * 50)[:199] + "…", "2 pages", _TWO),
    _led("javascript:alert(1)", is_shown=False),
    _led("JaVaScRiPt:alert(1)", is_shown=False),
    _led("data:text/html,<b>", is_shown=False),
    _led("//a.example/", is_shown=False),
    _led("/rooms/x", is_shown=False),
    _led("https://", is_shown=False),
    _led("https://user:secret@a.example/", is_shown=False),
    _led("https://good.example@evil.example/", is_shown=False),
    _led("https://a.example/\u202egnp.exe", is_shown=False),
    _led("https://a.example/a b", is_shown=False),
    _led("https://[::1", is_shown=False),
    _led("https://a.example\\@b.example/", is_shown=False),
    _led("https://a.example/" + "x" * 3000, is_shown=False),
    _led("HTTPS://A.example/", is_shown=True),
    _led("http://a.example:8080/b?c=d#e", is_shown=True),
    _failed("max_uses_exceeded", "not done: a reply here may not use the web more often"),
    _failed("unavailable", "did not work: the web can't be searched right now"),
    _failed("too_many_requests", "did not work: too many requests at the moment"),
    _failed("query_too_long", "did not work: the query is too long"),
    _failed("of_tomorrow", "did not work"),
    _closed("url_not_allowed", "not done: this site isn't allowed here"),
    _closed("url_not_in_prior_context", "not done: the address is neither in a message nor found on the web"),
    _closed("url_not_accessible", "did not work: the page can't be opened"),
    _closed("unsupported_content_type", "did not work: this kind of file can't be read"),
)

# What is written, and the domain that is kept: None where it is refused.
DOMAINS: Final[tuple[tuple[str, str | None], ...]] = (
    ("example.org", "example.org"),
    ("  Example.ORG ", "example.org"),
    ("https://example.org/", "example.org"),
    ("HTTP://docs.example.org", "docs.example.org"),
    ("example.org.", "example.org"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    ("пример。example", "xn--e1afmkfd.example"),
    ("ｅｘａｍｐｌｅ.org", "example.org"),
    ("a-b.co.uk", "a-b.co.uk"),
    ("localhost", None),
    ("127.0.0.1", None),
    ("[::1]", None),
    ("example.org:8080", None),
    ("example.org/path", None),
    ("*.example.org", None),
    ("exa mple.org", None),
    ("user@example.org", None),
    ("-a.example.org", None),
    ("a..example.org", None),
    ("ftp://example.org", None),
    ("x" * 64 + ".org", None),
    (".".join(["abcdefgh"] * 40), None),
    ("<b>.org", None),
)
