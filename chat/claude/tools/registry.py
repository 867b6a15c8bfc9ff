"""The tools there are, and their use. Runs on a database thread."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from chat.claude import tools
from chat.claude.tools.tool import Tool, ToolResult, wrong
from chat.models import Room


def _found() -> Iterator[Tool]:
    for module in pkgutil.iter_modules(tools.__path__, f"{tools.__name__}."):
        if module.name != __name__:
            tool = getattr(importlib.import_module(module.name), "TOOL", None)
            if isinstance(tool, Tool):
                yield tool


TOOLS: Final[Mapping[str, Tool]] = MappingProxyType({tool.name: tool for tool in _found()})
"""By name, in the order of names."""


def definitions(names: list[str]) -> list[dict[str, Any]]:
    """Return the definitions of the named tools, always in the same order: a call that begins alike is cached."""
    return [tool.definition() for name, tool in TOOLS.items() if name in names]


def run(name: str, input: dict[str, Any], room_id: int, before_seq: int) -> ToolResult:  # noqa: A002 - as in the Messages API
    """Use a tool. Nothing newer than `before_seq` is read: a version of an old reply must not know what came later."""
    allowed = Room.objects.filter(pk=room_id).values_list("claude_tools", flat=True).first() or []
    tool = TOOLS.get(name)
    if tool is None or name not in allowed:
        return wrong("Unknown tool.")
    try:
        return tool.use(input, room_id, before_seq)
    except msgspec.ValidationError as error:
        return wrong(f"The input is not valid: {error}.")
