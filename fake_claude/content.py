"""The blocks in a request's turns: which of them the real service refuses, and what they count."""

import base64
import binascii
import functools
import io
import math
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image
from pypdf import PdfReader

from fake_claude import wire

_PIXELS_PER_TOKEN: Final = 750
_LONGEST_SIDE: Final = 1568
_MOST_PIXELS: Final = 1_200_000
_MOST_IMAGES: Final = 100
_IMAGE_BYTES: Final = 5 * 1024 * 1024
_MANY_IMAGES: Final = 20
_SIDE: Final = 8000
_SIDE_OF_MANY: Final = 2000
_KEYS: Final[dict[str, set[str]]] = {
    "text": {"text", "citations"},
    "image": {"source", "transformations"},
    "document": {"source", "title", "context", "citations"},
    "thinking": {"thinking", "signature"},
    "redacted_thinking": {"data"},
    "tool_use": {"id", "name", "input", "caller"},
    "tool_result": {"tool_use_id", "content", "is_error"},
    "server_tool_use": {"id", "name", "input", "caller"},
    "web_search_tool_result": {"tool_use_id", "content", "caller"},
    "web_fetch_tool_result": {"tool_use_id", "content", "caller"},
}
_IN_ANY_BLOCK: Final = {"type", "cache_control"}
_USERS_ONLY: Final = ("image", "document", "tool_result", "search_result")
_IN_RESULTS: Final = ("text", "image", "document", "search_result")
_SOURCES: Final = {"base64": {"type", "media_type", "data"}, "url": {"type", "url"}, "file": {"type", "file_id"}}
_DOCUMENT_SOURCES: Final = {**_SOURCES, "text": {"type", "media_type", "data"}, "content": {"type", "content"}}
_MOST_PAGES: Final = 100
_COUNTED_AS_JSON: Final = ("tool_use", "server_tool_use")
_TITLE_CHARS: Final = 500
_PAGE_SIDE: Final = 2_000
_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


def refusal_of_blocks(turns: list[dict[str, Any]]) -> str | None:
    """Return why these turns are refused for what stands in their blocks, naming the place as the service does."""
    blocks = list(_all_blocks(turns))
    images = [(path, block) for path, _role, block in blocks if block.get("type") == "image"]
    if len(images) > _MOST_IMAGES:
        return f"messages: Too much media: {len(images)} images > {_MOST_IMAGES} maximum"
    if sum(pages_of(block) for _path, _role, block in blocks) > _MOST_PAGES:
        return f"A maximum of {_MOST_PAGES} PDF pages may be provided."
    for path, role, block in blocks:
        refusal = _refusal_of_shape(role, block)
        if refusal is None and block["type"] == "image":
            refusal = _refusal_of_image(block, len(images))
        if refusal is None and block["type"] == "document":
            refusal = _refusal_of_document(block)
        if refusal is not None:
            return f"{path}{refusal}"
    if (
        len(
            {
                bool((block.get("citations") or {}).get("enabled"))
                for _, _, block in blocks
                if block["type"] == "document"
            }
        )
        > 1
    ):
        return "Citations must be enabled on all or none of the documents in the request"
    return None


def tokens_of(value: Any) -> int:
    """Return what a block counts: a picture by its pixels, anything else by its letters."""
    if isinstance(value, dict) and value.get("type") == "image":
        return _tokens_of_image(value)
    if isinstance(value, dict) and value.get("type") == "document" and value["source"]["type"] == "text":
        return wire.tokens(str(value.get("title") or "")) + wire.tokens(value["source"]["data"])
    if isinstance(value, dict) and value.get("type") == "document" and value["source"]["type"] == "base64":
        return sum(_tokens_of_page(*page) for page in _pages_in(value["source"].get("data", "")))
    if isinstance(value, dict) and value.get("type") == "tool_result" and isinstance(value.get("content"), list):
        return wire.tokens({**value, "content": []}) + sum(tokens_of(each) for each in value["content"])
    if isinstance(value, dict) and value.get("type") in _COUNTED_AS_JSON:
        return wire.tokens(wire.compact(value["input"]))
    if isinstance(value, dict) and "name" in value:  # the definition of a tool
        return wire.tokens(wire.compact(value))
    return wire.tokens(value)


