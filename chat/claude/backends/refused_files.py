"""Files that Anthropic refuses: the call is made again without them, so that one of them can't end every later turn.

A refusal names the place of a block: `messages.4.content.0.image.source.base64: ...`. Without a place, but about files, all
files are left out of the call, and none is remembered.
"""

import re
from typing import Any, Final, NamedTuple

_PLACE: Final = re.compile(r"messages\.(\d+)\.content\.(\d+)(?:\.tool_result)?(?:\.content\.(\d+))?")
_ABOUT_FILES: Final = re.compile(r"\b(?:images?|pdfs?|documents?|files?)\b", re.ASCII)
_FILES: Final = ("image", "document")
_NOTE: Final = "[This file isn't shown: it was refused.]"
_BAD_REQUEST: Final = 400

Messages = list[dict[str, Any]]


class Place(NamedTuple):
    """Where a block stands: its turn, its place there, and its place in the result of a tool."""

    turn: int
    block: int
    inner: int | None = None


def refused(messages: Messages, error: Exception) -> tuple[list[Place], bool]:
    """Return the places of the files that a call was refused for, none when it was not; and whether it named them."""
    if getattr(error, "status_code", None) != _BAD_REQUEST:
        return [], False
    said = str(getattr(error, "api_message", ""))
    found = _PLACE.search(said)
    if found is not None:
        turn, block, inner = (None if each is None else int(each) for each in found.groups())
        named = [place for place in places_of(messages) if place == (turn, block, inner)]
        return named, bool(named)
    return (places_of(messages) if _ABOUT_FILES.search(said.lower()) else []), False


def without(messages: Messages, places: list[Place]) -> Messages:
    """Return turns with a line in place of these files."""
    return [
        {
            **turn,
            "content": [_left_out(block, Place(number, index), places) for index, block in enumerate(turn["content"])],
        }
        for number, turn in enumerate(messages)
    ]


def at(messages: Messages, place: Place) -> dict[str, Any]:
    """Return the block at a place."""
    block: dict[str, Any] = messages[place.turn]["content"][place.block]
    inner: dict[str, Any] = block if place.inner is None else block["content"][place.inner]
    return inner


def _left_out(block: dict[str, Any], place: Place, places: list[Place]) -> dict[str, Any]:
    if block["type"] == "tool_result" and not isinstance(block["content"], str):
        content = [_left_out(each, place._replace(inner=index), places) for index, each in enumerate(block["content"])]
        return {**block, "content": content}
    if place not in places:
        return block
    cached = {key: value for key, value in block.items() if key == "cache_control"}
    return {"type": "text", "text": _NOTE, **cached}


def places_of(messages: Messages) -> list[Place]:
    """Return where the files of these turns stand."""
    found = []
    for number, turn in enumerate(messages):
        for index, block in enumerate(turn["content"]):
            if block["type"] in _FILES:
                found.append(Place(number, index))
            elif block["type"] == "tool_result" and not isinstance(block["content"], str):
                found += [
                    Place(number, index, inner) for inner, each in enumerate(block["content"]) if each["type"] in _FILES
                ]
    return found
