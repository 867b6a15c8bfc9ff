"""Anthropic's own tools for the web, as a room allows them: what a call offers, and what the room is shown. No I/O."""

from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from chat.billing.pricing import PAGE_TOKENS
from chat.claude.backends.backend import ServerResult, ServerUse
from chat.models import Room

_SHOWN_CHARS: Final = 200
_URL_CHARS: Final = 2_000
_PAGES_SHOWN: Final = 20
_NOT_DONE: Final = "did not work"
_FAILURES: Final = {
    "max_uses_exceeded": "not done: a reply here may not use the web more often",
    "unavailable": "did not work: the web can't be searched right now",
    "too_many_requests": "did not work: too many requests at the moment",
    "query_too_long": "did not work: the query is too long",
    "request_too_large": "did not work: the request is too large",
    "url_too_long": "did not work: the address is too long",
    "url_not_allowed": "not done: this site isn't allowed here",
    "url_not_in_prior_context": "not done: the address is neither in a message nor found on the web",
    "url_not_accessible": "did not work: the page can't be opened",
    "unsupported_content_type": "did not work: this kind of file can't be read",
    "content_too_large": "did not work: the page is too large",
}


class Web(NamedTuple):
    """What a room allows. uses: searches, and pages opened, of one reply."""

    uses: tuple[int, int] = (0, 0)
    domains: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()

    @classmethod
    def of(cls, room: Room) -> "Web":
        return cls(room.web_uses, tuple(room.claude_web_domains), tuple(room.claude_web_blocked_domains))

    def left(self, searched: int, opened: int) -> tuple[int, int]:
        """Return the uses that are left."""
        return max(self.uses[0] - searched, 0), max(self.uses[1] - opened, 0)

    def definitions(self, left: tuple[int, int], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the tools of a call, always in the same order. Those of which no use is left can't be offered."""
        searches, pages = left
        found = []
        if searches:
            found.append(self._tool("web_search", searches))
        if pages:
            found.append({**self._tool("web_fetch", pages), "max_content_tokens": PAGE_TOKENS, **_sources(ours)})
        return found

    def _tool(self, name: str, uses: int) -> dict[str, Any]:
        # Called from code that the model writes, results would be paid for without being counted.
        tool: dict[str, Any] = {
            "type": f"{name}_20260318",
            "name": name,
            "max_uses": uses,
            "allowed_callers": ["direct"],
        }
        if self.domains:
            tool["allowed_domains"] = list(self.domains)
        elif self.blocked:
            tool["blocked_domains"] = list(self.blocked)
        return tool


def _sources(ours: list[dict[str, Any]]) -> dict[str, Any]:
    """Return where an address must come from: messages of the room or the web, not files that tools have read."""
    room = [{"type": "tool_reference", "name": tool["name"]} for tool in ours if tool["name"] == "search_history"]
    of_tools = {"type": "only", "tools": room} if room else {"type": "none"}
    everything = {"type": "all"}
    return {
        "url_sources": {
            "user_input": everything,
            "server_tool_results": everything,
            "client_tool_results": of_tools,
        }
    }


def begun(use: ServerUse) -> dict[str, Any]:
    """Return a use of the web as the page shows it while it runs: the query or address."""
    asked = " ".join(str(use.input.get("query") or use.input.get("url") or "").split())
    return {"name": use.name, "input": _short(asked), "result": ""}


def shown(use: ServerUse, result: ServerResult) -> dict[str, Any]:
    """Return a use of the web as the page shows it afterwards, with the pages that have safe addresses."""
    pages = [{"title": _short(title), "url": url} for title, url in result.pages if _is_safe(url)][:_PAGES_SHOWN]
    kept = {**begun(use), "result": _summary(use, result)}
    return {**kept, "pages": pages} if pages else kept


def _summary(use: ServerUse, result: ServerResult) -> str:
    if result.error:
        return _FAILURES.get(result.error, _NOT_DONE)
    count = len(result.pages)
    if use.name == "web_fetch":
        return "read" if count else "nothing read"
    return "nothing found" if not count else "1 page" if count == 1 else f"{count} pages"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


def _is_safe(url: str) -> bool:
    """Whether a link may lead there: a page of the web, without blanks or a name and password that hide its site."""
    if len(url) > _URL_CHARS or not url.isprintable() or any(char in url for char in " \\"):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