def _all_blocks(turns: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each block with its place and its side, those in results of tools too."""
    for number, turn in enumerate(turns):
        content = turn["content"]
        for index, block in enumerate([] if isinstance(content, str) else content):
            path = f"messages.{number}.content.{index}"
            yield path, turn["role"], block
            inner = block.get("content") if block.get("type") == "tool_result" else None
            for deeper, each in enumerate(inner if isinstance(inner, list) else []):
                yield f"{path}.content.{deeper}", "result", each


def _refusal_of_shape(role: str, block: dict[str, Any]) -> str | None:
    kind = block.get("type")
    allowed = _KEYS.get(str(kind))
    if allowed is None or (role == "result" and kind not in _IN_RESULTS):
        return f": Input tag '{kind}' found using 'type' does not match any of the expected tags"
    if role == "assistant" and kind in _USERS_ONLY:
        return f": `{kind}` blocks are not permitted in assistant turns"
    unknown = block.keys() - allowed - _IN_ANY_BLOCK
    return f".{kind}.{min(unknown)}: Extra inputs are not permitted" if unknown else None


def _refusal_of_image(block: dict[str, Any], together: int) -> str | None:
    source = block.get("source") or {}
    keys = _SOURCES.get(str(source.get("type")))
    if keys is None or source.keys() != keys:
        return ".image.source: Input should be a valid base64, url or file source"
    if source["type"] != "base64":
        return None
    if source["media_type"] not in _FORMATS:
        return ".image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
    if len(source["data"]) > _IMAGE_BYTES:
        return f".image.source.base64: image exceeds 5 MB maximum: {len(source['data'])} bytes > {_IMAGE_BYTES} bytes"
    found = _opened(source["data"])
    if found is None:
        return ".image.source.base64.data: Could not process image"
    kind, size = found
    if kind != _FORMATS[source["media_type"]]:
        return f".image.source.base64.data: Image does not match the provided media type {source['media_type']}"
    side = _SIDE_OF_MANY if together > _MANY_IMAGES else _SIDE
    if max(size) > side:
        return f".image.source.base64.data: At least one of the image dimensions exceed max allowed size: {side} pixels"
    return None


def _refusal_of_document(block: dict[str, Any]) -> str | None:
    source = block.get("source") or {}
    keys = _DOCUMENT_SOURCES.get(str(source.get("type")))
    if keys is None or source.keys() != keys:
        return ".document.source: Input should be a valid base64, text, content, url or file source"
    if len(block.get("title") or "") > _TITLE_CHARS:
        return f".document.title: String should have at most {_TITLE_CHARS} characters"
    if source["type"] == "text":
        if source["media_type"] != "text/plain":
            return ".document.source.text.media_type: Input should be 'text/plain'"
        return None if source["data"].strip() else ".document.source.text.data: document must be non-empty"
    if source["type"] != "base64":
        return None
    if source["media_type"] != "application/pdf":
        return ".document.source.base64.media_type: Input should be 'application/pdf'"
    count, problem = _read_pdf(source["data"])
    if problem == "encrypted":
        return ".document.source.base64.data: The PDF specified is password protected."
    return None if count else ".document.source.base64.data: The PDF specified was not valid."


def pages_of(block: dict[str, Any]) -> int:
    """Return how many pages a block's PDF has; 0 for what is none."""
    source = block.get("source") or {}
    is_pdf = block.get("type") == "document" and source.get("media_type") == "application/pdf"
    return _read_pdf(source.get("data", ""))[0] if is_pdf else 0


@functools.lru_cache(maxsize=256)
def _read_pdf(data: str) -> tuple[int, str]:
    try:
        reader = PdfReader(io.BytesIO(base64.b64decode(data, validate=True)))
        return (0, "encrypted") if reader.is_encrypted else (len(reader.pages), "")
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the service says the same
        return 0, "broken"


@functools.lru_cache(maxsize=256)
def _opened(data: str) -> tuple[str, tuple[int, int]] | None:
    try:
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
            image.load()
            return str(image.format), image.size
    except (binascii.Error, OSError, SyntaxError, ValueError):
        return None


@functools.lru_cache(maxsize=256)
def _pages_in(data: str) -> tuple[tuple[float, float, str], ...]:
    """Return each page of a PDF: its sides, and its text."""
    try:
        reader = PdfReader(io.BytesIO(base64.b64decode(data, validate=True)))
        return tuple((float(p.mediabox.width), float(p.mediabox.height), p.extract_text()) for p in reader.pages)
    except Exception:  # noqa: BLE001 - a file that can't be read was refused
        return ()


def _tokens_of_page(width: float, height: float, text: str) -> int:
    """Return what a page counts: it is looked at as a picture that fills what the model makes use of, and read."""
    enlarged = _PAGE_SIDE / max(width, height, 1)
    return _tokens_of_pixels(width * enlarged, height * enlarged) + wire.tokens(text)


def _tokens_of_image(block: dict[str, Any]) -> int:
    found = _opened(block["source"].get("data", ""))
    return 0 if found is None else _tokens_of_pixels(*found[1])


def _tokens_of_pixels(width: float, height: float) -> int:
    scale = min(1.0, _LONGEST_SIDE / max(width, height), math.sqrt(_MOST_PIXELS / (width * height)))
    return math.ceil(width * scale * height * scale / _PIXELS_PER_TOKEN)
