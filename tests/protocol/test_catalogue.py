"""The catalogue is complete: every request has a handler and a response, and every event that the code sends is in it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

import chat
from chat.protocol import wire
from chat.protocol.catalogue import EVENTS, RESPONSES, wire_types
from chat.protocol.close import REASONS, CloseCode
from chat.protocol.errors import ErrorCode
from chat.protocol.http import STATUS
from chat.protocol.requests import ALIASES, PAYLOADS, Request
from chat.server.handlers import HANDLERS

CHAT: Final = Path(chat.__file__).parent
# Functions that take an event's type, and which argument it is.
SENDERS: Final = {"event": 0, "ephemeral": 1, "_deliver": 1}
RESPONDERS: Final = {"respond": 0, "response": 0}
# Made by `failed_event`, which takes no type.
ERROR_EVENTS: Final = {"error"}


def test_every_request_has_a_handler_and_a_response_but_the_pong_to_our_own_ping() -> None:
    assert set(HANDLERS) == set(RESPONSES) == set(PAYLOADS) - {"pong"}


def test_aliases_lead_to_requests_and_hide_none() -> None:
    assert set(ALIASES.values()) <= set(PAYLOADS) and not set(ALIASES) & set(PAYLOADS)


def test_a_response_has_the_type_of_its_request_but_for_three() -> None:
    others = {name: type_ for name, (type_, _data) in RESPONSES.items() if type_ != name}
    assert others == {"ping": "pong", "join_room": "joined", "leave_room": "left"}


def test_no_event_is_mistaken_for_a_response() -> None:
    # `left` is both: a response when it carries a requestId.
    assert set(EVENTS) & {type_ for type_, _data in RESPONSES.values()} - set(PAYLOADS) == {"left"}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_every_payload_says_what_it_does_and_refuses_unknown_fields(payload: type[Request]) -> None:
    assert payload.__doc__ and payload.__doc__ != Request.__doc__
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"surprise": 1}, payload)
    assert not {"type", "id", "timestamp", "payload"} & set(payload.__struct_fields__), "it would hide the envelope's"


def test_durable_events_carry_room_and_change() -> None:
    for name, event in EVENTS.items():
        fields = set(event.data.__struct_fields__)
        assert event.durable == ({"room", "change"} <= fields), name
        assert event.summary.endswith("."), name


def test_every_struct_of_the_wire_can_be_reached_from_the_catalogue() -> None:
    schemas = msgspec.json.schema_components(wire_types(), ref_template="{name}")[1]
    envelopes = {wire.Wire, wire.Ok, wire.Failure}
    structs = {value for value in vars(wire).values() if isinstance(value, type) and issubclass(value, wire.Wire)}
    assert {struct.__name__ for struct in structs - envelopes} <= set(schemas)


def test_close_codes_have_reasons_that_fit_into_a_close_frame() -> None:
    assert set(REASONS) == set(CloseCode)
    assert all(0 < len(reason.encode()) <= 123 for reason in REASONS.values())
    for code in CloseCode:
        assert 1000 <= code < 1016 or 4000 <= code < 4200


def test_every_error_has_a_status_over_http() -> None:
    assert set(STATUS) == set(ErrorCode)
    assert all(400 <= status < 600 for status in STATUS.values())


def test_what_may_be_sent_again_is_known() -> None:
    retryable = {code for code in ErrorCode if code.retryable}
    assert retryable == {ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE, ErrorCode.INTERNAL_ERROR}
    assert all(code == code.name for code in ErrorCode)


# --- Names in the code ---------------------------------------------------------------------------------------------------


def names_sent(tree: ast.AST, senders: dict[str, int]) -> Iterator[str]:
    """Yield the type of every frame that a module sends. Raises LookupError where it cannot be told."""
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
        parameters = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        assigned = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in senders and len(call.args) > senders[name]:
                value: ast.expr = call.args[senders[name]]
                if isinstance(value, ast.Name) and value.id in parameters:
                    continue  # it passes on what it was given; its own callers are looked at
                if isinstance(value, ast.Attribute) and value.attr == "type":
                    continue  # the request's own type
                yield from constants(assigned.get(value.id, value) if isinstance(value, ast.Name) else value)


def constants(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from constants(value.body)
        yield from constants(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    else:
        raise LookupError(ast.unparse(value))  # noqa: TRY004 - no type is wrong: a name cannot be told


def modules() -> list[Path]:
    return [path for path in CHAT.rglob("*.py") if "protocol" not in path.parts and "migrations" not in path.parts]


def sent(senders: dict[str, int], folder: str = "") -> dict[str, set[str]]:
    """Return the types that the code sends, and where."""
    found: dict[str, set[str]] = {}
    for path in modules():
        if not path.is_relative_to(CHAT / folder):
            continue
        for name in names_sent(ast.parse(path.read_text()), senders):
            found.setdefault(name, set()).add(path.name)
    return found


def test_every_event_that_the_code_sends_is_in_the_catalogue_and_the_other_way_round() -> None:
    found = sent(SENDERS)
    assert set(found) | ERROR_EVENTS == set(EVENTS), found


def test_every_response_that_the_code_gives_is_in_the_catalogue() -> None:
    assert {"pong", "joined", "left"} <= set(sent(RESPONDERS, "server"))
    assert set(sent(RESPONDERS, "server")) <= {type_ for type_, _data in RESPONSES.values()} | set(RESPONSES)


def test_the_search_would_notice_a_new_event() -> None:
    module = """
def known(loud):
    hub.deliver(ephemeral(group, "typing", fact))
    type_ = "user_joined" if loud else "user_left"
    self._deliver(group, type_, fact)
    connection.send(Payload(frames.event("brand_new", fact)))

def passes_on(type_):
    return frames.event(type_, data)
"""
    assert set(names_sent(ast.parse(module), SENDERS)) == {"typing", "user_joined", "user_left", "brand_new"}
    with pytest.raises(LookupError):
        list(names_sent(ast.parse("def f():\n    frames.event(make_name(), data)"), SENDERS))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(CHAT)))
def test_no_module_makes_frames_by_hand(path: Path) -> None:
    """A frame with a type that was written as a dict would escape the catalogue."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            assert not ({"type", "success"} <= keys or {"type", "requestId"} <= keys), ast.unparse(node)
