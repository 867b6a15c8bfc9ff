"""Anthropic's own search and fetch: the blocks that they bring, and what the real service refuses of them."""

import base64
import re
import secrets
from hashlib import sha256
from typing import Any, Final

_RESULTS: Final = {"web_search_tool_result": "web_search", "web_fetch_tool_result": "web_fetch"}
_COMMON: Final = {
    "type", "name", "allowed_callers", "allowed_domains", "blocked_domains", "cache_control", "defer_loading",
    "max_uses", "response_inclusion", "strict",
}  # fmt: skip
_TOOLS: Final = {
    "web_search_20260318": ("web_search", {*_COMMON, "user_location"}),
    "web_fetch_20260318": ("web_fetch", {*_COMMON, "citations", "max_content_tokens", "url_sources", "use_cache"}),
}
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?")
_SOURCES: Final = ("client_tool_results", "server_tool_results", "user_input")


def found(url: str, title: str) -> dict[str, Any]:
    """Return a page as a search finds it."""
    sealed = {"encrypted_content": _sealed(url, title), "page_age": None}
    return {"type": "web_search_result", "url": url, "title": title, **sealed}


def web_search(query: str, *pages: tuple[str, str], error: str = "") -> list[dict[str, Any]]:
    """Return the use of a search, and its result, which comes in the same message or after a pause."""
    content: Any = [found(*page) for page in pages or [("https://example.org/", "Found")]]
    if error:
        content = {"type": "web_search_tool_result_error", "error_code": error}
    return _used("web_search", {"query": query}, content)


def web_fetch(url: str, title: str | None = "Fetched", text: str = "Words.", error: str = "") -> list[dict[str, Any]]:
    """Return the use of a fetch, and the page."""
    source = {"type": "text", "media_type": "text/plain", "data": text}
    document = {"type": "document", "source": source, "title": title, "citations": {"enabled": True}}
    content: Any = {"type": "web_fetch_result", "url": url, "content": document, "retrieved_at": "2026-12-01T00:00:00Z"}
    if error:
        content = {"type": "web_fetch_tool_result_error", "error_code": error}
    return _used("web_fetch", {"url": url}, content)


def _used(name: str, input_: dict[str, Any], content: Any) -> list[dict[str, Any]]:
    id_ = f"srvtoolu_{secrets.token_hex(8)}"
    caller = {"type": "direct"}
    use = {"type": "server_tool_use", "id": id_, "name": name, "input": input_, "caller": caller}
    return [use, {"type": f"{name}_tool_result", "tool_use_id": id_, "content": content, "caller": caller}]


def _sealed(url: str, title: str) -> str:
    return base64.b64encode(sha256(f"{url}\n{title}".encode()).digest()).decode()


def refusal_of_lookups(turns: list[tuple[str, list[dict[str, Any]]]]) -> str | None:
    """Return why uses and results in these turns are refused. The last turn may have paused before a result."""
    for number, (role, blocks) in enumerate(turns):
        uses = {block["id"]: block for block in blocks if block["type"] == "server_tool_use"}
        results = [block for block in blocks if block["type"] in _RESULTS]
        for block in results:
            use = uses.get(block["tool_use_id"])
            if role != "assistant" or use is None or use["name"] != _RESULTS[block["type"]]:
                return f"messages.{number}: unexpected `tool_use_id` found in `{block['type']}` blocks"
            if any(_is_broken(page) for page in block["content"] if isinstance(page, dict)):
                return f"messages.{number}: Invalid `encrypted_content` in `search_result` block"
        if any(not use["input"] for use in uses.values()):
            return f"messages.{number}: server_tool_use.input: Field required"
        missing = uses.keys() - {block["tool_use_id"] for block in results}
        if missing and number < len(turns) - 1 and not any(block["type"] == "tool_use" for block in blocks):
            name = uses[min(missing)]["name"]
            return f"messages.{number}: `{name}` tool use was found without a corresponding `{name}_tool_result` block"
    return None


def _is_broken(page: dict[str, Any]) -> bool:
    return bool(
        page["type"] == "web_search_result" and page["encrypted_content"] != _sealed(page["url"], page["title"])
    )


def refusal_of_server_tool(tool: dict[str, Any]) -> str | None:
    """Return why the offer of one of Anthropic's own tools is refused."""
    name, keys = _TOOLS.get(tool["type"], ("", set()))
    if not name or tool.get("name") != name:
        return f"tools: Input tag '{tool['type']}' does not match any of the expected tags"
    unknown = tool.keys() - keys
    if unknown:
        return f"tools.{name}.{min(unknown)}: Extra inputs are not permitted"
    if tool.get("allowed_domains") and tool.get("blocked_domains"):
        return f"tools.{name}: Cannot specify both allowed_domains and blocked_domains"
    for domain in [*(tool.get("allowed_domains") or ()), *(tool.get("blocked_domains") or ())]:
        if not _DOMAIN.fullmatch(domain):
            return f"tools.{name}: Invalid domain: {domain}"
    if any(tool.get(bound) is not None and tool[bound] < 1 for bound in ("max_uses", "max_content_tokens")):
        return f"tools.{name}.max_uses: Input should be greater than 0"
    unknown = tool.get("url_sources", {}).keys() - set(_SOURCES)
    return f"tools.{name}.url_sources.{min(unknown)}: Extra inputs are not permitted" if unknown else None
