"""docs/protocol.md names every request, alias, event, error code and close code."""

import ast
import re
from typing import Final

import pytest

from chat.protocol.catalogue import EVENTS, RESPONSES
from chat.protocol.close import REASONS, CloseCode
from chat.protocol.errors import ErrorCode
from chat.protocol.requests import ALIASES, PAYLOADS
from tests.docs.settings_read import REPOSITORY

PROTOCOL: Final = REPOSITORY / "docs/protocol.md"
_EVENT_NAME: Final = re.compile(r"[a-z]+(_[a-z]+)*")
# Which argument of these functions is the event's type.
_TYPE_ARGUMENT: Final = {"event": 0, "ephemeral": 1}
# These take their type from a variable; `failed_event` is always an `error`.
_BY_VARIABLE: Final = {"new_message", "message_updated", "error"}
_OF_PRESENCE: Final = {"user_joined", "user_left", "tab_connected", "tab_disconnected"}


def events_sent() -> set[str]:
    """Return the event types that stand as text where the program makes events."""
    found = set()
    for path in (REPOSITORY / "chat").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = _TYPE_ARGUMENT.get(name)
            if position is not None and len(node.args) > position:
                found |= {
                    part.value
                    for part in ast.walk(node.args[position])
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and _EVENT_NAME.fullmatch(part.value)
                }
    return found


def documented() -> set[str]:
    """Return every word that stands in the page as code."""
    inline = re.findall(r"`([^`\n]+)`", PROTOCOL.read_text())
    return {word for code in inline for word in re.findall(r"[A-Za-z_]+", code)}


def test_the_events_that_are_sent_are_found_and_stand_in_the_catalogue() -> None:
    assert {"ping", "stream_start", "stream_delta", "stream_end", "room_updated"} <= events_sent()
    assert events_sent() | _BY_VARIABLE | _OF_PRESENCE == set(EVENTS)


def test_every_request_but_pong_has_a_response() -> None:
    assert set(RESPONSES) == set(PAYLOADS) - {"pong"}


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_request_is_documented(name: str) -> None:
    assert name in documented()


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_an_alias_is_documented(name: str) -> None:
    assert name in documented()


@pytest.mark.parametrize(
    "name", sorted({field for payload in PAYLOADS.values() for field in payload.__struct_fields__})
)
def test_a_request_field_is_documented(name: str) -> None:
    assert name in documented()


@pytest.mark.parametrize("name", sorted({response for response, _data in RESPONSES.values()}))
def test_a_response_is_documented(name: str) -> None:
    assert name in documented()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_documented(name: str) -> None:
    assert name in documented()


@pytest.mark.parametrize("code", list(ErrorCode))
def test_an_error_code_is_documented(code: ErrorCode) -> None:
    assert re.search(rf"\b{code.value}\b", PROTOCOL.read_text())


@pytest.mark.parametrize("code", list(CloseCode))
def test_a_close_code_has_a_reason_and_is_documented(code: CloseCode) -> None:
    assert REASONS[code]
    assert re.search(rf"\b{code.value}\b", PROTOCOL.read_text())
