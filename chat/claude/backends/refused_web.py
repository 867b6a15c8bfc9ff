"""The web's tools where Anthropic refuses them: an organization can switch them off, and its rooms don't know of that."""

import re
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

_ABOUT_THE_WEB: Final = re.compile(r"web[ _](?:search|fetch)", re.IGNORECASE | re.ASCII)
_TYPES: Final = ("web_search_", "web_fetch_")
_REFUSALS: Final = (400, 403)


def without_web(arguments: dict[str, Any], error: Exception) -> dict[str, Any] | None:
    """Return what a call asks for without the web's tools; None when it was not refused for these.

    A call whose turns have used them stays as it is: without the tools, it would be refused for the uses.
    """
    said = str(getattr(error, "api_message", ""))
    kept = [tool for tool in arguments.get("tools", ()) if not str(tool.get("type", "")).startswith(_TYPES)]
    is_offered = len(kept) < len(arguments.get("tools", ()))
    if not is_offered or getattr(error, "status_code", None) not in _REFUSALS or not _ABOUT_THE_WEB.search(said):
        return None
    if any(block["type"] == "server_tool_use" for turn in arguments["messages"] for block in turn["content"]):
        return None
    log.warning("claude.web_refused", model=arguments["model"])
    left = {name: value for name, value in arguments.items() if name not in ("tools", "tool_choice")}
    return {**left, "tools": kept, **_choice(arguments)} if kept else left


def _choice(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: arguments[name] for name in ("tool_choice",) if name in arguments}
