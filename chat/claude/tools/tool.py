"""What a tool is, and what it returns."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from chat.claude.reading import tokens

MAX_INT: Final = 2**53 - 1
"""The largest whole number that JavaScript, and so JSON, has exactly."""
_REST_IS_MISSING: Final = "[The rest is left out: you have been given as much as there is room for.]"


class ToolResult(NamedTuple):
    """content: for the model. summary: one line for the members, who see what Claude did.

    quotes: the content of each message whose words are in it, by id: changed, it must not be quoted any more.
    blocks: files that the model is shown with it, in this reply only: later turns have the content.
    """

    content: str
    summary: str
    is_error: bool = False
    quotes: Mapping[int, str] = MappingProxyType({})
    blocks: tuple[dict[str, Any], ...] = ()


class Tool(NamedTuple):
    """A tool of ours. label, explanation: for the people who allow it. description, properties, required: for the model.

    use: from the input, the room's id and the newest `seq` it may know to a result, on a database thread. The input comes
    from a model that reads what people write, so it is checked like any other: by msgspec.convert, whose ValidationError
    is told to the model, so that it can do better.
    """

    name: str
    label: str
    explanation: str
    description: str
    use: Callable[[dict[str, Any], int, int], ToolResult]
    properties: Mapping[str, Any] = MappingProxyType({})
    required: tuple[str, ...] = ()

    def definition(self) -> dict[str, Any]:
        """Return the tool as the Messages API has it."""
        schema: dict[str, Any] = {"type": "object", "properties": dict(self.properties)}
        if self.required:
            schema["required"] = list(self.required)
        schema["additionalProperties"] = False
        return {"name": self.name, "description": self.description, "input_schema": schema}


FAILED: Final = ToolResult("This tool does not work right now. Go on without it.", "did not work", is_error=True)


def wrong(sentence: str) -> ToolResult:
    """Return what the model is told of a use that can't be."""
    return ToolResult(sentence, "did not work", is_error=True)


def shortened(content: str, at_most: int) -> str:
    """Return as much of a result as so many tokens hold, and say so where that is not all."""
    if tokens.estimate(content) <= at_most:
        return content
    return f"{tokens.beginning(content, at_most).rstrip()}\n{_REST_IS_MISSING}"
