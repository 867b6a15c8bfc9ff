"""The AsyncAPI 3 document of the socket, made from the structs that the server itself decodes and encodes with."""

from typing import Any, Final

import msgspec

from chat.protocol.catalogue import EVENTS, RESPONSES, wire_types
from chat.protocol.errors import ErrorCode
from chat.protocol.names import PROTOCOL_VERSION
from chat.protocol.requests import ALIASES, PAYLOADS

Json = dict[str, Any]

# What a socket hears besides its rooms, or only a socket: a stream of server-sent events is of one room.
_NOT_IN_A_STREAM: Final = frozenset({"welcome", "ping", "read_updated", "notification"})


def document() -> Json:
    """Return the whole document as plain data."""
    sent = {f"request_{name}": _request(name) for name in PAYLOADS}
    responses = {f"response_{name}": _response(type_, data.__name__) for name, (type_, data) in RESPONSES.items()}
    events = {f"event_{name}": _event(name) for name in EVENTS}
    received = {**responses, **events, "error": _error()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parley socket protocol",
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": "Rooms, messages, presence and recovery over one WebSocket. Prose: docs/protocol.md.",
        },
        "servers": {"here": {"host": "127.0.0.1:8000", "protocol": "ws"}},
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in [*sent, *received]},
                "bindings": {"ws": {"query": {"type": "object", "properties": {"token": {"type": "string"}}}}},
            },
            "stream": {
                "address": "/stream/{room}",
                "description": "Server-sent events over HTTP.",
                "parameters": {"room": {"description": "The slug of a room that one may read."}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _streamed()},
                "bindings": {"http": {}},
            },
        },
        "operations": {**_operations(), **_event_operations(), **_stream_operation()},
        "components": {"messages": {**sent, **received}, "schemas": schemas()},
    }


def schemas() -> Json:
    """Return the JSON Schemas of all wire structs by name."""
    return dict(msgspec.json.schema_components(wire_types(), ref_template="#/components/schemas/{name}")[1])


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _request(name: str) -> Json:
    payload = PAYLOADS[name]
    aliases = sorted(alias for alias, canonical in ALIASES.items() if canonical == name)
    return {
        "name": name,
        "summary": (payload.__doc__ or "").strip().split("\n\n")[0],
        "payload": {
            "type": "object",
            "required": ["type"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": [name, *aliases]},
                "id": {"anyOf": [{"type": "string", "maxLength": 64}, {"type": "integer", "minimum": 0}]},
                "timestamp": {"type": "number"},
                "payload": _ref(payload.__name__),
            },
        },
    }


def _envelope(type_: str, data: Json, *, has_request_id: bool) -> Json:
    properties: Json = {"type": {"const": type_}, "timestamp": {"type": "integer"}, "success": {"const": True}}
    if has_request_id:
        properties["requestId"] = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    return {
        "type": "object",
        "required": ["type", "timestamp", "success", "data"],
        "properties": {**properties, "data": data},
    }


def _response(type_: str, data: str) -> Json:
    return {"name": type_, "payload": _envelope(type_, _ref(data), has_request_id=True)}


def _streamed() -> list[str]:
    return ["response_join_room", *(f"event_{name}" for name in EVENTS if name not in _NOT_IN_A_STREAM)]


def _stream_operation() -> Json:
    messages = [{"$ref": f"#/channels/stream/messages/{name}"} for name in _streamed()]
    return {"stream": {"action": "send", "channel": {"$ref": "#/channels/stream"}, "messages": messages}}


def _event(name: str) -> Json:
    event = EVENTS[name]
    data = _ref(event.data.__name__)
    order = "Durable: carries `room` and `change`." if event.durable else "Ephemeral."
    return {
        "name": name,
        "summary": event.summary,
        "description": order,
        "payload": _failure_envelope(data)
        if name == "error"
        else _envelope(name, data, has_request_id=name.startswith("stream_")),
    }


def _failure_envelope(data: Json | None = None) -> Json:
    body = {"allOf": [_ref("ErrorBody"), {"properties": {"code": {"enum": [str(code) for code in ErrorCode]}}}]}
    properties = {
        "type": {"const": "error"},
        "timestamp": {"type": "integer"},
        "success": {"const": False},
        "requestId": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "error": body,
    }
    required = ["type", "timestamp", "success", "error"]
    if data is None:
        return {"type": "object", "required": required, "properties": properties}
    return {"type": "object", "required": [*required, "data"], "properties": {**properties, "data": data}}


def _error() -> Json:
    return {"name": "error", "summary": "A request was refused, or something failed.", "payload": _failure_envelope()}


def _message(name: str) -> Json:
    return {"$ref": f"#/channels/socket/messages/{name}"}


def _operations() -> Json:
    channel = {"$ref": "#/channels/socket"}
    operations: Json = {}
    for name in PAYLOADS:
        operation: Json = {"action": "receive", "channel": channel, "messages": [_message(f"request_{name}")]}
        if name in RESPONSES:
            operation["reply"] = {"channel": channel, "messages": [_message(f"response_{name}"), _message("error")]}
        operations[name] = operation
    return operations


def _event_operations() -> Json:
    channel = {"$ref": "#/channels/socket"}
    return {
        f"send_{name}": {"action": "send", "channel": channel, "messages": [_message(f"event_{name}")]}
        for name in EVENTS
    }
