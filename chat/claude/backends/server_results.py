"""What a block tells of a search or a fetch that Anthropic has made. No I/O."""

from typing import Any, Final

from chat.claude.backends.backend import ServerResult

RESULT: Final = "_tool_result"


def result_of(block: dict[str, Any]) -> ServerResult:
    """Return the pages of a result, or the code of its failure. What it says else is the model's to read."""
    content = block.get("content")
    id_ = str(block.get("tool_use_id"))
    if isinstance(content, dict) and "error_code" in content:
        return ServerResult(id_, str(content["error_code"]), ())
    found = content if isinstance(content, list) else [content]
    return ServerResult(id_, "", tuple(_page(each) for each in found if isinstance(each, dict) and "url" in each))


def _page(found: dict[str, Any]) -> tuple[str, str]:
    """Return a page's title and address. One that was fetched has its title within its document."""
    document = found.get("content")
    title = found.get("title") or (document.get("title") if isinstance(document, dict) else "")
    return str(title or ""), str(found["url"])
